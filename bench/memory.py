"""What a seat costs Redis in memory, its user and its share of the room's keys included."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from redis.asyncio.cluster import RedisCluster

from bench.memory_log import MemoryLog
from bench.result import Result, Target
from bench.rooms import relay_parts, running_redis, seat, welcome
from bench.screens import Screens
from bench.viewers import Crowd
from functions.parts import clock

MOST_BYTES = 300
ACTIVITY_ID = 42


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Rooms of so many seats, each with a user of its own, which is the dearest."""

    seats: Sequence[int]


FULL = Sizes(seats=(1_000, 10_000, 100_000))
QUICK = Sizes(seats=(1_000, 10_000))


@dataclass(frozen=True)
class Used:
    """Bytes per seat: of the room's keys as MEMORY USAGE tells, before and after everybody was welcomed, and of the
    server as a whole, by how much INFO's used_memory grew. `answer`: bytes of the answer that is kept of a call of a
    script, for some seconds, which is in none of the others."""

    seats: int
    unwelcomed: float
    keys: float
    server: float
    answer: float


def bench(*, quick: bool) -> Result:
    """Measure."""
    return asyncio.run(run(QUICK if quick else FULL))


async def run(sizes: Sizes) -> Result:
    """Measure with these sizes."""
    used = [await _measure(seats) for seats in sizes.seats]
    return Result(
        title="Redis memory per seat: connection ids of 16 characters, user ids of 8 to 12",
        columns=("seats", "bytes a seat", "until welcomed", "server's growth", "answer of a call"),
        rows=[[one.seats, one.keys, one.unwelcomed, one.server, one.answer] for one in used],
        figures={
            "bytesPerSeat": [
                {
                    "seats": one.seats,
                    "keys": one.keys,
                    "keysUnwelcomed": one.unwelcomed,
                    "server": one.server,
                    "answer": one.answer,
                }
                for one in used
            ]
        },
        targets=[Target(what=f"bytes per seat, {one.seats:,} seats", value=one.keys, most=MOST_BYTES) for one in used],
    )


async def _measure(seats: int) -> Used:
    async with running_redis() as redis:
        parts = relay_parts(redis, Screens(), MemoryLog())
        crowd = Crowd(ACTIVITY_ID)
        viewers = [crowd.come() for _ in range(seats)]
        # Another room loads the scripts and opens the connections, whose memory is not the seats'.
        other = Crowd(ACTIVITY_ID + 1)
        others = [other.come() for _ in range(200)]
        await seat(parts.room.state, others, clock())
        await welcome(parts.rooms, others, clock())
        await _forget_answers(redis)
        before = await _used_memory(redis)
        await seat(parts.room.state, viewers, clock())
        answer = await _forget_answers(redis)
        unwelcomed = await _keys(redis)
        await welcome(parts.rooms, viewers, clock())
        await _forget_answers(redis)
        return Used(
            seats,
            unwelcomed / seats,
            await _keys(redis) / seats,
            (await _used_memory(redis) - before) / seats,
            answer,
        )


async def _forget_answers(redis: RedisCluster) -> float:
    """Take away what is kept of calls for a few seconds, as time would; returns how many bytes one of them had."""
    sizes = []
    async for key in redis.scan_iter("room:*:call:*", count=1000):
        sizes.append(await redis.memory_usage(key, samples=0) or 0)
        await redis.delete(key)
    return sum(sizes) / max(1, len(sizes))


async def _keys(redis: RedisCluster) -> int:
    """Bytes of all of the room's keys."""
    found = 0
    async for key in redis.scan_iter(f"room:{{{ACTIVITY_ID}}}*"):
        found += await redis.memory_usage(key, samples=0) or 0
    return found


async def _used_memory(redis: RedisCluster) -> int:
    found = await redis.info("memory", target_nodes=RedisCluster.RANDOM)
    used: int = found["used_memory"]
    return used
