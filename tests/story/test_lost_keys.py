"""Redis evicts one key of a room that is in use: the next heartbeats and a sweep heal the room."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import connect
from functions.adapters.redis.keys import ROOMS, RoomKeys
from functions.rooms.seats import BUCKETS
from tests.story.rooms import Rooms, Servers, running
from tests.story.viewer import COUNT, JOINED, LEFT, PATIENCE, SETTINGS, Viewer

pytestmark = pytest.mark.kafka

NAMES = ("alice", "bob", "carol", "dave")


@asynccontextmanager
async def in_use(servers: Servers, activity: int) -> AsyncIterator[tuple[Rooms, RedisCluster, list[Viewer]]]:
    """A room with four who send heartbeats, and the Redis that has it."""
    async with running(servers, heartbeat_seconds=3, sweep_seconds=0.5) as rooms, AsyncExitStack() as stack:
        viewers = [await rooms.enter(activity, name) for name in NAMES]
        for viewer in viewers:
            await viewer.until(partial(has_all, viewer))
            await stack.enter_async_context(viewer.beating(0.5))
        redis = connect(servers.redis_url)
        stack.push_async_callback(redis.aclose)
        yield rooms, redis, viewers


def has_all(viewer: Viewer) -> bool:
    return viewer.online == len(NAMES)


async def becomes(condition: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            await asyncio.sleep(0)


async def test_whoever_has_lost_the_line_is_counted_again_and_was_never_gone(
    own_servers: Servers, activity: int
) -> None:
    async with in_use(own_servers, activity) as (rooms, redis, viewers):
        users = RoomKeys(activity).users(range(BUCKETS))
        moves = [len([*viewer.all_of(JOINED), *viewer.all_of(LEFT)]) for viewer in viewers]
        await redis.delete(*users)

        async def is_back() -> bool:
            return sum([int(await redis.hlen(key)) for key in users]) == len(NAMES)

        await becomes(is_back)
        await rooms.figures_become(activity, onlineNumber=4, connections=4)
        await viewers[0].say("is everybody there?")
        for viewer in viewers:
            await viewer.hears("is everybody there?")
        assert [len([*viewer.all_of(JOINED), *viewer.all_of(LEFT)]) for viewer in viewers] == moves
        await viewers[3].leave()
        await viewers[0].told_of(LEFT, userId="dave")
        await rooms.figures_become(activity, onlineNumber=3, connections=3)


async def test_lost_figures_are_counted_again_and_told(own_servers: Servers, activity: int) -> None:
    async with in_use(own_servers, activity) as (rooms, redis, viewers):
        await redis.delete(RoomKeys(activity).figures)
        await rooms.figures_become(activity, onlineNumber=4, connections=4)
        for viewer in viewers:
            await viewer.told_of(SETTINGS)
            assert viewer.all_of(COUNT)[-1]["onlineNumber"] == 4
        newcomer = await rooms.enter(activity, "erin")
        assert newcomer.welcome["onlineNumber"] == 5


async def test_a_room_that_is_lost_from_the_list_is_swept_again(own_servers: Servers, activity: int) -> None:
    async with in_use(own_servers, activity) as (rooms, redis, _):
        await redis.delete(ROOMS)

        async def is_listed() -> bool:
            response = await rooms.http.get("/api/activities")
            return activity in [room["activityId"] for room in response.json()["activities"]]

        await becomes(is_listed)
