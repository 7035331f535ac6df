"""What the server says to a client: the objects of the protocol, as JSON text in UTF-8."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from functions.rooms.events import Event
from functions.rooms.refusal import Refusal

REPLY, JOINED, LEFT, WHO_IS_HERE, CHAT, COUNT, LIKES = 0, 1, 2, 3, 4, 5, 6
WELCOME, REMOVED, NOTICE, SANCTION, SETTINGS, LEFT_OUT = 8, 9, 10, 11, 12, 13

Object = dict[str, Any]


def accepted(client_id: str, seq: int | None = None) -> Object:
    """The reply to a frame that was accepted; `seq` for chat only."""
    reply: Object = {"messageType": REPLY, "id": client_id, "ok": True}
    if seq is not None:
        reply["seq"] = seq
    return reply


def refused(refusal: Refusal) -> Object:
    """The reply to a frame that was refused."""
    reply: Object = {"messageType": REPLY}
    if refusal.client_id is not None:
        reply["id"] = refusal.client_id
    reply |= {"ok": False, "error": refusal.code, "message": refusal.message}
    if refusal.retry_after is not None:
        reply["retryAfter"] = refusal.retry_after
    return reply


def joined(event: Event, others: int = 0) -> Object:
    """Somebody came, and `others` more with them in the same tick."""
    return _came_or_went(JOINED, event, others)


def left(event: Event, others: int = 0) -> Object:
    """Somebody went, and `others` more with them in the same tick."""
    return _came_or_went(LEFT, event, others)


def _came_or_went(kind: int, event: Event, others: int) -> Object:
    said: Object = {"messageType": kind, "username": event.username, "userId": event.user_id}
    if others:
        said["others"] = others
    return said


def who_is_here(users: Iterable[tuple[str, str]], online: int, cursor: str | None) -> Object:
    """A page of (userId, username); `cursor` is None at the end."""
    people = [{"userId": user_id, "username": username} for user_id, username in users]
    return {"messageType": WHO_IS_HERE, "users": people, "onlineNumber": online, "cursor": cursor}


def chat(event: Event) -> Object:
    """A chat that has its place in the room log."""
    said: Object = {
        "messageType": CHAT,
        "seq": event.seq,
        "textMessage": event.content,
        "fromusername": event.username,
        "userId": event.user_id,
        "avatar": event.avatar,
        "time": event.time,
    }
    if event.client_id is not None:
        said["id"] = event.client_id
    if event.to is not None:
        said["to"] = event.to
    return said


def count(online: int) -> Object:
    """Distinct users now in the room."""
    return {"messageType": COUNT, "onlineNumber": online}


def likes(total: int) -> Object:
    """The absolute total."""
    return {"messageType": LIKES, "zanNumber": total}


def welcome(
    *,
    activity_id: int,
    user_id: str,
    connection_id: str,
    online: int,
    likes: int,
    cursor: str,
    gap: bool,
    heartbeat_seconds: int,
    settings: Mapping[str, Any],
) -> Object:
    """The first object that a newcomer gets, but for its history, which `with_history` adds."""
    return {
        "messageType": WELCOME,
        "activityId": activity_id,
        "userId": user_id,
        "connectionId": connection_id,
        "onlineNumber": online,
        "zanNumber": likes,
        "cursor": cursor,
        "gap": gap,
        "heartbeatSeconds": heartbeat_seconds,
        "settings": settings,
    }


def from_platform(event: Event) -> Object:
    """The objects of types 9 to 12: what they say stands in the record's `data`, a notice's name in `name`."""
    if event.type == NOTICE:
        said = {"seq": event.seq, "name": event.name, "data": event.data, "time": event.time}
        return {"messageType": NOTICE, **said}
    if event.type == SETTINGS:
        return {"messageType": SETTINGS, "settings": event.data}
    told = event.data if isinstance(event.data, dict) else {}
    if event.type == REMOVED:
        return {"messageType": REMOVED, "seq": told.get("seq")}
    return sanction(told.get("action"), told.get("seconds"))


def sanction(action: Any, seconds: Any) -> Object:
    """What was done to the one who is told; `seconds` null where it has no end, or none is meant."""
    return {"messageType": SANCTION, "action": action, "seconds": seconds}


def left_out(dropped: Mapping[str, int]) -> Object:
    """How many objects of each kind did not fit into this tick."""
    return {"messageType": LEFT_OUT, "dropped": dict(dropped)}


def encode(value: Object) -> bytes:
    """One object as a frame or a part of one. A character that UTF-8 cannot carry becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def with_history(welcome: bytes, history: Sequence[bytes]) -> bytes:
    """An encoded welcome with its history: objects that were encoded once for all newcomers."""
    return welcome[:-1] + b',"history":' + array(history) + b"}"


def array(encoded: Sequence[bytes]) -> bytes:
    """Encoded objects as a JSON array, such as a `live.v1` frame."""
    return b"[" + b",".join(encoded) + b"]"
