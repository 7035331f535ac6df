"""What the server says to a client: the objects of the protocol, as JSON text in UTF-8."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from functions.rooms import events
from functions.rooms.events import Event
from functions.rooms.identity import Framing
from functions.rooms.payload import FRAME_BYTES
from functions.rooms.people import Person
from functions.rooms.properties import Properties
from functions.rooms.refusal import Refusal
from functions.rooms.removals import Removal

# The types of those objects that are not made of an event; the others have the event's type.
REPLY, WHO_IS_HERE, COUNT, LIKES, WELCOME, LEFT_OUT = 0, 3, 5, 6, 8, 13

# Names in a type 13 object, by the type of what was left out. Properties never are.
LEFT_OUT_NAMES = {
    events.JOIN: "join",
    events.LEAVE: "leave",
    events.CHAT: "chat",
    events.REMOVED: "removal",
    events.NOTICE: "notice",
    events.SANCTION: "sanction",
    events.SETTINGS: "settings",
}

Object = dict[str, Any]


def accepted(client_id: str, seq: int | None = None) -> Object:
    """The reply to a frame that was accepted; `seq` for chat only."""
    return {"messageType": REPLY, "id": client_id, "ok": True} | _known(seq=seq)


def refused(refusal: Refusal) -> Object:
    """The reply to a frame that was refused."""
    said = {"ok": False, "error": refusal.code, "message": refusal.message}
    return {"messageType": REPLY} | _known(id=refusal.client_id) | said | _known(retryAfter=refusal.retry_after)


def _known(**fields: Any) -> Object:
    return {name: value for name, value in fields.items() if value is not None}


def joined_or_left(event: Event, others: int = 0) -> Object:
    """Somebody came or went, and `others` more with them in the same tick."""
    named: Object = {"messageType": event.type, "username": event.who.username, "userId": event.who.user_id}
    attributes = event.who.attributes if event.type == events.JOIN else {}
    return named | _known(attributes=attributes or None, others=others or None)


def who_is_here(users: Iterable[Person], online: int, cursor: str | None) -> Object:
    """A page of users; `cursor` is None at the end."""
    people = [
        {"userId": user.user_id, "username": user.username} | _known(attributes=user.attributes or None)
        for user in users
    ]
    return {"messageType": WHO_IS_HERE, "users": people, "onlineNumber": online, "cursor": cursor}


def of_event(event: Event, reader: str | None = None) -> Object:
    """A chat, or what the platform did (types 9 to 12, and 14), as it is shown; the event is in the room log.

    `reader` is the user who is shown a notice that is not for everybody. The others whom it is for are not named.
    """
    match event:
        case events.Chat():
            return _chat(event)
        case events.Notice():
            shown = {"seq": event.seq, "name": event.name, "data": event.data, "time": event.time}
            return {"messageType": event.type, **shown} | _known(to=reader)
        case events.Removed():
            return _removed(event)
        case events.Sanction():
            return sanction(event.named("action"), event.named("seconds"), event.reason)
        case events.Settings():
            return settings(event.data)
        case events.Properties():
            return properties(event.data)
    raise AssertionError(f"an event of type {event.type} is not shown")


def _chat(event: events.Chat) -> Object:
    shown: Object = {
        "messageType": event.type,
        "seq": event.seq,
        "textMessage": event.content,
        "fromusername": event.who.username,
        "userId": event.who.user_id,
        "avatar": event.who.avatar,
        "time": event.time,
    }
    return shown | _known(id=event.client_id, to=event.to, attributes=event.who.attributes or None, extra=event.extra)


def _removed(event: events.Removed) -> Object:
    removal = Removal.of(event)
    if removal.mark:
        return {"messageType": event.type, "userId": removal.mark.user_id, "seqs": list(removal.seqs)}
    return {"messageType": event.type, "seq": event.named("seq")}


def count(online: int) -> Object:
    """Distinct users now in the room."""
    return {"messageType": COUNT, "onlineNumber": online}


def likes(total: int) -> Object:
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
    mute: Mapping[str, Any] | None,
) -> Object:
    """The first object that a newcomer gets, without the properties and the history: `with_member` adds them. `mute`:
    the newcomer's own, if there is one."""
    head: Object = {
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
    return head | _known(mute=mute)


def settings(settings: Any) -> Object:
    """What the room allows now."""
    return {"messageType": events.SETTINGS, "settings": settings}


def properties(changes: Properties) -> Object:
    """What these properties of the room are now, None for one that was removed."""
    return {"messageType": events.PROPERTIES, "properties": changes}


def sanction(action: Any, seconds: Any, reason: str | None = None) -> Object:
    """What was done to the user who is told; `seconds` is None where it has no end, or none is meant. There is a
    `reason` if one was given, or the room did it by itself."""
    return {"messageType": events.SANCTION, "action": action, "seconds": seconds} | _known(reason=reason or None)


def left_out(dropped: Mapping[str, int], seq: int | None = None) -> Object:
    """How many objects of each kind were left out: of this tick, or at the place of `seq`."""
    return {"messageType": LEFT_OUT} | _known(seq=seq) | {"dropped": dict(dropped)}


def encode(value: Object) -> bytes:
    """One object as a frame or a part of one. A character that UTF-8 cannot carry becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def encode_event(event: Event) -> bytes:
    """An event of type CHAT or of the platform, as it is shown."""
    return in_a_frame(encode(of_event(event)), event.type, event.seq)


def in_a_frame(encoded: bytes, type_: int, seq: int | None = None, *, count: int = 1) -> bytes:
    """An encoded object, or type 13 in its place if no frame has room for it. `count`: how many events it is of.

    Both framings have the same limit, since an object that is shown in one is kept for the other.
    """
    if len(encoded) + len("[]") <= FRAME_BYTES:
        return encoded
    return encode(left_out({LEFT_OUT_NAMES[type_]: count}, seq))


def with_member(welcome: bytes, name: str, value: bytes) -> bytes:
    """An encoded welcome with one member more, which was encoded once for all newcomers."""
    return welcome[:-1] + f',"{name}":'.encode() + value + b"}"


def frame(encoded: Sequence[bytes], framing: Framing) -> bytes:
    """Encoded objects, at least one, as one frame. The classic framing has one object a frame, and gets the last."""
    return array(encoded) if framing == "live.v1" else encoded[-1]


def array(encoded: Sequence[bytes]) -> bytes:
    """Encoded objects as a JSON array, such as a `live.v1` frame."""
    return b"[" + b",".join(encoded) + b"]"
