"""AWS credentials of the function's role, renewed before they expire.

A plain Lambda function has its credentials in environment variables, which are valid as long as the execution
environment lives. A snapshot must not contain credentials, so a function restored from one gets them from an endpoint
on its machine, with a time at which they expire. RENEW_SECONDS before that time new ones are fetched. If that fails,
the old ones are used until they expire, and fetching is retried every RETRY_SECONDS.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

# So long before the credentials expire they are renewed: a request must not expire while it is being sent.
RENEW_SECONDS = 300
FETCH_SECONDS = 2
# A call waits up to FETCH_SECONDS for an endpoint that fails, but only one call in so many seconds.
RETRY_SECONDS = 10

log = logging.getLogger(__name__)


class NoCredentials(Exception):
    """The environment has no credentials, or the endpoint gave none. The message says which."""


@dataclass(frozen=True)
class Credentials:
    """An access key. Temporary keys have a `token`. `expires` is in seconds since the epoch, None for never."""

    access_key: str
    secret_key: str
    token: str | None = None
    expires: float | None = None


class CredentialSource:
    """Loads credentials and keeps them until they must be renewed. `clock` tells seconds since the epoch."""

    def __init__(self, environment: Mapping[str, str], *, clock: Callable[[], float] = time.time) -> None:
        self._environment = environment
        self._clock = clock
        self._current: Credentials | None = None
        self._renew_at = 0.0

    async def current(self) -> Credentials:
        """Valid credentials, the same object until they are renewed. Raises NoCredentials."""
        current, now = self._current, self._clock()
        if current is None:
            return self._hold(await self._load())
        if current.expires is None or now < self._renew_at:
            return current
        try:
            return self._hold(await self._load())
        except NoCredentials as error:
            if now >= current.expires:
                raise
            log.warning("the credentials are not renewed: %s", error)
            self._renew_at = min(now + RETRY_SECONDS, current.expires)
            return current

    def _hold(self, credentials: Credentials) -> Credentials:
        self._current = credentials
        self._renew_at = (credentials.expires or 0) - RENEW_SECONDS
        return credentials

    async def _load(self) -> Credentials:
        environment = self._environment
        if "AWS_ACCESS_KEY_ID" in environment and "AWS_SECRET_ACCESS_KEY" in environment:
            token = environment.get("AWS_SESSION_TOKEN") or None
            return Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], token)
        if "AWS_CONTAINER_CREDENTIALS_FULL_URI" in environment:
            return await asyncio.to_thread(self._fetch, environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
        raise NoCredentials("neither AWS_ACCESS_KEY_ID nor AWS_CONTAINER_CREDENTIALS_FULL_URI is set")

    def _fetch(self, url: str) -> Credentials:
        import urllib.request  # heavy, and seldom needed

        request = urllib.request.Request(url, headers=self._authorization())
        try:
            with urllib.request.urlopen(request, timeout=FETCH_SECONDS) as response:
                found = json.load(response)
            expires = datetime.fromisoformat(found["Expiration"]).timestamp()
            return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["Token"], expires)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NoCredentials(f"the credentials endpoint gave none: {error!r}") from error

    def _authorization(self) -> dict[str, str]:
        file = self._environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        token = Path(file).read_text() if file else self._environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        return {"Authorization": token} if token else {}
