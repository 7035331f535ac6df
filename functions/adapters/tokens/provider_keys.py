"""The public keys of the platform's identity provider, a JSON Web Key Set (RFC 7517).

Keys are cached. A token with an unknown `kid` may be signed with a key that is newer than the cache, so the set is read
again then, but at most once a minute: whoever makes up a `kid` must not make us ask the provider. While the provider is
away, known keys serve on for a day.
"""

import asyncio
import json
import logging
import math
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jwt

from functions.adapters.aws.secrets import SecretUnavailable

log = logging.getLogger(__name__)

# The algorithm of a key type: https://www.rfc-editor.org/rfc/rfc7518#section-3.1
ALGORITHMS = {"RSA": "RS256", "EC": "ES256"}
# RS256 asks for no less: https://www.rfc-editor.org/rfc/rfc7518#section-3.3
RSA_BITS = 2048
# The keys are read again after so long, so that one which was withdrawn is trusted no longer.
KEEP_SECONDS = 3600
# At least so long between two reads, whatever tokens come and whether the provider answers or not.
PAUSE_SECONDS = 60
# For so long known keys serve on while the provider is away.
LAST_SECONDS = 86_400
# A viewer waits for the answer.
ANSWER_SECONDS = 2
SET_BYTES = 256 * 1024


@dataclass(frozen=True)
class PublicKey:
    """A key as PyJWT wants it, and the one algorithm that it is for."""

    algorithm: str
    key: Any


class ProviderKeys:
    """`read` returns the key set's text, or raises SecretUnavailable. `clock` returns seconds since the epoch."""

    def __init__(self, read: Callable[[], Awaitable[bytes]], *, clock: Callable[[], float] = time.time) -> None:
        self._read = read
        self._clock = clock
        self._keys: Mapping[str, PublicKey] = {}
        self._read_at = self._tried_at = -math.inf

    async def of(self, kid: str) -> PublicKey | None:
        """The key with this `kid`; None if there is none. Raises SecretUnavailable if no keys are known."""
        age = self._clock() - self._read_at
        if (kid not in self._keys or age >= KEEP_SECONDS) and self._clock() - self._tried_at >= PAUSE_SECONDS:
            await self._renew()
        if self._clock() - self._read_at >= LAST_SECONDS:
            raise SecretUnavailable("the identity provider's keys are not known")
        return self._keys.get(kid)

    async def _renew(self) -> None:
        self._tried_at = self._clock()
        try:
            self._keys = parse_key_set(await self._read())
        except SecretUnavailable as error:
            log.warning("the identity provider's keys are not renewed: %s", error)
        else:
            self._read_at = self._clock()


def parse_key_set(text: bytes) -> dict[str, PublicKey]:
    """The keys of a set by `kid`, without those that sign nothing here; raises SecretUnavailable if it is no set."""
    try:
        listed = json.loads(text)["keys"]
        keys = dict(_usable(listed))
    except (ValueError, TypeError, KeyError, RecursionError):
        raise SecretUnavailable('it is no key set, {"keys": [...]}') from None
    return keys


def _usable(listed: Any) -> Iterator[tuple[str, PublicKey]]:
    for entry in listed:
        key = _public_key(entry) if isinstance(entry, dict) else None
        if key is not None:
            yield entry["kid"], key


def _public_key(entry: dict[str, Any]) -> PublicKey | None:
    """A key that verifies RS256 or ES256. A secret key ("oct") is none: it would make the set's reader a signer."""
    algorithm = ALGORITHMS.get(str(entry.get("kty")))
    fits = algorithm and entry.get("alg", algorithm) == algorithm and entry.get("use", "sig") == "sig"
    if not fits or not isinstance(entry.get("kid"), str) or (algorithm == "ES256" and entry.get("crv") != "P-256"):
        return None
    public = {name: value for name, value in entry.items() if name in ("kty", "crv", "n", "e", "x", "y")}
    try:
        key = jwt.PyJWK(public, algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError):
        log.warning("a key of the identity provider cannot be read, its kid is %.100r", entry["kid"])
        return None
    return PublicKey(str(algorithm), key) if key.key_size >= (RSA_BITS if algorithm == "RS256" else 0) else None


def read_from(url: str) -> Callable[[], Awaitable[bytes]]:
    """A `read` for ProviderKeys that asks a server."""
    return partial(asyncio.to_thread, _read, url)


def _read(url: str) -> bytes:
    # Most environments never read a key set, and these imports cost a cold start.
    import http.client
    import urllib.request

    class NoRedirects(urllib.request.HTTPRedirectHandler):
        """The keys are those at the address that was set, and at no other."""

        def redirect_request(self, *_: Any) -> None:
            return None

    try:
        with urllib.request.build_opener(NoRedirects).open(url, timeout=ANSWER_SECONDS) as response:
            text: bytes = response.read(SET_BYTES + 1)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SecretUnavailable(f"{url}: {error}") from None
    if len(text) > SET_BYTES:
        raise SecretUnavailable(f"{url}: it has more than {SET_BYTES} bytes")
    return text
