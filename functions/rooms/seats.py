"""Seats, buckets and slices: how the viewers of a room are shared out among relays.

A seat is one connection's place in a room. It is a lease, renewed by heartbeats. A reader in the gallery has a place,
which is a lease without a connection (rooms/places.py). Both are kept, counted and given up alike.

One relay cannot post to all viewers of a large room in time. So the relay runs in several slices. Each slice reads the
whole log and posts to its share of the seats. A connection id is hashed into one of 32 buckets, and each slice serves
every n-th bucket: of 3 slices, slice 1 serves the buckets 1, 4, 7 ... 31. So every seat belongs to exactly one slice.
Redis stores seats by bucket and not by slice, so the number of slices can change without moving a seat.
"""

import zlib
from dataclasses import dataclass
from typing import Self

from functions.rooms.identity import Framing, Identity

# Never change this: stored seats would be looked for in other buckets.
BUCKETS = 32

# A lease is so many heartbeat intervals long, so one lost heartbeat does not empty a seat.
LEASE_HEARTBEATS = 2

# A seat that is not welcomed by then has missed its tick, or had a slow handshake.
WELCOME_MS = 5_000

# A handshake takes at most the gateway's 29 seconds, and some. Until then 410 may mean "not yet".
HANDSHAKE_MS = 30_000

_SEPARATOR = "\t"  # no part of a seat can hold a control character


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat is named by facts that ride on every event of its connection, so no function has to look a seat up.

    `is_place`: it is a place in the gallery, with an id of its own for a connection's.
    """

    connection_id: str
    framing: Framing
    user_id: str
    is_place: bool = False

    @classmethod
    def of(cls, connection_id: str, identity: Identity) -> Self:
        """The seat that `identity` has on this connection."""
        return cls(connection_id, identity.framing, identity.user_id)

    def pack(self) -> str:
        """The seat's name in Redis. It is short, since a room holds one for each viewer."""
        kind = "g" if self.is_place else "l" if self.framing == "live.v1" else "c"
        return _SEPARATOR.join((self.connection_id, kind, str(bucket_of(self.user_id)), self.user_id))

    @classmethod
    def unpack(cls, packed: str) -> Self:
        connection_id, kind, _, user_id = packed.split(_SEPARATOR)
        return cls(connection_id, "classic" if kind == "c" else "live.v1", user_id, is_place=kind == "g")


def bucket_of(text: str) -> int:
    """The bucket of a connection id or a user id. It is the same in every process, unlike Python's hash()."""
    return zlib.crc32(text.encode()) % BUCKETS


def buckets_of_slice(slice_: int, slices: int) -> range:
    """The buckets that one of `slices` slices serves; raises ValueError if there is no such slice."""
    if not 1 <= slices <= BUCKETS or not 0 <= slice_ < slices:
        raise ValueError(f"slice {slice_} of {slices}: there are 1 to {BUCKETS} slices, numbered from 0")
    return range(slice_, BUCKETS, slices)
