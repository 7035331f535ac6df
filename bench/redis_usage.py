"""What a room takes of Redis: memory by kinds of keys, commands and CPU."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Self

from redis.asyncio.cluster import RedisCluster

# Keys that are told apart. Those of which there are several count together.
KINDS = ("users", "places", "seats", "told", "gone", "joins", "call")
OTHERS = "others"
# As many slow commands as the server remembers.
MOST_SLOW = 128


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What the server has done since it was started: calls of scripts, the commands in them, and CPU seconds."""

    scripts: int
    commands: int
    cpu_seconds: float

    @classmethod
    async def of(cls, redis: RedisCluster) -> Self:
        stats = await redis.info("commandstats", target_nodes=RedisCluster.RANDOM)
        cpu = await redis.info("cpu", target_nodes=RedisCluster.RANDOM)
        calls = {name.removeprefix("cmdstat_"): each["calls"] for name, each in stats.items()}
        scripts = sum(calls.pop(name, 0) for name in ("eval", "evalsha"))
        return cls(
            scripts=scripts,
            commands=sum(calls.values()),
            cpu_seconds=cpu["used_cpu_user"] + cpu["used_cpu_sys"],
        )

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(
            scripts=self.scripts - other.scripts,
            commands=self.commands - other.commands,
            cpu_seconds=self.cpu_seconds - other.cpu_seconds,
        )


async def room_bytes(redis: RedisCluster, activity_id: int) -> Counter[str]:
    """The bytes of a room's keys, by kind."""
    found: Counter[str] = Counter()
    head = f"room:{{{activity_id}}}:"
    async for key in redis.scan_iter(f"{head}*", count=1000):
        kind = key.removeprefix(head).partition(":")[0]
        size: Any = await redis.memory_usage(key, samples=0)
        found[kind if kind in KINDS else OTHERS] += size or 0
    return found


async def longest_ms(redis: RedisCluster) -> float:
    """The longest time that the server was busy with one command since this was asked last, 0 if none was long."""
    slow = await redis.slowlog_get(MOST_SLOW, target_nodes=RedisCluster.RANDOM)
    await redis.slowlog_reset(target_nodes=RedisCluster.RANDOM)
    return max((each["duration"] / 1000 for each in slow), default=0.0)
