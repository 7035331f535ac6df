"""Seats that were given up by somebody else than their own connection's end: found dead by a relay, or swept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from functions.rooms import events
from functions.rooms.events import Event
from functions.rooms.seats import Seat


@dataclass(frozen=True)
class Departure:
    """A seat that was given up. `last`: the user has no other; `watched` is the watch time this earned, in ms."""

    activity_id: int
    seat: Seat
    username: str
    watched: int
    last: bool
    online: int
    likes: int

    def to_event(self, now: int) -> Event:
        """The event that says so: the user has left, or has at least earned this."""
        return Event(
            activity_id=self.activity_id,
            type=events.LEAVE if self.last else events.HEARTBEAT,
            time=now,
            user_id=self.seat.user_id,
            username=self.username,
            connection_id=self.seat.connection_id,
            online=self.online,
            likes=self.likes,
            watch_seconds=self.watched / 1000,
        )


def read_departures(activity_id: int, online: int, likes: int, flat: Sequence[Any]) -> list[Departure]:
    """What `after.lua` and `sweep.lua` list: seat, username, earned ms, last, and so on."""
    return [
        Departure(activity_id, Seat.unpack(seat), username, watched, last == 1, online, likes)
        for seat, username, watched, last in zip(*(flat[column::4] for column in range(4)), strict=True)
    ]
