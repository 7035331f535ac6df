from typing import Any

from functions.rooms import events, objects
from functions.rooms.history import Entry, History
from functions.rooms.removals import KEPT, Removal, Removals, UserMark
from tests.functions.made import event

NOW = 1_700_000_000_000


def removal(data: Any, seq: int = 9, time: int = NOW) -> Any:
    return event(events.REMOVED, data=data, seq=seq, time=time)


def chat(seq: int, time: int = NOW, user: str = "bob", **fields: Any) -> Any:
    return event(user_id=user, seq=seq, time=time, **fields)


def test_a_removal_names_a_sound_seq_or_removes_nothing() -> None:
    assert Removal.of(removal({"seq": 5})) == Removal((5,))
    assert Removal.of(event(events.CHAT, seq=5)) == Removal()
    unsound: list[Any] = [None, [], {}, {"seq": "5"}, {"seq": True}, {"seq": -1}, {"seq": 2**53}, {"seq": 5.0}]
    for data in unsound:
        assert Removal.of(removal(data)) == Removal(), data


def test_of_a_user_it_names_some_and_removes_all() -> None:
    mark = UserMark("bob", NOW, 9)
    assert Removal.of(removal({"userId": "bob", "seqs": [0, 7]})) == Removal((0, 7), mark)
    most = list(range(KEPT))
    assert Removal.of(removal({"userId": "bob", "seqs": most})) == Removal(tuple(most), mark)
    odds: list[Any] = [None, 5, "7", [5, "7"], [-1], [2**53], [True], {}, [*most, KEPT]]
    for odd in odds:
        assert Removal.of(removal({"userId": "bob", "seqs": odd})) == Removal((), mark), odd
    for user in ("", " bob", "a\nb", 5, None, "x" * 65):
        assert Removal.of(removal({"userId": user, "seqs": [7], "seq": 5})) == Removal((5,)), user


def test_a_mark_covers_what_was_logged_or_said_before_and_no_other_user() -> None:
    removals = Removals.among([removal({"userId": "bob", "seqs": []})])
    for said, covered in (
        (chat(8), True),
        (chat(8, NOW + 50), True),
        (chat(10), True),
        (chat(10, NOW + 1), False),
        (chat(8, user="bobby"), False),
        (chat(8, to="carol"), True),
        (event(events.NOTICE, user_id="bob", seq=8, time=NOW), False),
        (event(events.JOIN, user_id="bob", seq=8, time=NOW), False),
    ):
        assert removals.cover(said) == removals.cover_user(said) == covered, said
    assert Removals((), [UserMark("bob", NOW)]).cover(chat(8, NOW + 1)) is False


def test_what_is_removed_one_by_one_is_covered_whatever_it_is() -> None:
    removals = Removals.among([removal({"seq": 3}), removal({"userId": "bob", "seqs": [4]})])
    notice = event(events.NOTICE, user_id="shop", seq=3, time=NOW + 1)
    assert (removals.cover(notice), removals.cover_user(notice)) == (True, False)
    assert removals.cover(event(events.NOTICE, user_id="shop", seq=4, time=NOW + 1))
    assert not removals.cover(event(events.NOTICE, user_id="shop", seq=5))


def test_the_history_of_a_batch_lacks_what_the_batch_removes() -> None:
    records = [chat(1), chat(2, user="carol"), removal({"userId": "bob", "seqs": []}, seq=3), chat(4, NOW + 1)]
    kept = History(epoch="e", entries=[Entry(0, b"{}")]).continued(records)
    assert [entry.seq for entry in kept.entries] == [0, 2, 4]


def test_it_is_shown_with_the_user_and_the_seqs() -> None:
    shown = objects.of_event(removal({"userId": "bob", "seqs": [3, 7]}))
    assert shown == {"messageType": 9, "userId": "bob", "seqs": [3, 7]}
    assert objects.of_event(removal({"userId": "bob", "seqs": "x"})) == {"messageType": 9, "userId": "bob", "seqs": []}
    assert objects.of_event(removal({"seq": 3})) == {"messageType": 9, "seq": 3}


def test_the_longest_removal_fits_into_a_frame() -> None:
    longest = removal({"userId": "名" * 64, "seqs": [2**53 - 1 - number for number in range(KEPT)]})
    assert objects.encode_event(longest).startswith(b'{"messageType":9,')
