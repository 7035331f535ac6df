"""AWS credentials of the function's role, renewed before they expire.

A plain Lambda function finds them in its environment, for as long as the environment lives; one that was restored from
a snapshot asks an endpoint on the machine for them.
https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

# Signed requests must outlive the time it takes to send them, and so must the credentials.
RENEW_SECONDS = 300
FETCH_SECONDS = 2


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

    async def current(self) -> Credentials:
        """Credentials that are valid for some minutes more; the same object until they are renewed. Raises
        NoCredentials."""
        current = self._current
        if current is None or (current.expires is not None and self._clock() > current.expires - RENEW_SECONDS):
            self._current = await self._load()
        assert self._current is not None
        return self._current

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
