"""`$default`: takes in what a client sends. What this returns is the frame that the client gets back."""

from functions.adapters.redis_client import StateUnavailable
from functions.adapters.room_answers import Gone
from functions.adapters.room_log import LogUnavailable
from functions.aws_events.websocket import ConnectionEvent
from functions.entry import Entry, JsonObject
from functions.identify import identify
from functions.metrics import FRAMES_REFUSED
from functions.parts import RoomParts, build
from functions.rooms import objects
from functions.rooms.frames import WhoIsHere, parse_frame
from functions.rooms.identity import Framing, Identity
from functions.rooms.objects import Object
from functions.rooms.people import Place
from functions.rooms.refusal import Refusal
from functions.rooms.seats import Seat
from functions.sender import Sender
from functions.together import both


async def main(raw: JsonObject, parts: RoomParts) -> JsonObject:
    """The reply as a two-way route's response; without a body nothing is sent."""
    event = ConnectionEvent.parse(raw)
    try:
        said = await answer(event, parts)
    except Refusal as refusal:
        parts.meter.emit({FRAMES_REFUSED: 1}, code=refusal.code)
        said = [objects.refused(refusal)]
    return respond(said, Identity.from_context(event.context).framing)


async def answer(event: ConnectionEvent, parts: RoomParts) -> list[Object]:
    """What is said to the frame; raises Refusal, which carries the frame's id."""
    frame = parse_frame(event.body)
    try:
        identity = await identify(event, parts.words)
        sender = Sender(parts, Seat.of(event.connection_id, identity), identity)
        if isinstance(frame, WhoIsHere):
            return await who_is_here(frame, sender, parts)
        return await sender.send(frame)
    except (StateUnavailable, LogUnavailable) as away:
        parts.count_away(away)
        refusal = Refusal("unavailable", "the room cannot be reached, try again", retry_after=1)
    except Refusal as refused:
        refusal = refused
    refusal.client_id = frame.client_id
    raise refusal


async def who_is_here(frame: WhoIsHere, sender: Sender, parts: RoomParts) -> list[Object]:
    """A page of the people in the room. With an `id` it carries that, since a classic client gets it alone."""
    after = Place.parse(frame.cursor)
    accepted, page = await both(
        sender.accept(frame),
        parts.state.who(sender.activity_id, limit=frame.limit, after=(after.bucket, after.user_id)),
    )
    if isinstance(accepted, Gone):
        return []
    users, online, following = page
    people = objects.who_is_here(users, online, Place(*following).pack() if following else None)
    if frame.client_id is None:
        return [people]
    return [objects.accepted(frame.client_id), {**people, "id": frame.client_id}]


def respond(said: list[Object], framing: Framing) -> JsonObject:
    """One frame: an array in `live.v1`; the classic framing has one object a frame, and gets the last."""
    if not said:
        return {"statusCode": 200}
    encoded = [objects.encode(value) for value in said]
    frame = objects.array(encoded) if framing == "live.v1" else encoded[-1]
    return {"statusCode": 200, "body": frame.decode()}


handler = Entry(main, build)
