"""A room, as the viewers of one process see it."""

import itertools

import pytest

from tests.tools.load.objects import TAG, array, chat, welcome
from tools.load.heard import Heard
from tools.load.presence import OTHERS, SLOW, Presence
from tools.load.room import REMEMBERED, Room


@pytest.fixture
def room() -> Room:
    """A room in which every look at the clock is a millisecond later."""
    ticks = itertools.count(1_000_000, 1000)
    return Room(7, tag=TAG, clock=lambda: next(ticks))


def test_a_frame_is_read_once_however_many_get_it(room: Room) -> None:
    first = room.hear(array(chat(3)))
    assert room.hear(bytearray(array(chat(3)))) is first
    other = room.hear(array(chat(4)))
    assert room.newest is other
    assert room.hear(first.payload) is first
    assert room.newest is first


def test_a_frame_for_one_viewer_is_not_remembered(room: Room) -> None:
    heard = room.hear(array(welcome(3)))
    assert room.hear(heard.payload) is not heard


def test_frames_bytes_and_latencies_are_counted_for_each_group(room: Room) -> None:
    heard = room.hear(array(chat(3, sent=0)))
    for group in (OTHERS, OTHERS, SLOW):
        room.receive(heard, Presence(group))
    others, slow = room.count_up()[OTHERS], room.count_up()[SLOW]
    assert (others.frames, others.bytes, others.latencies.total) == (2, 2 * heard.size, 2)
    assert (slow.frames, slow.latencies.total) == (1, 1)


def test_counting_up_twice_counts_nothing_twice(room: Room) -> None:
    heard = room.hear(array(chat(3, sent=0)))
    room.receive(heard, Presence(OTHERS))
    room.count_up()
    room.receive(heard, Presence(OTHERS))
    assert room.count_up()[OTHERS].frames == 2
    assert room.count_up()[OTHERS].latencies.total == 2


def test_a_frame_that_is_forgotten_was_counted(room: Room) -> None:
    first = hear(room, 1)
    for seq in range(2, REMEMBERED + 2):
        hear(room, seq)
    assert room.count_up()[OTHERS].frames == REMEMBERED + 1
    assert hear(room, 1) is not first
    assert room.count_up()[OTHERS].frames == REMEMBERED + 2


def hear(room: Room, seq: int) -> Heard:
    heard = room.hear(array(chat(seq)))
    room.receive(heard, Presence(OTHERS))
    return heard


def test_a_presence_that_was_never_welcomed_is_owed_nothing(room: Room) -> None:
    room.end(Presence(OTHERS), stays=True)
    assert not room.presences


def test_presences_that_heard_the_same_are_one_entry(room: Room) -> None:
    tick = room.hear(array(chat(3)))
    for _ in range(2):
        there = Presence(OTHERS)
        room.receive(room.hear(array(welcome(2))), there)
        room.receive(tick, there)
        room.end(there, stays=True)
    assert list(room.presences.values()) == [2]
    key = Presence.Key(OTHERS, stays=True, since=2, left_out=0, runs=(0, 0))
    assert room.figures() == {"seqs": [3], "accepted": set(), "presences": {key: 2}}
