"""The client of the Redis cluster, and what it means when it fails."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.exceptions import RedisClusterException, RedisError

from functions.adapters.credentials import CredentialSource
from functions.adapters.redis_tokens import RedisTokens, SignedInConnection
from functions.settings import Settings


class StateUnavailable(Exception):
    """Redis cannot be reached, or does not answer."""


@contextmanager
def reaching_redis() -> Iterator[None]:
    """Turns every way in which Redis fails into StateUnavailable."""
    try:
        yield
    except (RedisError, RedisClusterException, OSError, TimeoutError) as error:
        raise StateUnavailable(str(error) or type(error).__name__) from error


def connect_to_rooms(settings: Settings) -> RedisCluster:
    """A client of the cluster that the settings name, signed in as they say."""
    if settings.redis_auth == "none":
        return connect(settings.redis_url)
    region, cache, user = settings.aws_region, settings.redis_cache, settings.redis_user
    tokens = RedisTokens(CredentialSource(os.environ), region=region, cache=cache, user=user)
    return connect_signed_in(settings.redis_url, tokens)


def connect(url: str, **options: Any) -> RedisCluster:
    """A client of the cluster at `url` (redis:// or rediss://); it connects when it is first used."""
    return RedisCluster.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=2,
        socket_timeout=3,
        # One more try, on a fresh connection: after a freeze the kept one may be dead.
        retry=Retry(ConstantBackoff(0.05), 1),
        **options,
    )


def connect_signed_in(
    url: str, tokens: RedisTokens, *, clock: Callable[[], float] = time.time, **options: Any
) -> RedisCluster:
    """As `connect`, for a `rediss://` url, each connection signed in with a token of its own.

    `clock` tells seconds since the epoch, also through a freeze, in which a monotonic clock may stand still.
    """
    client = connect(url, credential_provider=tokens, **options)
    # There is no argument for it. Of `connection_kwargs` the nodes are made that are found later.
    kind = partial(SignedInConnection, clock=clock)
    client.connection_kwargs["connection_class"] = kind
    for node in client.startup_nodes:
        node.connection_class = kind  # type: ignore[assignment]  # it is called, and no more
    return client
