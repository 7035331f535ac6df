"""Ids as API Gateway makes them: 11 bytes in base64url, so 16 characters that end in `=`.

Faithful (decoded from captured ids): a clock of 25 ms ticks first, then a kind in the top bits of byte 4 and
in byte 8, two bytes of the API and two of the host. Not faithful: what stands between, here a counter, so
that ids are unique within one emulator as long as fewer than 16,384 are made in a tick.
"""

import random
import re
import struct
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable

_WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{15}=")
_CONNECTION = (0b11, 0x02)
_REQUEST = (0b01, 0x05)


def is_connection_id(text: str) -> bool:
    """Whether `text` has the form of a connection id; the connections API answers 400 for any other."""
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
        """The id of a connection, for its whole life."""
        return self._make(*_CONNECTION)

    def message(self) -> str:
        """The `messageId` of one message."""
        return self._make(*_CONNECTION)

    def request(self) -> str:
        """The `requestId` of one event, also in `x-amz-apigw-id`."""
        return self._make(*_REQUEST)

    def uuid(self) -> str:
        """A version 4 UUID, as in `x-amzn-requestid`; from the cheap generator, it guards nothing."""
        bits = self._random.getrandbits(128)
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[bits & 3]}{text[17:20]}-{text[20:]}"

    def trace(self) -> str:
        """The value of an `X-Amzn-Trace-Id` header."""
        return f"Root=1-{int(self._clock()):08x}-{self._random.getrandbits(96):024x}"

    def _make(self, kind: int, part: int) -> str:
        self._count = (self._count + 1) & 0x3FFF
        ticks = int(self._clock() * 40) & 0xFFFFFFFF
        raw = struct.pack(">IHHBH", ticks, kind << 14 | self._count, self._api, part, self._host)
        return urlsafe_b64encode(raw).decode()
