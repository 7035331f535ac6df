"""A seat is one connection's place in a room: a lease, renewed by heartbeats."""

import zlib
from dataclasses import dataclass
from typing import Self

from functions.rooms.identity import Framing, Identity

# Fixed for good: seats are stored by bucket, and slices share the buckets out among them.
BUCKETS = 32

# Two heartbeats may be lost before a seat counts as empty.
LEASE_HEARTBEATS = 2

_SEPARATOR = "\t"  # no part of a seat can hold a control character


@dataclass(frozen=True, slots=True)
class Seat:
    """Known by what every event of its connection tells, so that no look-up is needed to find it again."""

    connection_id: str
    framing: Framing
    user_id: str

    @classmethod
    def of(cls, connection_id: str, identity: Identity) -> Self:
        """The seat that `identity` has on this connection."""
        return cls(connection_id, identity.framing, identity.user_id)

    def pack(self) -> str:
        """One line of text, the seat's name in the room state; short, since a room holds one for each viewer."""
        kind = "l" if self.framing == "live.v1" else "c"
        return _SEPARATOR.join((self.connection_id, kind, str(bucket_of(self.user_id)), self.user_id))

    @classmethod
    def unpack(cls, packed: str) -> Self:
        """The inverse of `pack`."""
        connection_id, kind, _, user_id = packed.split(_SEPARATOR)
        return cls(connection_id, "live.v1" if kind == "l" else "classic", user_id)


def bucket_of(text: str) -> int:
    """The bucket of a connection id or a user id; the same for ever and everywhere, unlike Python's hash()."""
    return zlib.crc32(text.encode()) % BUCKETS


def buckets_of_slice(slice_: int, slices: int) -> range:
    """The buckets that one of `slices` relays serves; together they serve each bucket once."""
    if not 1 <= slices <= BUCKETS or not 0 <= slice_ < slices:
        raise ValueError(f"slice {slice_} of {slices}: there are 1 to {BUCKETS} slices, numbered from 0")
    return range(slice_, BUCKETS, slices)
