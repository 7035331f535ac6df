"""The client of the Redis cluster, and what it means when it fails."""

from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.exceptions import RedisClusterException, RedisError


class StateUnavailable(Exception):
    """Redis cannot be reached, or does not answer."""


@contextmanager
def reaching_redis() -> Iterator[None]:
    """Turns every way in which Redis fails into StateUnavailable."""
    try:
        yield
    except (RedisError, RedisClusterException, OSError, TimeoutError) as error:
        raise StateUnavailable(str(error) or type(error).__name__) from error


def connect(url: str) -> RedisCluster:
    """A client of the cluster at `url` (redis:// or rediss://); it connects when it is first used."""
    return RedisCluster.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=2,
        socket_timeout=3,
        # One more try, on a fresh connection: after a freeze the kept one may be dead.
        retry=Retry(ConstantBackoff(0.05), 1),
    )
