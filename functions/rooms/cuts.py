"""Connections that a room cuts off by itself.

A user has a few seats. A newer one takes the place of the oldest, whose connection is "replaced". A user whose frames
are refused again and again floods the room and is banned for a while. A connection that was out of reach when its user
was banned or kicked sends a frame. In all cases the connection ends for the room at once; a relay tells it why and
closes it a moment later.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Self

from functions.rooms import objects
from functions.rooms.sanctions import Sanction
from functions.rooms.seats import Seat

# For so long a user who floods a room is banned from it.
FLOOD_BAN_SECONDS = 60
FLOOD_BAN_MS = FLOOD_BAN_SECONDS * 1000
# A tick cuts off so many connections of a room: others must not wait for them.
CUT_AT_ONCE = 100
# So many ended connections are remembered.
ENDED = 1000


@dataclass(frozen=True, slots=True)
class Cut:
    """A connection that is to be told why it ends, and closed; since the time `at` (ms).

    `reason`: "flooding", "replaced", "kicked", or "banned 60 no spam, please" with the seconds for which a ban still
    holds, "-" for good, and why.
    """

    reason: str
    seat: Seat
    at: int

    def pack(self) -> str:
        """Its name in Redis."""
        return f"{self.reason}\t{self.seat.pack()}"

    @classmethod
    def unpack(cls, packed: str, at: int) -> Self:
        reason, _, seat = packed.partition("\t")
        return cls(reason, Seat.unpack(seat), at)

    def to_object(self) -> objects.Object:
        """What the connection is told."""
        match self.reason.split(" ", 2):
            case ["flooding"]:
                return objects.sanction("banned", FLOOD_BAN_SECONDS, self.reason)
            case ["replaced"]:
                return objects.sanction("kicked", None, self.reason)
            case [action]:
                return objects.sanction(action, None)
            case [action, seconds, why]:
                return objects.sanction(action, None if seconds == "-" else int(seconds), why)
        raise AssertionError(f"no reason: {self.reason!r}")


def banned_as(ban: Sanction, now: int) -> str:
    """The reason of a Cut for a ban that holds at `now`, as closing.lua writes it."""
    return f"banned {ban.seconds_left(now) or '-'} {ban.reason}"


class Ended:
    """Connections that have ended for their room, as one process remembers them: what still comes from them need not be
    asked about. Times are in ms."""

    def __init__(self) -> None:
        self._times: OrderedDict[str, int] = OrderedDict()

    def add(self, connection_id: str, now: int) -> None:
        """Remember a connection for as long as a flood's ban lasts."""
        self._times[connection_id] = now
        if len(self._times) > ENDED:
            self._times.popitem(last=False)

    def has(self, connection_id: str, now: int) -> bool:
        """Whether this connection ended a short time ago."""
        return 0 <= now - self._times.get(connection_id, now - FLOOD_BAN_MS) < FLOOD_BAN_MS
