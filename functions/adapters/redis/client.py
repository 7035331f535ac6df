"""The client of the Redis cluster: how it connects, how it signs in to ElastiCache, and how its errors are named.

To sign in as an IAM role, a client gives a token as the password: a signed request that is never sent. Making one needs
no network. A token is valid for 15 minutes, and a connection for 12 hours after it has signed in. So every connection
signs in with a token of its own, and is opened anew after 11 hours.
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from redis.asyncio.cluster import RedisCluster
from redis.asyncio.connection import Connection
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import AuthenticationError, RedisClusterException, RedisError

from functions.adapters.aws.credentials import CredentialSource, NoCredentials
from functions.adapters.aws.sigv4 import presigned_query
from functions.adapters.redis.cluster import RoomsCluster
from functions.adapters.redis.connection import RoomsConnection, RoomsTlsConnection
from functions.runtime.settings import Settings

log = logging.getLogger(__name__)

VALID_SECONDS = 900
# Less than the 12 hours after which ElastiCache ends a connection, perhaps in the middle of a command.
LONGEST_SECONDS = 11 * 3600

Clock = Callable[[], float]


class StateUnavailable(Exception):
    """Redis cannot be reached, or does not answer."""


@contextmanager
def reaching_redis() -> Iterator[None]:
    """Raise StateUnavailable for every error of Redis and of the network."""
    try:
        yield
    except (RedisError, RedisClusterException, OSError, TimeoutError) as error:
        raise StateUnavailable(str(error) or type(error).__name__) from error


class RedisTokens(CredentialProvider):
    """Makes a token for each connection to a serverless cache.

    `cache` is the name of the cache, `user` the id of its user, which must also be the user's name. `clock` tells
    seconds since the epoch.
    """

    def __init__(
        self, credentials: CredentialSource, *, region: str, cache: str, user: str, clock: Clock = time.time
    ) -> None:
        self.cache = cache
        self.user = user
        self._credentials = credentials
        self._region = region
        self._clock = clock

    async def get_credentials_async(self) -> tuple[str, str]:
        """The user and a token. Raises AuthenticationError if there are no credentials.

        After any other error redis-py would keep the open connection, and take it for one that has signed in.
        """
        try:
            credentials = await self._credentials.current()
        except NoCredentials as error:
            raise AuthenticationError(f"no token can be made: {error}") from error
        query = presigned_query(
            credentials,
            {"Action": "connect", "ResourceType": "ServerlessCache", "User": self.user},
            service="elasticache",
            region=self._region,
            host=self.cache,
            seconds=VALID_SECONDS,
            now=self._clock(),
        )
        return self.user, f"{self.cache}/?{query}"


class SignedInConnection(RoomsTlsConnection):
    """A connection that is opened anew, with a new token, before ElastiCache ends it."""

    def __init__(self, *, clock: Clock, credential_provider: RedisTokens, **options: Any) -> None:
        super().__init__(credential_provider=credential_provider, **options)
        self._tokens = credential_provider
        self._clock = clock
        self._opened = clock()

    async def on_connect_check_health(self, check_health: bool = True) -> None:
        """Sign in, and log a refusal: its reason shows nowhere else, since callers see StateUnavailable."""
        try:
            await super().on_connect_check_health(check_health)
        except AuthenticationError as error:
            self._log_refusal(error)
            raise
        self._opened = self._clock()

    def should_reconnect(self) -> bool:
        """Whether to open the connection anew; redis-py asks before and after each command."""
        is_old = self.is_connected and self._clock() - self._opened > LONGEST_SECONDS
        return is_old or bool(super().should_reconnect())  # type: ignore[no-untyped-call]

    def _log_refusal(self, error: AuthenticationError) -> None:
        log.error(
            "signing in to Redis as user %s of cache %s failed: %s. Are these their names, is the user in the cache's "
            "group, and may the function's role do elasticache:Connect on both?",
            self._tokens.user,
            self._tokens.cache,
            error,
        )


def connect_to_rooms(settings: Settings, credentials: CredentialSource) -> RedisCluster:
    """A client of the cluster in the settings, which also say whether it signs in."""
    if settings.redis_auth == "none":
        return connect(settings.redis_url)
    region, cache, user = settings.aws_region, settings.redis_cache, settings.redis_user
    tokens = RedisTokens(credentials, region=region, cache=cache, user=user)
    return connect_signed_in(settings.redis_url, tokens)


def connect(url: str, **options: Any) -> RedisCluster:
    """A client of the cluster at `url` (redis:// or rediss://). It connects on first use."""
    client = RoomsCluster.from_url(
        url,
        decode_responses=True,
        socket_connect_timeout=2,
        socket_timeout=3,
        # A redirected command corrects the table of slots for its own slot. By default every fifth one closes all
        # connections instead, also those that other commands are waiting on.
        reinitialize_steps=0,
        # One retry, on a fresh connection: after a freeze the old one may be dead.
        retry=Retry(ConstantBackoff(0.05), 1),
        **options,
    )
    return _connecting_by(client, RoomsTlsConnection if url.startswith("rediss:") else RoomsConnection)


def connect_signed_in(
    url: str, tokens: RedisTokens, *, clock: Callable[[], float] = time.time, **options: Any
) -> RedisCluster:
    """As `connect`, for a `rediss://` url. Each connection signs in with a token of its own.

    `clock` tells seconds since the epoch. A monotonic clock may stand still during a freeze.
    """
    client = connect(url, credential_provider=tokens, **options)
    return _connecting_by(client, partial(SignedInConnection, clock=clock))


def _connecting_by(client: RedisCluster, kind: Callable[..., Connection]) -> RedisCluster:
    # redis-py has no argument for the class of connections. Nodes found later are made with `connection_kwargs`.
    client.connection_kwargs["connection_class"] = kind
    for node in client.startup_nodes:
        node.connection_class = kind  # type: ignore[assignment]  # redis-py only calls it
    return client
