"""The memory that a seat takes in Redis, with its user and its share of the room's keys."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio.cluster import RedisCluster

from bench.memory_log import MemoryLog
from bench.redis_usage import room_bytes
from bench.result import Result, Target
from bench.rooms import relay_parts, running_redis, seat, welcome
from bench.screens import Screens
from bench.viewers import Crowd
from functions.parts import clock

MOST_BYTES = 300
ACTIVITY_ID = 42
QUICK: dict[str, Any] = {"seats": (1_000, 10_000)}


async def run(*, seats: Sequence[int] = (1_000, 10_000, 100_000)) -> Result:
    """`seats` has the size of each room. Each seat has a user of its own, which takes the most memory."""
    used = [await _measure(size) for size in seats]
    return Result(
        title="Redis memory per seat: connection ids of 16 characters, user ids of 8 to 12",
        columns=("seats", "bytes a seat", "until welcomed", "server's growth", "answer of a call"),
        rows=[list(one.values()) for one in used],
        figures={"bytesPerSeat": used},
        targets=[
            Target(what=f"bytes per seat, {one['seats']:,} seats", value=one["keys"], most=MOST_BYTES) for one in used
        ],
    )


async def _measure(seats: int) -> dict[str, float]:
    """Bytes per seat. `keys` and `keysUnwelcomed`: MEMORY USAGE of the room's keys, after and before the welcomes.
    `server`: the growth of INFO's used_memory. `answer`: the answer of one call of a script, which is kept for some
    seconds and which the others do not include."""
    async with running_redis() as redis:
        parts = relay_parts(redis, Screens(), MemoryLog())
        crowd = Crowd(ACTIVITY_ID)
        viewers = [crowd.come() for _ in range(seats)]
        # Another room loads the scripts and opens the connections, so that their memory is not counted.
        other = Crowd(ACTIVITY_ID + 1)
        others = [other.come() for _ in range(200)]
        await seat(parts.room.state, others, clock())
        await welcome(parts.rooms, others, clock())
        await _forget_answers(redis)
        before = await _used_memory(redis)
        await seat(parts.room.state, viewers, clock())
        answer = await _forget_answers(redis)
        unwelcomed = (await room_bytes(redis, ACTIVITY_ID)).total()
        await welcome(parts.rooms, viewers, clock())
        await _forget_answers(redis)
        return {
            "seats": seats,
            "keys": (await room_bytes(redis, ACTIVITY_ID)).total() / seats,
            "keysUnwelcomed": unwelcomed / seats,
            "server": (await _used_memory(redis) - before) / seats,
            "answer": answer,
        }


async def _forget_answers(redis: RedisCluster) -> float:
    """Delete the kept answers of calls and the counts of joins, which would expire in a few seconds. Returns the bytes
    of one answer."""
    async for key in redis.scan_iter("room:*:joins", count=1000):
        await redis.delete(key)
    sizes = []
    async for key in redis.scan_iter("room:*:call:*", count=1000):
        sizes.append(await redis.memory_usage(key, samples=0) or 0)
        await redis.delete(key)
    return sum(sizes) / max(1, len(sizes))


async def _used_memory(redis: RedisCluster) -> int:
    found = await redis.info("memory", target_nodes=RedisCluster.RANDOM)
    used: int = found["used_memory"]
    return used
