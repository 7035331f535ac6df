import json
import sys
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from functions.api.messages import DATA_BYTES
from functions.rooms import events
from functions.rooms.bulletin import MOST_TIMES, Bulletin
from functions.rooms.events import Event
from functions.rooms.payload import FRAME_BYTES
from functions.rooms.room_view import RoomNow, Standing
from functions.rooms.ticks import fold
from tests.functions import made

ROOM = RoomNow(online=12, likes=345, users={"alice": Standing(is_present=True)})


def event(type_: int, seq: int, **fields: Any) -> Event:
    return made.event(type_, **({"user_id": "alice", "seq": seq} | fields))


def notice(seq: int, size: int = 8_000) -> Event:
    return event(events.NOTICE, seq, name="n", data="d" * size)


def chats(first: int, count: int) -> list[Event]:
    return [event(events.CHAT, first + number, user_id=f"u{number}", content="x" * 480) for number in range(count)]


def bulletin(records: Sequence[Event], most: int = sys.maxsize) -> Bulletin:
    return fold(records, ROOM).limited_to(most).bulletin


def said(bulletin: Bulletin) -> list[dict[str, Any]]:
    """What the live.v1 frames say, which are never too large."""
    frames = [frame.data for frame in bulletin.frames("live.v1")]
    assert all(len(frame) <= FRAME_BYTES for frame in frames)
    return [one for frame in frames for one in json.loads(frame)]


def seqs(bulletin: Bulletin, *types: int) -> list[int]:
    return [one["seq"] for one in said(bulletin) if one["messageType"] in types]


def test_many_large_notices_take_further_frames_and_no_chat_is_lost() -> None:
    records = [*map(notice, range(1, 24)), event(events.CHAT, 24, content="hi"), *map(notice, range(25, 47))]
    full = bulletin(records)
    assert seqs(full, events.CHAT, events.NOTICE) == list(range(1, 47))
    assert full.left_out == {}
    assert 11 < len(full.frames("live.v1")) < 16
    assert len(full.frames("classic")) == 46


def test_a_busy_tick_with_a_notice_and_a_count_is_one_frame() -> None:
    crowded = bulletin([event(events.JOIN, 0), notice(1, 2_000), *chats(10, 100), event(events.LIKE, 200)])
    assert len(crowded.frames("live.v1")) == 1
    assert crowded.left_out == {"join": 1, "chat": 100 - len(seqs(crowded, events.CHAT))}


def test_chats_have_half_a_frame_however_much_the_platform_says() -> None:
    for notices in (3, 20):
        crowded = bulletin([*chats(10, 100), *map(notice, range(200, 200 + notices))])
        kept = seqs(crowded, events.CHAT)
        assert kept == list(range(110 - len(kept), 110))
        assert 20 < len(kept) < 40, notices
        assert len(seqs(crowded, events.NOTICE)) == notices


def test_notices_without_end_are_left_out_and_told_oldest_first() -> None:
    flood = bulletin([*map(notice, range(100)), *chats(100, 3), event(events.REMOVED, 200, data={"seq": 3})])
    kept = seqs(flood, events.NOTICE)
    assert kept == list(range(100 - len(kept), 100))
    assert said(flood)[0] == {"messageType": 13, "dropped": {"notice": 100 - len(kept)}}
    assert seqs(flood, events.CHAT, events.REMOVED) == [100, 101, 102, 3]
    assert MOST_TIMES <= len(flood.frames("live.v1")) <= MOST_TIMES + 1


def test_for_classic_viewers_the_number_of_objects_is_bounded_in_the_same_way() -> None:
    records = [*(notice(seq, 10) for seq in range(200)), *chats(200, 20)]
    few = bulletin(records, most=4)
    assert few.left_out == {"notice": 200 - MOST_TIMES * 4 + 1, "chat": 19}
    assert bulletin(records[150:], most=4).left_out == {"chat": 19}


def test_the_largest_notice_that_the_api_takes_fits_into_a_frame() -> None:
    largest = event(events.NOTICE, 2**53 - 1, time=2**53 - 1, name="\0" * 64, data="é" * (DATA_BYTES // 2 - 1))
    assert seqs(bulletin([largest]), events.NOTICE) == [2**53 - 1]
    assert len(bulletin([largest]).frames("classic")[0].data) < FRAME_BYTES // 2


KINDS = st.sampled_from([events.JOIN, events.CHAT, events.NOTICE, events.REMOVED, events.SETTINGS, events.LIKE])


@given(st.lists(st.tuples(KINDS, st.sampled_from([10, 500, 8_000, 32_000, 40_000])), max_size=60), st.integers(4, 80))
def test_every_object_of_the_log_is_there_in_order_or_is_told_to_be_missing(
    kinds: list[tuple[int, int]], most: int
) -> None:
    records = [
        event(kind, seq, username="n" * size, content="c" * size, name="n", data={"seq": seq, "text": "d" * size})
        for seq, (kind, size) in enumerate(kinds)
    ]
    for limit in (sys.maxsize, most):
        objects = said(bulletin(records, limit))
        found = [
            one["seq"] for one in objects if one["messageType"] in (events.CHAT, events.NOTICE, 13) and "seq" in one
        ]
        assert found == sorted(set(found))
        shown = {kind: sum(one["messageType"] == kind for one in objects) for kind, _ in kinds}
        dropped: dict[str, int] = {}
        for one in objects:
            for name, number in one.get("dropped", {}).items():
                dropped[name] = dropped.get(name, 0) + number
        for kind, name in ((events.CHAT, "chat"), (events.NOTICE, "notice")):
            there = sum(one == kind for one, _ in kinds)
            assert shown.get(kind, 0) + dropped.get(name, 0) == there, name
        assert shown.get(events.REMOVED, 0) == sum(one == events.REMOVED for one, _ in kinds)
        assert shown.get(events.SETTINGS, 0) == any(one == events.SETTINGS for one, _ in kinds)
