"""`$disconnect`: gives the seat up and, with the user's last one, says that the user left."""

from dataclasses import replace

from functions.adapters.departure import Departure
from functions.adapters.room_answers import Left
from functions.adapters.room_log import LogUnavailable
from functions.aws_events.websocket import ConnectionEvent
from functions.entry import Entry, JsonObject
from functions.parts import RoomParts, build
from functions.rooms.identity import Identity
from functions.rooms.seats import Seat


async def main(raw: JsonObject, parts: RoomParts) -> JsonObject:
    """Raises StateUnavailable or LogUnavailable; then the seat stays, and the sweep gives it up."""
    event = ConnectionEvent.parse(raw)
    if "malformed" in event.context:
        return {"statusCode": 200}  # connect refused it, so it has no seat
    identity = Identity.from_context(event.context)
    seat = Seat.of(event.connection_id, identity)
    now = parts.clock()
    left = await parts.state.leave(seat, identity.activity_id, now)
    if left is not None:
        await announce(parts, seat, identity, left, now)
    return {"statusCode": 200}


async def announce(parts: RoomParts, seat: Seat, identity: Identity, left: Left, now: int) -> None:
    """Say that the user left; a user who has other seats has only earned watch time."""
    departure = Departure(identity.activity_id, seat, left)
    event = replace(departure.to_event(now), avatar=identity.avatar)
    try:
        await (parts.log.publish(event) if left.last else parts.log.publish_saved(event))
    except LogUnavailable:
        await parts.state.put_back(seat, identity.activity_id, left)
        raise


handler = Entry(main, build)
