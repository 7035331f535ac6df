"""Ids in API Gateway's form: 11 bytes in base64url, so 16 characters that end in `=`.

Faithful (decoded from captured ids): first a clock of 25 ms ticks, then a kind in the top bits of byte 4 and in byte 8,
two bytes of the API and two of the host. Not faithful: the bits between are a counter here. So ids are unique within
one emulator, as long as it makes fewer than 16,384 in a tick.
"""

import random
import re
import struct
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from uuid import UUID

from local.aws.payloads import Occasion

_WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{15}=")
_CONNECTION = (0b11, 0x02)
_REQUEST = (0b01, 0x05)


def is_connection_id(text: str) -> bool:
    """Whether `text` has the form of a connection id."""
    return _WELL_FORMED.fullmatch(text) is not None


class Ids:
    """A source of ids for one API. `clock` gives seconds since the epoch."""

    def __init__(self, *, clock: Callable[[], float] = time.time, generator: random.Random | None = None) -> None:
        self._clock = clock
        self._random = generator or random.Random()
        self._count = self._random.getrandbits(14)
        self._api = self._random.getrandbits(16)
        self._host = self._random.getrandbits(16)

    def connection(self) -> str:
        return self._make(*_CONNECTION)

    def message(self) -> str:
        return self._make(*_CONNECTION)

    def request(self) -> str:
        """The `requestId` of one event, also in `x-amz-apigw-id`."""
        return self._make(*_REQUEST)

    def occasion(self) -> Occasion:
        return Occasion(request_id=self.request(), now_ms=int(self._clock() * 1000))

    def uuid(self) -> str:
        """A version 4 UUID, as in `x-amzn-requestid`. It need not be secret, so the fast generator makes it."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def trace(self) -> str:
        """The value of an `X-Amzn-Trace-Id` header."""
        return f"Root=1-{int(self._clock()):08x}-{self._random.getrandbits(96):024x}"

    def _make(self, kind: int, part: int) -> str:
        self._count = (self._count + 1) & 0x3FFF
        ticks = int(self._clock() * 40) & 0xFFFFFFFF
        raw = struct.pack(">IHHBH", ticks, kind << 14 | self._count, self._api, part, self._host)
        return urlsafe_b64encode(raw).decode()
