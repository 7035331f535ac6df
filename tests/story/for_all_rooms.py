"""What a platform sets for all its rooms. Tests share a Redis, so each file of stories begins with it as a new
stage has it."""

import time

from functions.adapters.redis.client import connect
from functions.adapters.redis.platform_bans import PlatformBans
from functions.adapters.redis.words import Words
from functions.rooms.people import Place
from functions.rooms.words import Lists


async def undo(redis_url: str) -> None:
    """Lift all bans from all rooms, and empty the lists of words; functions that are up know it within seconds."""
    redis = connect(redis_url)
    try:
        bans, now = PlatformBans(redis), time.time_ns() // 1_000_000
        after: Place | None = Place()
        while after is not None:
            page, after = await bans.page(now, limit=100, after=after)
            for user_id, _ in page:
                await bans.lift(user_id, now)
        words = Words(redis)
        if await words.read() != Lists():
            await words.write(Lists())
    finally:
        await redis.aclose()
