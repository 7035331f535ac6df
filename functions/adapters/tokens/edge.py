"""Tells requests that came through the stage's distribution from those at the APIs' own addresses.

The distribution adds a secret to each request that it hands on. The secret is one of a set of keys, of the same form as
the token keys, so it is replaced in the same way: both are accepted meanwhile.
"""

import hmac
from collections.abc import Mapping

from functions.adapters.tokens.token_keys import Keys, TokenKeys, stage_keys
from functions.runtime.settings import EDGE_HEADER, Settings


class Edge:
    """`keys` None: requests may come by any way."""

    def __init__(self, keys: TokenKeys | None = None) -> None:
        self._keys = keys

    async def lets_in(self, headers: Mapping[str, str]) -> bool:
        """Whether a request with these headers, names in lower case, may come in; raises SecretUnavailable."""
        if self._keys is None:
            return True
        secret = headers.get(EDGE_HEADER, "").encode("utf-8", "replace")
        if not secret:
            return False
        # No key has an empty name: if none of those that are known fits, they are read again.
        return _fits(secret, await self._keys.current()) or _fits(secret, await self._keys.with_kid(""))


def edge(settings: Settings) -> Edge:
    """The edge of the settings' secret, which is read when the first request comes."""
    if not settings.edge_secret:
        return Edge()
    return Edge(stage_keys(settings.edge_secret, settings))


def _fits(secret: bytes, keys: Keys) -> bool:
    return any(hmac.compare_digest(secret, key.encode()) for key in keys.by_kid.values())
