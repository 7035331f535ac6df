"""The relay's CPU for a delivered frame, in rooms of different sizes, with a real Redis and a real HTTP server."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from redis.asyncio.cluster import RedisCluster

from bench.memory_log import MemoryLog
from bench.post_run import ENVIRONMENT, REGION, cpu_seconds
from bench.result import Result, Target
from bench.rooms import relay_parts, running_redis, seat, welcome
from bench.sink import running_sink
from bench.viewers import Crowd
from functions.adapters.aws.connections import Connections
from functions.adapters.aws.credentials import CredentialSource
from functions.handlers import relay
from functions.parts import clock
from functions.rooms.events import Chat, Who
from functions.usecases.relay import Relay

MOST_TIMES = 1.2
# The reference room's 50 chats a second, at two ticks a second.
CHATS_A_TICK = 25
QUICK: dict[str, Any] = {"rounds": 1, "posts": 10_000}


async def run(*, rounds: int = 5, seats: Sequence[int] = (100, 1_000, 10_000), posts: int = 20_000) -> Result:
    """`seats` has the size of each room. In each round each room gets about `posts` POSTs, in whole ticks."""
    with running_sink() as url:
        async with running_redis() as redis:
            cpu = await _measure(rounds, seats, posts, redis, url)
    smallest, largest = min(seats), max(seats)
    return Result(
        title=f"A delivered frame of {CHATS_A_TICK} chats: CPU of the relay, Redis and signing included",
        columns=("seats", "CPU µs a frame", f"× of {smallest:,} seats"),
        rows=[[size, spent, spent / cpu[smallest]] for size, spent in cpu.items()],
        figures={"rounds": rounds, "cpuMicroseconds": {str(size): spent for size, spent in cpu.items()}},
        targets=[
            Target(
                what=f"CPU of a frame, room of {largest:,} against room of {smallest:,}",
                value=cpu[largest] / cpu[smallest],
                most=MOST_TIMES,
            )
        ],
    )


async def _measure(rounds: int, sizes: Sequence[int], posts: int, redis: RedisCluster, url: str) -> Mapping[int, float]:
    """The median of a POST's CPU in microseconds, by the size of the room."""
    connections = Connections(url, CredentialSource(ENVIRONMENT), region=REGION)
    parts = relay_parts(redis, connections, MemoryLog())
    for size in sizes:
        crowd = Crowd(size)
        viewers = [crowd.come() for _ in range(size)]
        await seat(parts.room.state, viewers, clock())
        await welcome(parts.rooms, viewers, clock())
        await tick(size, size, parts)
    spent: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(rounds):
        for size in sizes:
            ticks = max(1, posts // size)
            before = cpu_seconds()
            for _ in range(ticks):
                await tick(size, size, parts)
            spent[size].append(1e6 * (cpu_seconds() - before) / (ticks * size))
    await connections.close()
    return {size: median(times) for size, times in spent.items()}


async def tick(activity_id: int, seats: int, parts: Relay) -> None:
    """One batch of chats to a room with so many seats."""
    log = parts.room.log
    assert isinstance(log, MemoryLog)
    chat = Chat(activity_id=activity_id, time=clock(), who=Who(user_id="a-platform", username="The Platform"))
    for number in range(CHATS_A_TICK):
        await log.publish_live(replace(chat, content=f"chat {number} {'x' * 40}"))
    done = await relay.main(log.take(), parts)
    assert done["posts"] == {"delivered": seats}, done
