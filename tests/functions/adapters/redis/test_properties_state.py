"""A room's properties: merged as RFC 7396 has it, within their bounds, and kept as long as anybody comes."""

import asyncio
import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import StateUnavailable, connect
from functions.adapters.redis.keys import ROOM_SECONDS, RoomKeys
from functions.adapters.redis.properties_state import PropertiesState
from functions.adapters.redis.relay_state import RelayState
from functions.adapters.redis.room_state import RoomState
from functions.rooms import events
from functions.rooms.identity import Identity, Malformed
from functions.rooms.json_value import packed
from functions.rooms.properties import PROPERTIES_AT_MOST, PROPERTIES_BYTES, PROPERTY_BYTES
from functions.rooms.seats import Seat
from tests.functions.adapters.redis.snapshot import lose_all
from tests.functions.conftest import NOW
from tests.functions.made import event

# https://www.rfc-editor.org/rfc/rfc7396#appendix-A, each as a value, a patch of it and the result. Those whose result
# is null, which no property is, are left out.
EXAMPLES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


def merged(target: Any, patch: Any) -> Any:
    """The RFC's own algorithm."""
    if not isinstance(patch, dict):
        return patch
    result = copy.copy(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


async def patch(redis: RedisCluster, changes: dict[str, Any], call_id: str | None = None, user: str = "mod") -> Any:
    return await PropertiesState(redis).patch(42, changes, user, call_id)


async def test_a_room_that_nobody_has_described_has_none_and_takes_no_memory(redis: RedisCluster) -> None:
    assert await PropertiesState(redis).read(42) == {}
    assert await patch(redis, {"a": None}) == {}
    assert await redis.exists(RoomKeys(42).properties) == 0


async def test_the_examples_of_the_rfc_come_out_as_it_says(redis: RedisCluster) -> None:
    for number, (before, change, after) in enumerate(EXAMPLES):
        # A patch leaves no null in an object that it makes, as the RFC says.
        await patch(redis, {f"p{number}": before})
        found = await patch(redis, {f"p{number}": change})
        assert found[f"p{number}"] == after == merged(merged(None, before), change), (before, change)


async def test_what_lua_cannot_hold_comes_back_as_it_went(redis: RedisCluster) -> None:
    values: list[Any] = [
        *(2**53 - 1, -(2**63), 10**30, 0.1, 1e-300, 1.7976931348623157e308, 1.0, -0.0, True, False, "", "null", [], {}),
        *([[], {}, [[]]], {"": {"": []}}, '\u0000\u001f"\\}{][,:', "\u2028", {'"}': '{"', "\\": "\\"}, "👑é", [None]),
    ]
    for number, value in enumerate(values):
        found = await patch(redis, {"p": None} | {"p": value} if number % 2 else {"p": value})
        assert packed(found["p"]) == packed(value), value
        again = await patch(redis, {"q": {"inside": value, "beside": 1}})
        assert packed(again["q"]["inside"]) == packed(value), value
        await patch(redis, {"q": {"beside": {"deeper": 2}}})
        read = await PropertiesState(redis).read(42)
        assert packed(read["q"]) == packed({"inside": value, "beside": {"deeper": 2}}), value
        await patch(redis, {"p": None, "q": None})


TEXTS = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(['"', "\\", "{", "}", "null", ",", ":"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)
PATCHES = st.lists(st.dictionaries(st.sampled_from(["a", "b", "日本"]), JSON, max_size=3), min_size=1, max_size=4)


@given(PATCHES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_patches_are_merged_as_the_rfc_merges_them(clean_redis: str, patches: list[dict[str, Any]]) -> None:
    async def run() -> None:
        redis = connect(clean_redis)
        await lose_all(redis)
        expected: Any = {}
        for changes in patches:
            expected = merged(expected, changes)
            if any(len(packed(value).encode()) > PROPERTY_BYTES for value in expected.values()):
                break
            assert packed(await patch(redis, changes)) == packed(dict(sorted(expected.items())))
        await redis.aclose()

    asyncio.run(run())


async def test_patches_of_different_properties_and_members_that_are_made_at_once_all_hold(redis: RedisCluster) -> None:
    await asyncio.gather(*(patch(redis, {f"p{number % 8}": {f"m{number}": number}}) for number in range(40)))
    found = await PropertiesState(redis).read(42)
    assert {name: value for inner in found.values() for name, value in inner.items()} == {
        f"m{number}": number for number in range(40)
    }


async def refusal(redis: RedisCluster, changes: dict[str, Any], call_id: str | None = None) -> str:
    with pytest.raises(Malformed) as refused:
        await patch(redis, changes, call_id)
    return str(refused.value)


async def test_what_would_be_too_much_afterwards_is_refused_and_changes_nothing(redis: RedisCluster) -> None:
    await patch(redis, {"big": {"a": "x" * 600}, "small": 1})
    before = await PropertiesState(redis).read(42)
    assert "the property big would have more than 1024 bytes" in await refusal(
        redis, {"small": 2, "big": {"b": "x" * 600}}
    )
    many = {f"p{number}": number for number in range(PROPERTIES_AT_MOST - 1)}
    assert "more than 32 properties" in await refusal(redis, {"small": 2} | many)
    heavy = {f"p{number}": "é" * 500 for number in range(8)}
    assert "more than 8192 bytes" in await refusal(redis, {"small": 2} | heavy)
    assert await PropertiesState(redis).read(42) == before


async def test_the_bounds_themselves_are_taken(redis: RedisCluster) -> None:
    full = {f"p{number:02}": number for number in range(PROPERTIES_AT_MOST)}
    assert await patch(redis, full) == full
    # As many go as come.
    await patch(redis, dict.fromkeys(full) | {f"q{number:02}": number for number in range(PROPERTIES_AT_MOST)})
    await lose_all(redis)
    assert await patch(redis, {"a": "x" * (PROPERTY_BYTES - 2)})
    await refusal(redis, {"a": "x" * (PROPERTY_BYTES - 1)})
    await lose_all(redis)
    values = {f'"{number}': "x" * 900 for number in range(9)}
    rest = PROPERTIES_BYTES - len(packed(values | {"z": ""}).encode())
    found = await patch(redis, values | {"z": "x" * rest})
    assert len(packed(found).encode()) == PROPERTIES_BYTES
    await refusal(redis, {"z": "x" * (rest + 1)})


async def test_a_patch_that_comes_again_under_its_id_takes_nothing_back(redis: RedisCluster) -> None:
    await patch(redis, {"a": 1}, "k1")
    await patch(redis, {"a": 2, "b": 3}, "k2")
    assert await patch(redis, {"a": 1}, "k1") == {"a": 2, "b": 3}
    assert "another call" in await refusal(redis, {"a": 1, "c": 1}, "k1")
    await redis.set(RoomKeys(42).sent_id("mod", "k9"), "17:1:abc")
    assert "another call" in await refusal(redis, {"a": 1}, "k9")
    assert await PropertiesState(redis).read(42) == {"a": 2, "b": 3}
    # The ids are each user's own, and a patch that was refused has used none.
    assert await patch(redis, {"a": 5}, "k1", "other") == {"a": 5, "b": 3}
    await refusal(redis, {"a": "x" * 1100}, "k3")
    assert await patch(redis, {"a": 6}, "k3") == {"a": 6, "b": 3}


async def test_properties_are_of_one_room_and_live_as_long_as_anybody_comes_to_it(
    redis: RedisCluster, state: RoomState
) -> None:
    await patch(redis, {"a": 1})
    assert await PropertiesState(redis).read(43) == {}
    key = RoomKeys(42).properties
    assert ROOM_SECONDS - 60 < await redis.ttl(key) <= ROOM_SECONDS
    await redis.expire(key, 100)
    await state.join(Seat("c", "live.v1", "u"), Identity(activity_id=42, user_id="u", username="U"), NOW)
    assert await redis.ttl(key) > 100
    await redis.expire(key, 100)
    await patch(redis, {"b": 1})
    assert await redis.ttl(key) > 100


async def test_a_slice_reads_them_for_newcomers_and_for_a_batch_that_tells_of_some(
    redis: RedisCluster, state: RoomState
) -> None:
    await patch(redis, {"b": [1], "a": {"x": None, "y": 1}})
    relay = RelayState(redis, slice_=0, slices=1, heartbeat_seconds=60)

    async def seen(type_: int, **fields: Any) -> Any:
        [view] = await relay.before({42: [event(type_, seq=1, logged_at=NOW, **fields)]}, NOW)
        return view.properties

    expected = {"a": {"y": 1}, "b": [1]}
    assert await seen(events.LIKE) == {}
    assert await seen(events.PROPERTIES, data={}) == expected
    assert await seen(events.SEATED, online=1) == expected  # the room was counted again
    await state.join(Seat("c", "live.v1", "u"), Identity(activity_id=42, user_id="u", username="U"), NOW)
    assert await seen(events.LIKE) == expected
    assert json.dumps(await seen(events.LIKE)) == json.dumps(expected)


async def test_without_redis_nothing_is_known() -> None:
    away = PropertiesState(connect("redis://127.0.0.1:1"))
    with pytest.raises(StateUnavailable):
        await away.read(42)
    with pytest.raises(StateUnavailable):
        await away.patch(42, {"a": 1}, "mod", None)
