"""Cuts a user off: tells each of their connections why, and closes it."""

import asyncio
import logging
from typing import Protocol

from functions import departures
from functions.adapters.connections import Connections, Outcome
from functions.adapters.departure import Departure
from functions.adapters.moderation_state import ModerationState
from functions.parts import RoomParts
from functions.rooms import objects
from functions.rooms.payload import Payload
from functions.rooms.seats import Seat

log = logging.getLogger(__name__)

# A connection whose handshake is under way can be neither told nor closed: until it is over, or can be given up.
HANDSHAKE_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8)


class Parts(Protocol):
    """What it takes."""

    @property
    def room(self) -> RoomParts:
        """The rooms."""
        ...

    @property
    def moderation(self) -> ModerationState:
        """Who sits where."""
        ...

    @property
    def connections(self) -> Connections:
        """The way to them."""
        ...


async def evict(parts: Parts, activity_id: int, user_id: str, action: str, seconds: int | None) -> int:
    """Cut off every connection that `user_id` has to the room; returns how many. Raises StateUnavailable."""
    seats = await parts.moderation.seats_of(activity_id, user_id)
    if not seats:
        return 0
    await parts.connections.prepare()
    sanction = objects.encode(objects.sanction(action, seconds))
    gone = await asyncio.gather(*(_cut_off(parts.connections, seat, sanction) for seat in seats))
    for seat in (seat for seat, is_gone in zip(seats, gone, strict=True) if is_gone):
        await _give_up(parts.room, activity_id, seat)
    return len(seats)


async def _cut_off(connections: Connections, seat: Seat, sanction: bytes) -> bool:
    """Tell it, then close it; True if there is no such connection, so that nothing will tell of its end."""
    frame = Payload.of(objects.array([sanction]) if seat.framing == "live.v1" else sanction)
    told = await connections.post(seat.connection_id, frame)
    for wait in HANDSHAKE_SECONDS:
        if told is not Outcome.GONE:
            break
        await asyncio.sleep(wait)
        told = await connections.post(seat.connection_id, frame)
    closed = await connections.delete(seat.connection_id)
    if closed not in (Outcome.DELIVERED, Outcome.GONE):
        log.error("connection %s could not be closed: %s", seat.connection_id, closed.value)
    return closed is not Outcome.DELIVERED


async def _give_up(room: RoomParts, activity_id: int, seat: Seat) -> None:
    """Its seat is given up all the same, which also keeps it from hearing or saying anything more."""
    now = room.clock()
    left = await room.state.leave(seat, activity_id, now)
    if left is not None:
        departure = Departure(activity_id, seat, left.username, left.watched, left.last, left.online, left.likes)
        await departures.announce([departure], room.state, room.log, now)
