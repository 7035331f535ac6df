"""`$disconnect`: gives the seat up, and announces that the user left if it was their last."""

from functions.adapters.kafka.room_log import LogUnavailable
from functions.aws_events.websocket import ConnectionEvent
from functions.parts import RoomParts, disconnect_parts
from functions.rooms.answers import Departure
from functions.rooms.identity import Identity
from functions.rooms.seats import Seat
from functions.runtime.entry import Entry, JsonObject
from functions.usecases.announcer import announce


async def main(raw: JsonObject, parts: RoomParts) -> JsonObject:
    """Raises StateUnavailable or LogUnavailable; then the seat stays, and the sweep gives it up."""
    event = ConnectionEvent.parse(raw, "DISCONNECT")
    if "malformed" in event.context:
        return {"statusCode": 200}  # connect refused it, so it has no seat
    identity = Identity.from_context(event.context)
    seat, activity_id, now = Seat.of(event.connection_id, identity), identity.activity_id, parts.clock()
    left = await parts.state.leave(seat, activity_id, now)
    if left is not None:
        departure = Departure(activity_id, seat, left)
        try:
            for told in departure.to_events(now, identity.avatar):
                await announce(parts.log, told)
        except LogUnavailable:
            # Also if nobody knows whether it was published: the sweep announces it, perhaps again.
            await parts.state.put_back(seat, activity_id, left)
            raise
    return {"statusCode": 200}


handler = Entry("disconnect", main, disconnect_parts)
