"""What a delivered frame costs the relay: CPU in rooms of different sizes, with a real Redis and a real HTTP server."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from redis.asyncio.cluster import RedisCluster

from bench.memory_log import MemoryLog
from bench.post_run import ENVIRONMENT, REGION, cpu_seconds
from bench.result import Result, Target
from bench.rooms import relay_parts, running_redis, seat, welcome
from bench.sink import running_sink
from bench.viewers import Crowd
from functions import relay
from functions.adapters.connections import Connections
from functions.adapters.credentials import CredentialSource
from functions.parts import clock
from functions.rooms import events
from functions.rooms.events import Event

MOST_TIMES = 1.2
# The reference room's 50 chats a second, at two ticks a second.
CHATS_A_TICK = 25


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Each room, by its seats, is sent about `posts` POSTs a round, in as many ticks as that takes."""

    rounds: int
    seats: Sequence[int]
    posts: int


FULL = Sizes(rounds=5, seats=(100, 1_000, 10_000), posts=20_000)
QUICK = Sizes(rounds=1, seats=(100, 1_000, 10_000), posts=10_000)


def bench(*, quick: bool) -> Result:
    """Measure."""
    return asyncio.run(run(QUICK if quick else FULL))


async def run(sizes: Sizes) -> Result:
    """Measure with these sizes."""
    with running_sink() as url:
        async with running_redis() as redis:
            cpu = await _measure(sizes, redis, url)
    smallest, largest = min(sizes.seats), max(sizes.seats)
    return Result(
        title=f"A delivered frame of {CHATS_A_TICK} chats: CPU of the relay, Redis and signing included",
        columns=("seats", "POSTs a tick", "CPU µs a frame", f"× of {smallest:,} seats"),
        rows=[[seats, seats, spent, spent / cpu[smallest]] for seats, spent in cpu.items()],
        figures={"rounds": sizes.rounds, "cpuMicroseconds": {str(seats): spent for seats, spent in cpu.items()}},
        targets=[
            Target(
                what=f"CPU of a frame, room of {largest:,} against room of {smallest:,}",
                value=cpu[largest] / cpu[smallest],
                most=MOST_TIMES,
            )
        ],
    )


async def _measure(sizes: Sizes, redis: RedisCluster, url: str) -> Mapping[int, float]:
    """Microseconds of CPU per POST for each number of seats: the median of the rounds."""
    connections = Connections(url, CredentialSource(ENVIRONMENT), region=REGION)
    parts = relay_parts(redis, connections, MemoryLog())
    for seats in sizes.seats:
        crowd = Crowd(seats)
        viewers = [crowd.come() for _ in range(seats)]
        await seat(parts.room.state, viewers, clock())
        await welcome(parts.rooms, viewers, clock())
        await _tick(seats, parts)
    spent: dict[int, list[float]] = {seats: [] for seats in sizes.seats}
    for _ in range(sizes.rounds):
        for seats in sizes.seats:
            ticks = max(1, sizes.posts // seats)
            before = cpu_seconds()
            for _ in range(ticks):
                await _tick(seats, parts)
            spent[seats].append(1e6 * (cpu_seconds() - before) / (ticks * seats))
    await connections.close()
    return {seats: median(rounds) for seats, rounds in spent.items()}


async def _tick(seats: int, parts: relay.Parts) -> None:
    """One batch of chats to the room whose id is the number of its seats."""
    log = parts.room.log
    assert isinstance(log, MemoryLog)
    chat = Event(activity_id=seats, type=events.CHAT, time=clock(), user_id="a-platform", username="The Platform")
    for number in range(CHATS_A_TICK):
        await log.publish_live(replace(chat, content=f"chat {number} {'x' * 40}"))
    done = await relay.main(log.take(), parts)
    assert done["posts"] == {"delivered": seats}, done
