"""Rooms to measure: an empty Redis, the functions' parts on it, and viewers in their seats."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from redis.asyncio.cluster import RedisCluster

from bench.memory_log import MemoryLog
from bench.viewers import Viewer
from functions.adapters.redis.client import connect
from functions.adapters.redis.platform_bans import PlatformBans
from functions.adapters.redis.post_budget import PostBudget
from functions.adapters.redis.relay_state import RelayState
from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.words import Words
from functions.parts import Clock, MessageParts, clock
from functions.rooms.answers import Rate
from functions.rooms.room_view import Posted
from functions.usecases.cutter import Closer, Cutter
from functions.usecases.fanout import Fanout, Poster
from functions.usecases.relay import Relay
from functions.usecases.ticker import Ticker
from local.servers.redis import EmbeddedRedis

HEARTBEAT_SECONDS = 60
# More than any machine posts, so that no bench waits for the account's budget.
POSTS_PER_SECOND = 1_000_000
JOINS_AT_ONCE = 32


class Viewers(Poster, Closer, Protocol):
    """What the relay does to viewers."""


@dataclass(frozen=True)
class Parts(Relay):
    """What the relay works with; `room` is what the other functions work with."""

    room: MessageParts


@asynccontextmanager
async def redis_server() -> AsyncIterator[str]:
    """Yields the address of an empty Redis, which ends with the context."""
    server = EmbeddedRedis()
    await server.start()
    try:
        yield server.address
    finally:
        await server.stop()


@asynccontextmanager
async def running_redis() -> AsyncIterator[RedisCluster]:
    """Yields a client of an empty Redis. Both end with the context."""
    async with redis_server() as url, connect(url) as redis:
        yield redis


def relay_parts(redis: RedisCluster, poster: Viewers, log: MemoryLog, clock: Clock = clock) -> Parts:
    """The relay's parts. Those of the other functions are in `room`."""
    room = MessageParts(
        state=RoomState(redis, heartbeat_seconds=HEARTBEAT_SECONDS),
        words=Words(redis),
        bans=PlatformBans(redis),
        log=log,
        # Nobody is banned here.
        chat_rate=Rate(burst=5, per_second=1),
        other_rate=Rate(burst=5, per_second=2),
        clock=clock,
    )
    rooms = RelayState(redis, slice_=0, slices=1, heartbeat_seconds=HEARTBEAT_SECONDS)
    fanout = Fanout(poster, PostBudget(redis, per_second=POSTS_PER_SECOND))
    ticker = Ticker(fanout, rooms, heartbeat_seconds=HEARTBEAT_SECONDS, posts_a_tick=POSTS_PER_SECOND)
    return Parts(room, rooms, ticker, Cutter(fanout, poster), room.words, room.bans)


async def seat(state: RoomState, viewers: Sequence[Viewer], now: int) -> None:
    """Take their seats, as the function connect does. `now` in ms."""
    left = iter(viewers)

    async def work() -> None:
        for viewer in left:
            await state.join(viewer.seat, viewer.identity, now)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(JOINS_AT_ONCE):
            tasks.create_task(work())


async def welcome(rooms: RelayState, viewers: Sequence[Viewer], now: int) -> None:
    """Note that these viewers of one room are welcomed, as the relay does after their first tick."""
    seats = [viewer.seat for viewer in viewers]
    await rooms.after([Posted(activity_id=viewers[0].identity.activity_id, mark=None, welcomed=seats)], now)
