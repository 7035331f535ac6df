"""AWS credentials of the function's role, renewed before they expire.

A plain Lambda function finds them in its environment, for as long as the environment lives; one that was restored from
a snapshot asks an endpoint on the machine for them.
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

# Signed requests must outlive the time it takes to send them, and so must the credentials.
RENEW_SECONDS = 300
FETCH_SECONDS = 2
# While the ones that are held are good, an endpoint that gives none costs a call its time so seldom.
RETRY_SECONDS = 10

log = logging.getLogger(__name__)


class NoCredentials(Exception):
    """There are none in the environment, or the endpoint gave none; the message says which."""


@dataclass(frozen=True)
class Credentials:
    """An access key; `token` for temporary ones. `expires` in seconds since the epoch, None: not known to."""

    access_key: str
    secret_key: str
    token: str | None = None
    expires: float | None = None


class CredentialSource:
    """Where credentials come from. `clock` tells seconds since the epoch."""

    def __init__(self, environment: Mapping[str, str], *, clock: Callable[[], float] = time.time) -> None:
        self._environment = environment
        self._clock = clock
        self._current: Credentials | None = None
        self._renew_at = 0.0

    async def current(self) -> Credentials:
        """Credentials that are valid for some minutes more, and for less where no others are given; the same object
        until they are renewed. Raises NoCredentials."""
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
