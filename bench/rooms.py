"""Rooms to measure: a Redis of their own, the functions' parts on it, and viewers in their seats."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from redis.asyncio.cluster import RedisCluster

from bench.memory_log import MemoryLog
from bench.viewers import Viewer
from functions.adapters.fanout import Fanout, Poster
from functions.adapters.post_budget import PostBudget
from functions.adapters.redis_client import connect
from functions.adapters.relay_state import RelayState, RoomAfter
from functions.adapters.room_answers import Rate
from functions.adapters.room_state import RoomState
from functions.adapters.word_list import Words
from functions.parts import Clock, RoomParts, clock
from functions.relay import Parts
from functions.ticker import Ticker
from local.servers.redis import EmbeddedRedis

HEARTBEAT_SECONDS = 60
# More than any machine posts: what is measured must not wait for the account's budget.
POSTS_PER_SECOND = 1_000_000
JOINS_AT_ONCE = 32


@asynccontextmanager
async def running_redis() -> AsyncIterator[RedisCluster]:
    """A client of an empty Redis that ends with the context."""
    server = EmbeddedRedis()
    await server.start()
    redis = connect(server.url)
    try:
        yield redis
    finally:
        await redis.aclose()
        await server.stop()


def relay_parts(redis: RedisCluster, poster: Poster, log: MemoryLog, clock: Clock = clock) -> Parts:
    """What the relay works with, and in `room` what the other functions do."""
    room = RoomParts(
        state=RoomState(redis, heartbeat_seconds=HEARTBEAT_SECONDS),
        words=Words(redis),
        log=log,
        chat_rate=Rate(burst=5, per_second=1),
        other_rate=Rate(burst=5, per_second=2),
        clock=clock,
    )
    rooms = RelayState(redis, slice_=0, slices=1, heartbeat_seconds=HEARTBEAT_SECONDS)
    fanout = Fanout(poster, PostBudget(redis, per_second=POSTS_PER_SECOND))
    ticker = Ticker(fanout, rooms, heartbeat_seconds=HEARTBEAT_SECONDS, posts_a_tick=POSTS_PER_SECOND)
    return Parts(room, rooms, ticker)


async def seat(state: RoomState, viewers: Sequence[Viewer], now: int) -> None:
    """Seat them, as connect does; `now` in ms."""
    left = iter(viewers)

    async def work() -> None:
        for viewer in left:
            await state.join(viewer.seat, viewer.identity, now)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(JOINS_AT_ONCE):
            tasks.create_task(work())


async def welcome(rooms: RelayState, viewers: Sequence[Viewer], now: int) -> None:
    """Note that they have been welcomed, as the relay does after their first tick. All are of one room."""
    seats = [viewer.seat for viewer in viewers]
    await rooms.after([RoomAfter(activity_id=viewers[0].identity.activity_id, mark=None, welcomed=seats)], now)
