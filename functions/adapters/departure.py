"""A seat that was given up, and the event that says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from functions.adapters.room_answers import Left
from functions.rooms import events
from functions.rooms.events import Event
from functions.rooms.seats import Seat
from functions.rooms.watch_time import Earned


@dataclass(frozen=True)
class Departure:
    """A seat that was given up, and what was left of its user."""

    activity_id: int
    seat: Seat
    left: Left

    def to_event(self, now: int) -> Event:
        """The event that says so: the user has left, or has at least earned this."""
        return Event(
            activity_id=self.activity_id,
            type=events.LEAVE if self.left.last else events.HEARTBEAT,
            time=now,
            user_id=self.seat.user_id,
            username=self.left.username,
            connection_id=self.seat.connection_id,
            online=self.left.online,
            likes=self.left.likes,
            watch_seconds=self.left.watched.seconds,
        )


def read_departures(activity_id: int, online: int, likes: int, flat: Sequence[Any]) -> list[Departure]:
    """What `after.lua` and `sweep.lua` list: seat, username, earned ms, last, at, before, and so on."""
    return [
        Departure(activity_id, Seat.unpack(seat), Left(last == 1, Earned(earned, at, before), username, online, likes))
        for seat, username, earned, last, at, before in zip(*(flat[column::6] for column in range(6)), strict=True)
    ]
