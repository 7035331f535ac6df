"""Who was owed which chats, and what became of them."""

import random

from websockets.frames import Frame, Opcode

from tests.tools.load.objects import TAG, array, chat, count, left_out, welcome
from tools.load.heard import Catalogue, read
from tools.load.outcome import verdicts
from tools.load.presence import OTHERS, SLOW, Presence, Verdict, judge

ALL = [3, 5, 6, 9, 12, 13]


def presence(
    catalogue: Catalogue, since: int, frames: list[list[int]], *, left: int = 0, group: int = OTHERS
) -> Presence:
    """One who was welcomed up to date with `since` and got these chats, frame by frame."""
    there = Presence(group)
    there.hear(read(array(welcome(since)), catalogue, TAG))
    for seqs in frames:
        there.hear(read(array(*map(chat, seqs)), catalogue, TAG))
    if left:
        there.hear(read(array(left_out(chat=left)), catalogue, TAG))
    return there


def verdict(since: int, frames: list[list[int]], *, stays: bool = True, left: int = 0) -> Verdict:
    catalogue = Catalogue()
    # Others may have seen all chats before, in whichever order.
    catalogue.runs(random.sample(ALL, len(ALL)) if random.random() < 0.5 else ALL)
    key = presence(catalogue, since, frames, left=left).key(stays=stays)
    return judge(key, catalogue.seqs, ALL)


def test_one_who_heard_everything_lost_nothing() -> None:
    assert verdict(0, [[3, 5], [6], [9, 12, 13]]) == Verdict(due=6)


def test_a_chat_in_the_middle_is_lost() -> None:
    assert verdict(0, [[3, 5], [9, 12, 13]]) == Verdict(due=6, lost=1)


def test_chats_at_the_end_are_lost_to_one_who_stays() -> None:
    assert verdict(0, [[3, 5]]) == Verdict(due=6, lost=4)


def test_chats_at_the_end_are_not_owed_to_one_who_left() -> None:
    assert verdict(0, [[3, 5]], stays=False) == Verdict(due=2)


def test_one_who_stays_and_heard_nothing_lost_everything() -> None:
    assert verdict(0, []) == Verdict(due=6, lost=6)
    assert verdict(0, [], stays=False) == Verdict()


def test_chats_before_the_welcome_are_not_owed() -> None:
    assert verdict(6, [[9, 12, 13]]) == Verdict(due=3)
    assert verdict(13, []) == Verdict()


def test_chats_of_the_history_neither_count_as_due_nor_as_repeated() -> None:
    assert verdict(6, [[5, 6], [9, 12, 13]]) == Verdict(due=3)


def test_a_chat_that_comes_twice_is_repeated() -> None:
    assert verdict(0, [[3, 5], [3, 5], [6, 9, 12, 13]]) == Verdict(due=6, repeated=2)


def test_a_chat_that_comes_late_is_out_of_order_and_not_lost() -> None:
    assert verdict(0, [[3, 6], [5], [9, 12, 13]]) == Verdict(due=6, out_of_order=1)


def test_chats_within_a_frame_have_an_order_too() -> None:
    assert verdict(0, [[3, 6, 5, 9, 12, 13]]) == Verdict(due=6, out_of_order=1)


def test_what_was_left_out_is_not_lost() -> None:
    assert verdict(0, [[3, 5], [12, 13]], left=2) == Verdict(due=6, left_out=2)
    assert verdict(0, [[3], [12, 13]], left=2) == Verdict(due=6, left_out=2, lost=1)


def test_more_left_out_than_missing_hides_nothing_else() -> None:
    assert verdict(0, [[3, 5], [6], [9, 12, 13], [13]], left=5) == Verdict(due=6, repeated=1)


def test_injected_faults_are_all_found() -> None:
    for seed in range(30):
        chance = random.Random(seed)
        seqs = sorted(chance.sample(range(1, 5000), 600))
        catalogue = Catalogue()
        catalogue.runs(seqs)
        lost = set(chance.sample(seqs[:-1], 20))
        heard = [seq for seq in seqs if seq not in lost]
        repeated = chance.sample(heard, 15)
        frames = [heard[start : start + 7] for start in range(0, len(heard), 7)]
        frames += [[seq] for seq in repeated]
        key = presence(catalogue, 0, frames).key(stays=True)
        assert judge(key, catalogue.seqs, seqs) == Verdict(due=600, lost=20, repeated=15), f"seed {seed}"


def test_viewers_who_heard_the_same_are_judged_once_and_counted_each() -> None:
    catalogue = Catalogue()
    same = [presence(catalogue, 0, [ALL[:4]]).key(stays=True) for _ in range(2)]
    slow = presence(catalogue, 0, [ALL[:1]], group=SLOW).key(stays=True)
    assert same[0] == same[1]
    room = {"seqs": catalogue.seqs, "accepted": ALL, "presences": {same[0]: 2, slow: 1}}
    assert verdicts([{"rooms": [room]}]) == {OTHERS: Verdict(due=12, lost=4), SLOW: Verdict(due=6, lost=5)}


def test_a_presence_knows_the_count_it_was_told_last() -> None:
    there = Presence(OTHERS)
    catalogue = Catalogue()
    for frame in (array(welcome(0, online=4)), array(count(5)), array(chat(3))):
        there.hear(read(frame, catalogue, TAG))
    assert there.online == 5


def test_chats_one_after_another_take_no_room() -> None:
    catalogue = Catalogue()
    there = presence(catalogue, 0, [[seq] for seq in range(1, 1000)])
    assert there.key(stays=True).runs == (0, 998)


def test_a_frame_knows_its_bytes_on_the_wire() -> None:
    for length in (1, 300, 70_000):
        payload = array(chat(3, textMessage="x" * length))
        assert read(payload, Catalogue(), TAG).size == len(Frame(Opcode.TEXT, payload).serialize(mask=False)), length
    empty = array()
    assert read(empty, Catalogue(), TAG).size == len(Frame(Opcode.TEXT, empty).serialize(mask=False))
