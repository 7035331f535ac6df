"""A batch that fails comes again until it succeeds or is too old, so nothing in a record may make one fail."""

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio.cluster import RedisCluster

from functions.handlers import connect, relay
from functions.rooms import events
from functions.rooms.json_value import LEVELS
from functions.rooms.records import MOST
from tests.functions.adapters.redis.snapshot import lose_all
from tests.functions.conftest import NOW, MemoryLog, RelayParts, route_event
from tests.functions.handlers.test_relay import (
    Screens,
    batch,
    chat,
    relay_parts,  # noqa: F401  # a fixture
    screens,  # noqa: F401  # a fixture
    welcome_everybody,
)

EXAMPLES = settings(
    max_examples=150, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)

TEXTS = st.text(st.characters(exclude_categories=()), max_size=6)  # half surrogate pairs too
NUMBERS = st.sampled_from([0, -1, 1, 42, MOST, MOST + 1, 2**63, -(2**70), 10**400]) | st.integers()
LEAVES = st.none() | st.booleans() | NUMBERS | st.floats() | TEXTS
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
REMOVAL = st.fixed_dictionaries({"seq": st.integers(0, 30) | NUMBERS | ANYTHING})
SANCTION = st.fixed_dictionaries({"action": st.sampled_from(["muted", "kicked"]) | ANYTHING, "seconds": ANYTHING})
PERSON = st.sampled_from(["alice", "bob", "carol"]) | ANYTHING
FIELDS = st.fixed_dictionaries(
    {
        "activityId": st.sampled_from([42, 42, 42, "42", 43]) | ANYTHING,
        "messageType": st.sampled_from(sorted(events.KINDS)) | st.sampled_from(sorted(events.KINDS)) | ANYTHING,
    },
    optional={
        "nickname": PERSON,
        "userId": PERSON,
        "to": PERSON,
        "content": ANYTHING,
        "avatar": ANYTHING,
        "connectionId": ANYTHING,
        "id": ANYTHING,
        "time": NUMBERS | ANYTHING,
        "onLineNumber": NUMBERS | ANYTHING,
        "zanNumber": NUMBERS | ANYTHING,
        "watchSeconds": ANYTHING,
        "watchFrom": ANYTHING,
        "watchTo": ANYTHING,
        "name": ANYTHING,
        "data": REMOVAL | SANCTION | ANYTHING,
        "seq": ANYTHING,
    },
)
# What Python writes as Infinity can be said in JSON's own words.
ENCODED = st.one_of(FIELDS, ANYTHING).map(lambda value: json.dumps(value).replace("Infinity", "1e999").encode())
VALUES = ENCODED | st.binary(max_size=20)
TIMES = st.sampled_from([NOW, NOW - 30_000, NOW - 61_000, NOW - 3_600_000, NOW + 3_600_000, -1, 0, 2**62])
KEYS = st.sampled_from([*["NDI="] * 9, "NDM=", "", None])  # of the rooms 42 and 43, and of none
# From the start of the log, or so far on; and on both partitions, though a room should be in one.
STARTS = st.sampled_from([0, 1, 20, 2**52]) | st.integers(0, 60)


@st.composite
def batches(draw: st.DrawFn) -> dict[str, Any]:
    records: dict[str, list[dict[str, Any]]] = {}
    taken = st.sampled_from([NOW, NOW, NOW + 5_000]) | TIMES
    for partition in draw(st.sampled_from([(3,), (3, 5), (5,)])):
        values = draw(st.lists(VALUES, min_size=1, max_size=6))
        first = draw(STARTS)
        records[f"live-{partition}"] = [
            {
                "topic": "live",
                "partition": partition,
                "offset": first + index,
                "timestamp": draw(taken),
                "timestampType": "CREATE_TIME",
                "key": draw(KEYS),
                "value": base64.b64encode(value).decode(),
                "headers": [],
            }
            for index, value in enumerate(values)
        ]
    return {"eventSource": "aws:kafka", "records": records}


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON, and no browser reads it")


