from hypothesis import given
from hypothesis import strategies as st

from functions.rooms import events
from functions.rooms.history import RECENT, Entry, History, encode, fit, is_kept
from tests.functions import made


def entries(*seqs: int) -> list[Entry]:
    return [Entry(seq, b'{"seq":%d}' % seq) for seq in seqs]


def event(type_: int, **fields: object) -> events.Event:
    return made.event(type_, time=1, user_id="carol", seq=7, **fields)


HISTORY = History(epoch="e1", entries=entries(*range(10, 40)), trimmed=9, newest=60)


def seqs(since: str | None, before: int = 50, history: History = HISTORY) -> tuple[list[int], bool]:
    replay = history.replay(since, before)
    return [entry.seq for entry in replay.entries], replay.gap


def test_who_comes_for_the_first_time_is_told_what_is_recent() -> None:
    assert seqs(None) == (list(range(20, 40)), False)
    assert len(seqs(None)[0]) == RECENT


def test_who_comes_back_is_told_what_it_has_missed() -> None:
    assert seqs("e1.30") == (list(range(31, 40)), False)
    assert seqs("e1.9") == (list(range(10, 40)), False)
    assert seqs("e1.39") == seqs("e1.60") == ([], False)


def test_who_has_missed_more_than_is_kept_is_told_so_with_what_is_kept() -> None:
    assert seqs("e1.30!") == (list(range(31, 40)), True)
    assert seqs("e0.30!") == seqs("e1.8!") == seqs("-") == seqs("-!") == (list(range(20, 40)), True)


def test_what_comes_with_the_tick_or_later_is_not_told_before() -> None:
    assert seqs("e1.30", before=33) == ([31, 32, 33], False)
    assert seqs(None, before=11) == ([10, 11], False)


def test_where_more_may_have_been_missed_there_is_a_gap_and_what_is_recent() -> None:
    recent = list(range(20, 40))
    assert seqs("e1.8") == (recent, True)
    assert seqs("e0.30") == (recent, True)
    assert seqs("e1.61") == (recent, True)
    assert seqs("e1.9999999999999999") == (recent, True)


def test_a_slice_that_lags_shows_what_the_history_has_lost_already() -> None:
    ahead = History(epoch="e1", entries=entries(), trimmed=100, newest=200)
    assert seqs("e1.55", before=50, history=ahead) == ([], False)
    assert seqs("e1.49", before=50, history=ahead) == ([], True)


def test_a_room_without_a_history_has_no_gap() -> None:
    assert seqs("e1.5", history=History(epoch="e1", trimmed=3, newest=9)) == ([], False)
    assert seqs(None, history=History(epoch="")) == ([], False)


def test_chats_and_notices_to_all_are_kept() -> None:
    assert is_kept(event(events.CHAT))
    assert is_kept(event(events.NOTICE))
    assert not is_kept(event(events.CHAT, to="bob"))
    assert not any(is_kept(event(kind)) for kind in (events.JOIN, events.LIKE, events.SANCTION, events.REMOVED))


def test_they_are_kept_as_they_are_shown() -> None:
    assert encode(event(events.CHAT, content="hé")).startswith('{"messageType":4,"seq":7,"textMessage":"hé"'.encode())
    assert encode(event(events.NOTICE, name="n", data=[1])) == (
        b'{"messageType":10,"seq":7,"name":"n","data":[1],"time":1}'
    )


def test_of_what_no_frame_has_room_for_the_history_keeps_that_there_was_one() -> None:
    assert encode(event(events.NOTICE, data="x" * 40_000)) == b'{"messageType":13,"seq":7,"dropped":{"notice":1}}'


@given(st.lists(st.integers(1, 400)), st.integers(0, 2000))
def test_what_fits_and_the_rest_are_everything_in_order(lengths: list[int], size: int) -> None:
    all_ = [Entry(seq, b"x" * length) for seq, length in enumerate(lengths)]
    told, missed = fit(all_, size)
    assert [*told, *missed] == all_
    assert sum(len(entry.encoded) + 1 for entry in told) <= size
    if missed:
        assert sum(len(entry.encoded) + 1 for entry in [*told, missed[0]]) > size
