"""The rate of POSTs that all relays share, so that the account stays below its requests per second."""

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.script import Script, run

KEY = "posts"


class PostBudget:
    """Lends out `per_second` POSTs a second. It runs no queue: a relay has one lot reserved at a time, so what is
    waited for is bounded by the number of relays."""

    def __init__(self, redis: RedisCluster, *, per_second: int) -> None:
        self._redis = redis
        self._per_second = per_second
        self._reserve = Script("reserve")

    @property
    def lot(self) -> int:
        """The most that is reserved at once, a second's worth: a large room must not keep a small one waiting."""
        return self._per_second

    async def reserve(self, posts: int) -> float:
        """Reserve up to `lot` POSTs; returns the seconds to wait before making them. Raises StateUnavailable."""
        # API Gateway's own bucket holds half a second's worth of its rate.
        wait: int = await run(
            self._redis, self._reserve(spent=KEY, posts=posts, per_second=self._per_second, burst=self._per_second // 2)
        )
        return wait / 1000
