"""Redis fails over to a replica that lacks the newest writes: what is missing is told, and nothing is shown twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
import pytest_asyncio
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import connect
from functions.adapters.redis.keys import RoomKeys
from tests.functions.adapters.redis.snapshot import roll_back, take
from tests.redis_cluster import RedisServer
from tests.story.killing import kill
from tests.story.rooms import Rooms
from tests.story.viewer import PATIENCE, WELCOME

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

JOINED, LEFT = 1, 2


async def until_noted(redis: RedisCluster, activity: int, seq: int) -> None:
    """Return once the relay has noted that it has shown this."""
    async with asyncio.timeout(PATIENCE):
        while int(str(await redis.hget(RoomKeys(activity).figures, "sent:0") or "0").split(":")[0]) < seq:
            await asyncio.sleep(0)


class Snapshot:
    """A room in which alice and bob are and "before" was shown, as Redis has it then."""

    def __init__(self, rooms: Rooms, redis: RedisCluster, activity: int) -> None:
        self._rooms, self._redis, self._activity = rooms, redis, activity
        # Of the log, up to where it was told.
        self._patterns = f"room:{{{activity}}}:*", "log:*"

    async def take(self) -> None:
        self.alice, self.bob = [await self._rooms.enter(self._activity, name) for name in ("alice", "bob")]
        self.before = (await self.alice.say("before"))["seq"]
        await self.bob.hears("before")
        await until_noted(self._redis, self._activity, self.before)
        self._taken = [await take(self._redis, pattern) for pattern in self._patterns]

    async def bring_back(self, *, noted: int) -> None:
        """Lose all that Redis was told since, once the relay has noted this seq."""
        await until_noted(self._redis, self._activity, noted)
        for taken, pattern in zip(self._taken, self._patterns, strict=True):
            await roll_back(self._redis, taken, pattern)


@pytest_asyncio.fixture(loop_scope="module")
async def snapshot(rooms: Rooms, session_redis: RedisServer, activity: int) -> AsyncIterator[Snapshot]:
    async with aclosing(connect(session_redis.admin_url)) as redis:
        made = Snapshot(rooms, redis, activity)
        await made.take()
        yield made


@pytest.mark.parametrize("relay_remembers", [True, False])
async def test_three_chats_that_redis_has_lost_are_a_gap(
    rooms: Rooms, snapshot: Snapshot, activity: int, relay_remembers: bool
) -> None:
    alice, bob = snapshot.alice, snapshot.bob
    cursor = f"{bob.welcome['cursor'].split('.')[0]}.{snapshot.before}"
    await bob.leave()
    for text in ("one", "two", "three"):
        last = (await alice.say(text))["seq"]
    await alice.hears("three")
    await snapshot.bring_back(noted=last)
    if not relay_remembers:
        await kill("relay-0")
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


async def test_who_came_back_after_redis_lost_the_leave_is_told_as_joined(
    rooms: Rooms, snapshot: Snapshot, activity: int
) -> None:
    alice = snapshot.alice
    await snapshot.bob.leave()
    await alice.told_of(LEFT, userId="bob")
    await snapshot.bring_back(noted=(await alice.say("bob is gone"))["seq"])

    # For the state he never left: his new connection is a second seat.
    known = len(alice.told)
    await rooms.enter(activity, "bob")
    async with asyncio.timeout(PATIENCE):
        while not any(said.get("messageType") == JOINED and said["userId"] == "bob" for said in alice.told[known:]):
            await asyncio.sleep(0)
