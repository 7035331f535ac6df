"""A room as a replica knew it that takes over: its keys are put back as they were, or are gone."""

from collections.abc import Mapping

from redis.asyncio.cluster import RedisCluster

# A key's value, and its time to live in ms.
Snapshot = Mapping[str, tuple[bytes, int]]


async def take(redis: RedisCluster, pattern: str = "room:*") -> Snapshot:
    """All keys that fit the pattern."""
    keys = [key async for key in redis.scan_iter(pattern)]
    return {key: (await redis.execute_command("DUMP", key, NEVER_DECODE=True), await redis.pttl(key)) for key in keys}


async def lose_all(redis: RedisCluster, pattern: str = "*") -> None:
    """Empty Redis, as a client may that has no right to flush it."""
    for key in [key async for key in redis.scan_iter(pattern)]:
        await redis.delete(key)


async def roll_back(admin: RedisCluster, snapshot: Snapshot, pattern: str = "room:*") -> None:
    """Lose what was written since. No function may restore a key, so this takes a client that has all rights."""
    await lose_all(admin, pattern)
    for key, (value, ttl) in snapshot.items():
        # Somebody may have written it meanwhile.
        await admin.restore(key, max(0, ttl), value, replace=True)
