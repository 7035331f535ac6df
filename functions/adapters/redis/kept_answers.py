"""What calls of the HTTP API were answered, under the `Idempotency-Key` of each. Methods raise StateUnavailable."""

from typing import cast

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import reaching_redis
from functions.adapters.redis.script import CallOnce, run
from functions.rooms.results import RESULT_MS

_begin = CallOnce("begin_call")


class KeptAnswers:
    """Texts by the keys of `answer_key`: a call's digest while it is under way, then its answer as it is packed."""

    def __init__(self, redis: RedisCluster) -> None:
        self._redis = redis

    async def begin(self, key: str, digest: str) -> str:
        """Begin a call; returns "" then. If it was made before, or is under way, return what is kept."""
        return cast(str, await run(self._redis, _begin(answer=key, digest=digest)))

    async def keep(self, key: str, packed: str) -> None:
        """The call has succeeded: keep its answer for as long as the result of a frame."""
        with reaching_redis():
            await self._redis.set(key, packed, px=RESULT_MS)

    async def release(self, key: str) -> None:
        """The call has failed: who makes it again begins it."""
        with reaching_redis():
            await self._redis.delete(key)
