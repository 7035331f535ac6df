"""What the platform says of a room as it is: told once when it changes, and to whoever comes or comes back."""

import asyncio
import json
from typing import Any

import pytest

from functions.adapters.redis.client import connect
from functions.manifest import LIVE_TOPIC, SAVE_TOPIC
from tests.story.moderator import Moderator
from tests.story.rooms import Rooms, Servers, running
from tests.story.topics import produce, records
from tests.story.viewer import CHAT, NOTICE, PATIENCE, PROPERTIES, WELCOME, Viewer

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

CARD = {"sku": "X1", "price": 9.5, "tags": [], "big": 9007199254740991, "徽章": '"👑"\\'}


async def patch(rooms: Rooms, activity: int, changes: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = await rooms.http.patch(f"/api/activities/{activity}/properties", json=changes, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def read(rooms: Rooms, activity: int) -> Any:
    return (await rooms.http.get(f"/api/activities/{activity}/properties")).json()


def known(viewer: Viewer) -> dict[str, Any]:
    """The properties as a client that follows the protocol has them."""
    found: dict[str, Any] = {}
    for said in viewer.told:
        if said.get("messageType") == WELCOME:
            found = dict(said["properties"])
        if said.get("messageType") == PROPERTIES:
            found |= said["properties"]
    return {name: value for name, value in found.items() if value is not None}


# First: it has an emulator of its own, and two on one Kafka would share the partitions of their groups.
async def test_changes_of_one_tick_are_one_object_in_every_slice(own_servers: Servers, activity: int) -> None:
    async with running(own_servers, window_ms=1500, slices=2) as rooms:
        viewers = [await rooms.enter(activity, f"v{number}", classic=number == 1) for number in range(4)]
        await asyncio.gather(*(patch(rooms, activity, {f"p{n % 2}": {f"m{n}": n}, "last": n}) for n in range(5)))
        expected = await read(rooms, activity)
        assert {name: value for one in expected.values() if isinstance(one, dict) for name, value in one.items()} == {
            f"m{n}": n for n in range(5)
        }
        for viewer in viewers:
            await viewer.until(lambda viewer=viewer: known(viewer) == expected)  # type: ignore[misc]
            assert len(viewer.all_of(PROPERTIES)) <= 3


@pytest.mark.parametrize("classic", [False, True], ids=["live.v1", "classic"])
async def test_everybody_is_told_what_changed_and_whoever_comes_has_all(
    rooms: Rooms, servers: Servers, activity: int, classic: bool
) -> None:
    alice = await rooms.enter(activity, "alice", classic=classic)
    assert (alice.welcome["properties"], await read(rooms, activity)) == ({}, {})
    await patch(rooms, activity, {"pinned": CARD, "note": "hi"})
    told = await alice.told_of(PROPERTIES)
    assert told == {"messageType": PROPERTIES, "properties": {"pinned": CARD, "note": "hi"}}
    found = await patch(rooms, activity, {"pinned": {"price": 8, "tags": None}, "note": None, "never": None})
    after = {name: value for name, value in CARD.items() if name != "tags"} | {"price": 8}
    assert found == {"pinned": after} == await read(rooms, activity)
    await alice.told_of(PROPERTIES, properties={"pinned": after, "note": None, "never": None})
    bob = await rooms.enter(activity, "bob", classic=classic)
    assert bob.welcome["properties"] == known(alice) == {"pinned": after}
    for topic in (LIVE_TOPIC, SAVE_TOPIC):
        found_records = await records(servers.kafka_bootstrap, topic, activity)
        data = [one["data"] for one in found_records if one["messageType"] == PROPERTIES]
        assert data == [{"pinned": CARD, "note": "hi"}, {"pinned": after, "note": None, "never": None}]
    messages = (await rooms.http.get(f"/api/activities/{activity}/messages")).json()["messages"]
    assert messages == []


async def test_a_viewer_that_comes_back_ends_with_what_holds(rooms: Rooms, activity: int) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    await patch(rooms, activity, {"a": 1, "b": 1})
    await bob.told_of(PROPERTIES)
    cursor = bob.welcome["cursor"]
    await bob.leave()
    await patch(rooms, activity, {"a": None, "b": 2, "c": 3})
    seq = (await alice.say("meanwhile"))["seq"]
    await alice.told_of(CHAT, seq=seq)
    again = await rooms.enter(activity, "bob", since=cursor)
    assert [said["seq"] for said in again.welcome["history"]] == [seq]
    assert again.welcome["gap"] is False
    assert again.welcome["properties"] == known(alice) == {"b": 2, "c": 3}


async def test_what_another_system_writes_tells_what_holds_and_changes_nothing(
    rooms: Rooms, servers: Servers, activity: int
) -> None:
    alice = await rooms.enter(activity, "alice")
    await patch(rooms, activity, {"a": 1, "b": 2})
    await alice.told_of(PROPERTIES, properties={"a": 1, "b": 2})
    record = {"activityId": activity, "messageType": PROPERTIES, "userId": "erp"}
    odd: list[Any] = [None, [], "x", 7, {"": 1}, {"x" * 65: 1}, {"big": "x" * 2000}]
    odd += [{"deep": json.loads("[" * 40 + "]" * 40)}]
    odd += [{"a": 99, "gone": 5, " bad": 1}, {f"n{n}": 1 for n in range(99)}]
    foreign = [json.dumps({**record, "data": data}).encode() for data in odd]
    await produce(servers.kafka_bootstrap, activity, *foreign)
    await alice.until(lambda: any("n63" in said["properties"] for said in alice.all_of(PROPERTIES)))
    told: dict[str, Any] = {}
    for said in alice.all_of(PROPERTIES)[1:]:
        told |= said["properties"]
    assert told == {"a": 1, "gone": None} | {f"n{n}": None for n in range(64)}
    assert known(alice) == await read(rooms, activity) == {"a": 1, "b": 2}


async def test_a_call_that_is_made_again_is_told_and_stored_once(rooms: Rooms, servers: Servers, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    for _ in range(3):
        assert await patch(rooms, activity, {"a": 1}, "k1") == {"a": 1}
        await alice.told_of(PROPERTIES)
    await patch(rooms, activity, {"end": 1})
    await alice.told_of(PROPERTIES, properties={"end": 1})
    assert len(alice.all_of(PROPERTIES)) == 2


async def test_full_properties_leave_room_for_the_history_and_no_frame_is_too_large(
    rooms: Rooms, activity: int
) -> None:
    maud, alice = Moderator(rooms, activity), await rooms.enter(activity, "alice")
    full = {f"p{number}": "é" * 500 for number in range(8)}
    await patch(rooms, activity, full)
    seqs = [await maud.notice(f"n{number}", "x" * 3000) for number in range(20)]
    await alice.told_of(NOTICE, seq=seqs[-1])
    for classic in (False, True):
        bob = await rooms.enter(activity, "bob", classic=classic)

        def shown(bob: Viewer = bob) -> list[int]:
            return [said["seq"] for said in (*bob.welcome["history"], *bob.all_of(NOTICE))]

        await bob.until(lambda shown=shown: len(shown()) == 20)  # type: ignore[misc]
        assert (shown(), bob.welcome["properties"], bob.welcome["gap"]) == (seqs, full, False)
        assert len(bob.all_of(WELCOME)) == 1


async def test_properties_outlive_their_viewers_and_a_viewer_of_lost_ones_gets_a_new_welcome(
    rooms: Rooms, servers: Servers, activity: int
) -> None:
    alice = await rooms.enter(activity, "alice")
    await patch(rooms, activity, {"a": 1})
    await alice.leave()
    await rooms.figures_become(activity, onlineNumber=0)
    again = await rooms.enter(activity, "alice")
    assert again.welcome["properties"] == {"a": 1}
    redis = connect(servers.redis_url)
    keys = [key async for key in redis.scan_iter(f"room:{{{activity}}}:*")]
    for key in keys:
        await redis.delete(key)
    await redis.aclose()
    async with asyncio.timeout(PATIENCE):
        while len(again.all_of(WELCOME)) < 2:
            await again.beat()
    assert known(again) == {} == await read(rooms, activity)
