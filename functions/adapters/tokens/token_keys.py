"""The keys that tokens are signed with: one or two live keys, told apart by `kid`, so that they can be rotated.

The secret is `{"current": "<kid>", "<kid>": "<secret text>", ...}`. It is flat because Secrets Manager can generate a
value only at the top of a secret's JSON. Tokens are signed with the current key and verified with every listed key.
"""

import json
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

from functions.adapters.aws.secrets import SecretsManager, SecretUnavailable, secrets_client
from functions.runtime.settings import Settings

log = logging.getLogger(__name__)

KEEP_SECONDS = 300
# At least so long between two reads, whatever tokens come and whether Secrets Manager answers or not.
PAUSE_SECONDS = 10
# HS256 asks for a key as long as its hash: https://www.rfc-editor.org/rfc/rfc7518#section-3.2
KEY_BYTES = 32


@dataclass(frozen=True)
class Keys:
    """The live keys by `kid`, and the `kid` of the key to sign with."""

    current: str
    by_kid: Mapping[str, str] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the secret's text; raises SecretUnavailable, which quotes none of the text."""
        try:
            secret: Any = json.loads(text)
            keys = {**secret}
            current = keys.pop("current")
        except (ValueError, TypeError, KeyError):
            raise SecretUnavailable('the token keys are not {"current": kid, kid: secret}') from None
        if not all(isinstance(key, str) and len(key.encode("utf-8", "replace")) >= KEY_BYTES for key in keys.values()):
            raise SecretUnavailable(f"each of the token keys must be a text of at least {KEY_BYTES} bytes")
        if not isinstance(current, str) or current not in keys:
            raise SecretUnavailable("the current one is not among the token keys")
        return cls(current, keys)


class TokenKeys:
    """Caches the keys for 5 minutes, and longer while they cannot be read again.

    `read` returns the secret's text or raises SecretUnavailable. `clock` returns seconds. A monotonic clock may stand
    still while Lambda freezes the process, so the default is the time of day.
    """

    def __init__(self, read: Callable[[], Awaitable[str]], *, clock: Callable[[], float] = time.time) -> None:
        self._read = read
        self._clock = clock
        self._keys: Keys | None = None
        self._read_at = self._tried_at = -math.inf

    async def current(self) -> Keys:
        """The cached keys, read again if they are stale; raises SecretUnavailable if there are none."""
        if self._keys is None:
            return await self._renew()
        if self._clock() - self._read_at >= KEEP_SECONDS:
            return await self._try_to_renew(self._keys)
        return self._keys

    async def with_kid(self, kid: str) -> Keys:
        """As `current`, but the keys are read again if `kid` is not among them: it may be newer than the cache."""
        keys = await self.current()
        return keys if kid in keys.by_kid else await self._try_to_renew(keys)

    async def _try_to_renew(self, keys: Keys) -> Keys:
        if self._clock() - self._tried_at < PAUSE_SECONDS:
            return keys
        try:
            return await self._renew()
        except SecretUnavailable as error:
            log.warning("the token keys are not renewed, the old ones serve on: %s", error)
            return keys

    async def _renew(self) -> Keys:
        self._tried_at = self._clock()
        self._keys = Keys.parse(await self._read())
        self._read_at = self._clock()
        return self._keys


def stage_keys(secret: str, settings: Settings) -> TokenKeys:
    """The keys in a secret of the stage, read when they are first needed."""
    return TokenKeys(SecretsManager(secret, partial(secrets_client, settings.aws_region)).read)
