"""Signing in to ElastiCache as an IAM role: the password is a request that is signed and never sent.

https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from redis.asyncio.connection import SSLConnection
from redis.credentials import CredentialProvider
from redis.exceptions import AuthenticationError

from functions.adapters.credentials import CredentialSource, NoCredentials
from functions.adapters.sigv4 import presigned_query

log = logging.getLogger(__name__)

VALID_SECONDS = 900
# ElastiCache ends a connection 12 hours after it has signed in; what is under way at that moment would fail.
LONGEST_SECONDS = 11 * 3600

Clock = Callable[[], float]


class RedisTokens(CredentialProvider):
    """Makes a token for each connection to a serverless cache, so that none gets old; no network is needed for it.

    `cache` is the cache's name, `user` the id of its user, which is also the user's name. `clock` tells seconds since
    the epoch.
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
        """The user, and a token as its password, valid for 15 minutes. Raises AuthenticationError without credentials.

        Any other error would leave redis-py with an open connection that it takes for one that has signed in.
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


class SignedInConnection(SSLConnection):
    """A connection that is opened anew, with a new token, before ElastiCache ends it."""

    def __init__(self, *, clock: Clock, credential_provider: RedisTokens, **options: Any) -> None:
        super().__init__(credential_provider=credential_provider, **options)
        self._tokens = credential_provider
        self._clock = clock
        self._opened = clock()

    async def on_connect_check_health(self, check_health: bool = True) -> None:
        """Sign in. Why it is refused is logged here alone: what is raised of it goes on as "Redis is away"."""
        try:
            await super().on_connect_check_health(check_health)
        except AuthenticationError as error:
            self._log_refusal(error)
            raise
        self._opened = self._clock()

    def should_reconnect(self) -> bool:
        """Whether it is to be opened anew; redis-py asks before a command and after it."""
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