@EXAMPLES
@given(said=st.lists(batches(), min_size=1, max_size=3))
async def test_whatever_a_record_holds_the_batch_is_dealt_with(
    said: list[dict[str, Any]],
    relay_parts: RelayParts,  # noqa: F811
    screens: Screens,  # noqa: F811
    redis: RedisCluster,
    log: MemoryLog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await lose_all(redis)
    await connect.main(route_event("alice"), relay_parts.room)
    await connect.main(route_event("bob", framing="classic"), relay_parts.room)
    await relay.main(said[0], relay_parts)
    await connect.main(route_event("carol"), relay_parts.room)
    for raw in said[1:]:
        await relay.main(raw, relay_parts)
    for frame in screens.frames:
        json.loads(frame, parse_constant=refuse)
    screens.frames.clear()
    log.live.clear()
    log.saved.clear()


def record(**fields: Any) -> bytes:
    return json.dumps({"activityId": 42, "messageType": events.NOTICE, "name": "n", **fields}).encode()


async def test_a_number_that_json_has_no_name_for_is_a_broken_record(
    relay_parts: RelayParts,  # noqa: F811
    screens: Screens,  # noqa: F811
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    endless = record(data={"off": 0}).replace(b"0}", b"1e999}")
    assert (await relay.main(batch(endless, chat("hi")), relay_parts))["broken"] == 1
    assert screens.types("c-alice") == [events.CHAT]


@pytest.mark.parametrize("levels", [65, 300, 900, 20_000])
async def test_what_is_nested_deeper_than_can_be_written_again_is_a_broken_record(
    levels: int,
    relay_parts: RelayParts,  # noqa: F811
    screens: Screens,  # noqa: F811
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    deep = record(data="!").replace(b'"!"', b"[" * levels + b"]" * levels)
    assert (await relay.main(batch(deep, chat("hi")), relay_parts))["broken"] == 1
    assert screens.types("c-alice") == [events.CHAT]


async def test_what_the_api_lets_in_is_shown_however_deep(
    relay_parts: RelayParts,  # noqa: F811
    screens: Screens,  # noqa: F811
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    deep = record(data="!").replace(b'"!"', b"[" * LEVELS + b"]" * LEVELS)
    assert (await relay.main(batch(deep), relay_parts))["broken"] == 0
    assert screens.types("c-alice") == [events.NOTICE]


async def test_a_new_log_that_begins_with_a_chat_is_shown_behind_a_history_of_the_old(
    relay_parts: RelayParts,  # noqa: F811
    screens: Screens,  # noqa: F811
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await relay.main(batch(chat("old"), first=100), relay_parts)
    later = NOW + 5_000
    await relay.main(batch(chat("new", later), first=0), relay_parts)
    assert [said["textMessage"] for said in screens.shown["c-alice"]] == ["old", "new"]
    await connect.main(route_event("bob"), relay_parts.room)
    log = relay_parts.room.log
    assert isinstance(log, MemoryLog)
    await relay.main(batch(*(replace(event, time=later) for event in log.live), first=1), relay_parts)
    assert [said["textMessage"] for said in screens.shown["c-bob"][0]["history"]] == ["new"]


@pytest.mark.parametrize("key", [None, b"", b"43", b"042", b'"42"', b"\xff", b"42" * 10_000])
async def test_a_record_under_a_wrong_key_silences_nobody(
    key: bytes | None,
    relay_parts: RelayParts,  # noqa: F811
    screens: Screens,  # noqa: F811
    caplog: pytest.LogCaptureFixture,
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    far_ahead = batch(chat("elsewhere"), first=1_000_000)["records"]["live-3"]
    elsewhere = [
        {**one, "partition": 5, "key": None if key is None else base64.b64encode(key).decode()} for one in far_ahead
    ]
    assert (await relay.main({"records": {"live-5": elsewhere}}, relay_parts))["broken"] == 1
    assert "skipped live-5 offset 1000000: it has" in caplog.text
    assert "is for the room 42" in caplog.text
    assert len(caplog.text) < 500
    await relay.main(batch(chat("here", NOW + 100), first=200), relay_parts)
    assert [said["textMessage"] for said in screens.shown["c-alice"]] == ["here"]


async def test_a_room_that_somebody_else_has_put_into_two_partitions_fails_no_batch(
    relay_parts: RelayParts,  # noqa: F811
    screens: Screens,  # noqa: F811
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    both = batch(chat("one"), first=200)
    both["records"]["live-5"] = [
        {**other, "partition": 5} for other in batch(chat("two"), first=150)["records"]["live-3"]
    ]
    await relay.main(both, relay_parts)
    assert [said["textMessage"] for said in screens.shown["c-alice"]] == ["one", "two"]
