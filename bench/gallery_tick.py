"""The relay's CPU for a tick of a room in whose gallery somebody reads, against a room without readers.

A real Redis, and an HTTP server that takes the POSTs, each in a process of its own. Ticks of the two rooms take turns.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from redis.asyncio.cluster import RedisCluster

from bench.frames import tick
from bench.gallery_room import gallery_of, place
from bench.memory_log import MemoryLog
from bench.post_run import ENVIRONMENT, REGION
from bench.result import BenchFailed
from bench.rooms import Parts, relay_parts, running_redis, seat, welcome
from bench.sink import running_sink
from bench.viewers import Crowd
from functions.adapters.aws.connections import Connections
from functions.adapters.aws.credentials import CredentialSource
from functions.adapters.redis.keys import RoomKeys
from functions.parts import clock

PLAIN, READ = 1, 2  # the rooms


@dataclass(frozen=True)
class TickCost:
    """Milliseconds of CPU, in a room without readers and in one with some."""

    plain: float
    read: float

    @property
    def times(self) -> float:
        return self.read / self.plain


async def tick_costs(*, rounds: int, seats: Sequence[int], ticks: int) -> Mapping[int, TickCost]:
    """The medians of `rounds` by the number of seats. Each round has so many ticks of each room."""
    return {size: await _cost(rounds, size, ticks) for size in seats}


async def _cost(rounds: int, seats: int, ticks: int) -> TickCost:
    with running_sink() as url:
        async with running_redis() as redis:
            connections = Connections(url, CredentialSource(ENVIRONMENT), region=REGION)
            parts = relay_parts(redis, connections, MemoryLog())
            await _fill(redis, parts, seats)
            spent = [await _round(seats, ticks, parts) for _ in range(rounds)]
            await connections.close()
            written = [await redis.xlen(RoomKeys(room).slots) for room in (PLAIN, READ)]
    if written[0] or not written[1]:
        raise BenchFailed(f"{written[0]} and {written[1]} ticks were written into the galleries of the two rooms")
    return TickCost(*(median(one[room] for one in spent) for room in (PLAIN, READ)))


async def _fill(redis: RedisCluster, parts: Parts, seats: int) -> None:
    """Seat the viewers of both rooms, and give a place to a reader of one."""
    for room in (PLAIN, READ):
        crowd = Crowd(room)
        viewers = [crowd.come() for _ in range(seats)]
        await seat(parts.room.state, viewers, clock())
        await welcome(parts.rooms, viewers, clock())
    await place(gallery_of(redis, parts.room), parts, Crowd(READ, seed=2).come())
    log = parts.room.log
    assert isinstance(log, MemoryLog)
    log.take()  # that the reader came
    for room in (PLAIN, READ):
        await tick(room, seats, parts)


async def _round(seats: int, ticks: int, parts: Parts) -> dict[int, float]:
    """Milliseconds of CPU a tick, by room."""
    spent = {PLAIN: 0.0, READ: 0.0}
    for number in range(ticks):
        for room in (PLAIN, READ) if number % 2 else (READ, PLAIN):
            before = time.process_time()
            await tick(room, seats, parts)
            spent[room] += time.process_time() - before
    return {room: 1000 * seconds / ticks for room, seconds in spent.items()}
