"""`$default`: a client sent a frame. What this returns is the frame that the client gets back."""

from functions.adapters.kafka.room_log import LogUnavailable
from functions.adapters.redis.client import StateUnavailable
from functions.aws_events.websocket import ConnectionEvent
from functions.parts import MessageParts, message_parts
from functions.rooms import objects
from functions.rooms.frames import WhoIsHere, parse_frame
from functions.rooms.identity import Framing, Identity
from functions.rooms.objects import Object
from functions.rooms.refusal import Refusal
from functions.rooms.seats import Seat
from functions.runtime.entry import Entry, JsonObject
from functions.runtime.metrics import FRAMES_REFUSED
from functions.usecases.expulsion import is_expelled
from functions.usecases.floods import is_awaited
from functions.usecases.names import masked
from functions.usecases.once import Unsettled
from functions.usecases.sender import Sender


async def main(raw: JsonObject, parts: MessageParts) -> JsonObject:
    """The reply, as the response of a two-way route; without a body nothing is sent."""
    event = ConnectionEvent.parse(raw, "MESSAGE")
    if parts.ended.has(event.connection_id, parts.clock()):
        return {"statusCode": 200}
    identity = Identity.from_context(event.context)
    try:
        said = await answer(event, identity, parts)
    except Refusal as refusal:
        parts.meter.emit({FRAMES_REFUSED: 1}, code=refusal.code)
        seat = Seat.of(event.connection_id, identity)
        said = [objects.refused(refusal)] if await is_awaited(refusal, parts, seat, identity) else []
    return respond(said, identity.framing)


async def answer(event: ConnectionEvent, identity: Identity, parts: MessageParts) -> list[Object]:
    """The objects of the reply; raises Refusal, which carries the frame's id."""
    frame = parse_frame(event.body)
    try:
        identity = await masked(identity, parts.words)
        seat = Seat.of(event.connection_id, identity)
        if await is_expelled(parts, seat, identity.activity_id):
            return []
        sender = Sender(parts, seat, identity, connected_at=event.connected_at)
        return await (sender.who_is_here(frame) if isinstance(frame, WhoIsHere) else sender.send(frame))
    except (StateUnavailable, LogUnavailable) as away:
        parts.count_away(away)
        refusal = Refusal("unavailable", "the room cannot be reached, try again", retry_after=1)
    except Unsettled as waiting:
        refusal = Refusal("unavailable", str(waiting), retry_after=1)
    except Refusal as refused:
        refusal = refused
    refusal.client_id = frame.client_id
    raise refusal


def respond(said: list[Object], framing: Framing) -> JsonObject:
    """One frame; no body if there is nothing to say."""
    if not said:
        return {"statusCode": 200}
    frame = objects.frame([objects.encode(value) for value in said], framing)
    return {"statusCode": 200, "body": frame.decode()}


handler = Entry("message", main, message_parts)
