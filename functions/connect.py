"""`$connect`: takes a seat and says so in the room log. The upgrade waits for what this answers."""

import json
from contextlib import suppress

from functions.adapters.redis_client import StateUnavailable
from functions.adapters.room_answers import Banned, Joined
from functions.adapters.room_log import LogUnavailable
from functions.aws_events.websocket import ConnectionEvent
from functions.entry import Entry, JsonObject
from functions.identify import NameNotAllowed, admit
from functions.parts import RoomParts, build
from functions.rooms import events
from functions.rooms.events import Event
from functions.rooms.identity import SUBPROTOCOL, Identity
from functions.rooms.seats import Seat
from functions.together import both


async def main(raw: JsonObject, parts: RoomParts) -> JsonObject:
    """200 with the subprotocol that was offered and is spoken, 400 for a malformed query, 403 for a
    banned user, 503 when a server is away."""
    event = ConnectionEvent.parse(raw)
    if "malformed" in event.context:
        return refusal(400, event.context["malformed"])
    now = parts.clock()
    try:
        identity = await admit(event, parts.words)
        seat = Seat.of(event.connection_id, identity)
        joined = await take(parts, seat, identity, now, since=event.query.get("since", ""))
        if isinstance(joined, Banned):
            return refusal(403, "you are banned from this room")
        await announce(parts, seat, identity, joined, now)
    except NameNotAllowed:
        return refusal(400, "username holds words that are not allowed")
    except (StateUnavailable, LogUnavailable) as away:
        parts.count_away(away)
        return refusal(503, "the room cannot be reached, try again")
    headers = {"Sec-WebSocket-Protocol": SUBPROTOCOL} if identity.framing == SUBPROTOCOL else {}
    return {"statusCode": 200, "headers": headers}


async def take(parts: RoomParts, seat: Seat, identity: Identity, now: int, *, since: str) -> Joined | Banned:
    """Take the seat, in a room that the sweep knows of; raises StateUnavailable, and then there is no seat."""
    try:
        joined, _ = await both(
            parts.state.join(seat, identity, now, since=since), parts.state.list_room(identity.activity_id, now)
        )
    except StateUnavailable:
        # It may be there all the same. If it cannot be taken away now, it is the sweep's.
        with suppress(StateUnavailable):
            await parts.state.unseat(seat, identity.activity_id, now)
        raise
    return joined


async def announce(parts: RoomParts, seat: Seat, identity: Identity, joined: Joined, now: int) -> None:
    """Say that the user came, or only that a further seat waits to be welcomed; without that there is no seat."""
    event = Event(
        activity_id=identity.activity_id,
        type=events.JOIN if joined.first else events.SEATED,
        time=now,
        user_id=identity.user_id,
        username=identity.username,
        connection_id=seat.connection_id,
        avatar=identity.avatar,
        online=joined.online,
        likes=joined.likes,
    )
    try:
        await (parts.log.publish(event) if joined.first else parts.log.publish_live(event))
    except LogUnavailable:
        await parts.state.unseat(seat, identity.activity_id, now)
        raise


def refusal(status: int, message: str) -> JsonObject:
    """The handshake's answer to a client that is not let in."""
    headers = {"Content-Type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"message": message})}


handler = Entry(main, build)
