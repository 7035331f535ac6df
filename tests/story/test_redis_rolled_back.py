"""Redis fails over to a replica that lacks the newest writes: what is missing is told, and nothing is shown twice."""

import asyncio

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import connect
from functions.adapters.redis.keys import RoomKeys
from tests.functions.adapters.redis.snapshot import roll_back, take
from tests.redis_cluster import RedisServer
from tests.story.rooms import Rooms
from tests.story.viewer import PATIENCE, WELCOME

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

JOINED, LEFT = 1, 2


async def until_noted(redis: RedisCluster, activity: int, seq: int) -> None:
    """Return once the relay has noted that it has shown this."""
    async with asyncio.timeout(PATIENCE):
        while int(str(await redis.hget(RoomKeys(activity).figures, "sent:0") or "0").split(":")[0]) < seq:
            await asyncio.sleep(0)


async def test_three_chats_that_redis_has_lost_are_a_gap(
    rooms: Rooms, session_redis: RedisServer, activity: int
) -> None:
    pattern = f"room:{{{activity}}}:*"
    redis = connect(session_redis.admin_url)
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    before = (await alice.say("before"))["seq"]
    await bob.hears("before")
    await until_noted(redis, activity, before)
    cursor = f"{bob.welcome['cursor'].split('.')[0]}.{before}"
    snapshot = await take(redis, pattern)
    await bob.leave()
    for text in ("one", "two", "three"):
        last = (await alice.say(text))["seq"]
    await alice.hears("three")
    await until_noted(redis, activity, last)
    await roll_back(redis, snapshot, pattern)
    await alice.say("after")
    await alice.hears("after")

    bob = await rooms.enter(activity, "bob", since=cursor)
    assert bob.welcome["gap"]
    assert bob.welcome["cursor"].split(".")[0] != cursor.split(".", maxsplit=1)[0]
    await alice.say("on")
    await asyncio.gather(alice.hears("on"), bob.hears("on"))
    # Who was there all the time saw each chat once, and needs no new welcome.
    assert alice.heard == ["before", "one", "two", "three", "after", "on"]
    assert len(alice.all_of(WELCOME)) == 1
    await redis.aclose()


async def test_who_came_back_after_redis_lost_the_leave_is_told_as_joined(
    rooms: Rooms, session_redis: RedisServer, activity: int
) -> None:
    pattern = f"room:{{{activity}}}:*"
    redis = connect(session_redis.admin_url)
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    before = (await alice.say("before"))["seq"]
    await bob.hears("before")
    await until_noted(redis, activity, before)
    snapshot = await take(redis, pattern)
    await bob.leave()
    await alice.told_of(LEFT, userId="bob")
    last = (await alice.say("bob is gone"))["seq"]
    await until_noted(redis, activity, last)
    await roll_back(redis, snapshot, pattern)

    # For the state he never left: his new connection is a second seat.
    known = len(alice.told)
    await rooms.enter(activity, "bob")
    async with asyncio.timeout(PATIENCE):
        while not any(said.get("messageType") == JOINED and said["userId"] == "bob" for said in alice.told[known:]):
            await asyncio.sleep(0)
    await redis.aclose()
