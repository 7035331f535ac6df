"""`$connect`: takes a seat and announces it. The upgrade waits for the answer."""

import json

from functions.adapters.kafka.room_log import LogUnavailable
from functions.adapters.redis.client import StateUnavailable
from functions.aws_events.websocket import ConnectionEvent
from functions.parts import ConnectParts, connect_parts
from functions.rooms.denial import NAME_REJECTED
from functions.rooms.identity import SUBPROTOCOL, Identity
from functions.runtime.entry import Entry, JsonObject
from functions.usecases.names import NameNotAllowed, admit
from functions.usecases.seating import take_seat


async def main(raw: JsonObject, parts: ConnectParts) -> JsonObject:
    """200 with the subprotocol if it was offered, 400 for a malformed query, 403 for a banned user, 429 for one who
    comes too often, 503 if a server is away."""
    event = ConnectionEvent.parse(raw, "CONNECT")
    if "malformed" in event.context:
        return refusal(400, event.context["malformed"])
    try:
        identity = await admit(Identity.from_context(event.context), parts.words)
        denial = await take_seat(parts, identity, event)
    except NameNotAllowed:
        denial = NAME_REJECTED
    except (StateUnavailable, LogUnavailable) as away:
        parts.count_away(away)
        return refusal(503, "the room cannot be reached, try again")
    if denial:
        return refusal(denial.status, denial.message)
    headers = {"Sec-WebSocket-Protocol": SUBPROTOCOL} if identity.framing == SUBPROTOCOL else {}
    return {"statusCode": 200, "headers": headers}


def refusal(status: int, message: str) -> JsonObject:
    headers = {"Content-Type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"message": message})}


handler = Entry("connect", main, connect_parts)
