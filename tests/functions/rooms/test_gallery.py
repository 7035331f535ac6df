import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.rooms.gallery import EARLY_MS, QUIET_SLOTS, SLOTS_MS, Slots, Spoken, Told, TooEarly, Wait, tell

CHAT, LIKES = '{"messageType":4,"seq":7}', '{"messageType":6,"zanNumber":3}'
# Slot 100 begins at 100,000 ms.
OPEN = 40_000


def slots(at: int, *spoken: Spoken, since: int = OPEN, readers: int = 1, over: int | None = None) -> Slots:
    return Slots(at=at, since=since, readers=readers, over=at // 1000 if over is None else over, spoken=spoken)


def told(found: Slots, first: int, *, large_from: int = 10) -> Told | Wait:
    return tell(found, first, large_from=large_from)


def body(found: Slots, first: int, *, large_from: int = 10) -> dict[str, object]:
    answer = told(found, first, large_from=large_from)
    assert isinstance(answer, Told)
    read: dict[str, object] = json.loads(answer.body)
    return read


def test_what_was_said_is_told_when_the_slot_is_over() -> None:
    spoken = Spoken(100_200, f"{CHAT},{LIKES}", ""), Spoken(100_900, CHAT, "")
    found = body(slots(101_000, *spoken), 100)
    assert found == {"next": 101, "objects": [json.loads(one) for one in (CHAT, LIKES, CHAT)]}


def test_readers_for_whom_something_waits_are_called_once_each() -> None:
    spoken = Spoken(100_200, "", "ab,cd"), Spoken(100_300, CHAT, ""), Spoken(100_900, "", "ab")
    assert body(slots(101_000, *spoken), 100) == {"next": 101, "for": ["ab", "cd"], "objects": [json.loads(CHAT)]}


def test_a_slot_that_is_not_over_is_waited_for_and_one_that_is_far_away_is_not() -> None:
    assert told(slots(100_999), 100) == Wait(1)
    assert told(slots(101_000 - EARLY_MS), 100) == Wait(EARLY_MS)
    with pytest.raises(TooEarly):
        told(slots(101_000 - EARLY_MS - 1), 100)


def test_an_answer_waits_while_there_is_nothing_to_tell() -> None:
    for at in range(101, 105):
        assert told(slots(at * 1000 + 3), 100) == Wait(997), at
    assert body(slots(105_003), 100) == {"next": 105, "objects": []}
    assert body(slots(103_003, Spoken(102_500, CHAT, "")), 100)["next"] == 103


def test_answers_in_a_quiet_room_end_together_wherever_they_began() -> None:
    assert body(slots(105_000), 103) == {"next": 105, "objects": []}


def test_a_large_room_is_told_every_two_slots() -> None:
    spoken = Spoken(100_500, CHAT, "")
    assert told(slots(101_000, spoken, readers=11), 100) == Wait(1000)
    assert body(slots(102_000, spoken, readers=11), 100)["next"] == 102
    # An odd beginning is made even.
    assert body(slots(102_000, Spoken(101_500, CHAT, ""), readers=11), 101)["next"] == 102


def test_what_is_not_known_is_a_gap() -> None:
    for found, first in ((slots(200_000, since=-1), 199), (slots(200_000, since=199_001), 199)):
        answer = told(found, first)
        assert isinstance(answer, Told)
        assert (answer.kind, json.loads(answer.body)) == ("gap", {"next": 200, "gap": True})
    # Whoever asks before its end for a slot that began before the gallery is not kept waiting either.
    assert body(slots(200_500, since=200_100), 200) == {"next": 200, "gap": True}


def test_an_answer_that_was_cut_ends_there() -> None:
    assert body(slots(107_000, Spoken(100_100, CHAT, ""), over=102), 100)["next"] == 102


def test_what_the_cache_asks_for_long_after_its_end_is_late() -> None:
    for at, is_late in ((106_000, False), (106_001, True)):
        answer = told(slots(at, Spoken(100_100, CHAT, "")), 100)
        assert isinstance(answer, Told)
        assert answer.is_late == is_late, at


@given(
    first=st.integers(60, 200), at=st.integers(60_000, 260_000), readers=st.sampled_from([1, 11]), said=st.booleans()
)
def test_an_answer_ends_behind_where_it_begins_and_never_in_the_future(
    first: int, at: int, readers: int, said: bool
) -> None:
    spoken = [Spoken(first * 1000, CHAT, "")] if said and first < at // 1000 else []
    found = slots(at, *spoken, since=max(OPEN, at - SLOTS_MS), readers=readers)
    try:
        answer = told(found, first)
    except TooEarly:
        assert (first + 1) * 1000 > at + EARLY_MS
        return
    if isinstance(answer, Wait):
        assert 0 < answer.ms <= EARLY_MS
        assert at + answer.ms <= (first + 1 + QUIET_SLOTS) * 1000
    elif answer.kind == "slots":
        assert first < json.loads(answer.body)["next"] <= at // 1000
