"""What a client sends: one JSON object a frame."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from functions.rooms import events
from functions.rooms import text as texts
from functions.rooms.extra import Extra, flaw_of_extra
from functions.rooms.objects import WHO_IS_HERE
from functions.rooms.people import Place
from functions.rooms.refusal import Refusal
from functions.rooms.text import CHAT_LENGTH, LINE_LENGTH

FRAME_BYTES = 4096
CURSOR_LENGTH = 512
LIKES_AT_ONCE = 100
PAGE_LIMIT = 200
PAGE_DEFAULT = 50

# What the original's clients send along and its Kafka records carry.
COMPANION_FIELDS = ("company_id", "openid", "unionid", "avatar")

Kind = Literal["chat", "like", "heartbeat", "who"]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What any frame may carry: the client's own `id`, and the original's companion fields as strings.

    `count` is how many likes the frame adds.
    """

    kind: ClassVar[Kind]
    client_id: str | None
    companions: Mapping[str, str]
    count: int = 0


@dataclass(frozen=True, kw_only=True)
class Chat(Frame):
    """Bullet chat; `to` is a userId when it is for that user alone, `extra` what comes beside the text."""

    kind = "chat"
    message: str
    to: str | None
    extra: Extra | None = None


class Like(Frame):
    """`count` taps, added up by the client."""

    kind = "like"


class Heartbeat(Frame):
    """The viewer is still there."""

    kind = "heartbeat"


@dataclass(frozen=True, kw_only=True)
class WhoIsHere(Frame):
    """Asks for at most `limit` users after a place."""

    kind = "who"
    limit: int
    after: Place


def parse_frame(text: str) -> Chat | Like | Heartbeat | WhoIsHere:
    """Read a client's frame.

    Raises Refusal: `too_long` (frame over 4 KB, message over 500 characters), `bad_json`, `bad_type`, `bad_field`; its
    `client_id` is the frame's `id` where that is valid.
    """
    if len(text.encode("utf-8", "surrogatepass")) > FRAME_BYTES:
        raise _too_large(text)
    fields = _parse_object(text)
    client_id = _client_id(fields)
    try:
        return _parse_fields(fields, client_id)
    except Refusal as refusal:
        refusal.client_id = client_id
        raise


def _too_large(text: str) -> Refusal:
    refusal = Refusal("too_long", f"a frame has at most {FRAME_BYTES} bytes")
    # A client that is not told which of its frames this is about sends it again.
    with suppress(Refusal):
        refusal.client_id = _client_id(_parse_object(text))
    return refusal


def _parse_object(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise Refusal("bad_json", "a frame is one JSON object")
    return fields


def _client_id(fields: dict[str, Any]) -> str | None:
    return _id(fields, "id")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _parse_fields(fields: dict[str, Any], client_id: str | None) -> Chat | Like | Heartbeat | WhoIsHere:
    type_ = fields.get("messageType")
    # True is an int to Python and 6.0 equals 6, but neither is the integer 6 on the wire.
    if type(type_) is not int or type_ not in (WHO_IS_HERE, events.CHAT, events.LIKE, events.HEARTBEAT):
        raise Refusal("bad_type", "messageType must be 3, 4, 6 or 7")
    frame: dict[str, Any] = {"client_id": client_id, "companions": _companions(fields)}
    match type_:
        case events.CHAT:
            return Chat(**frame, message=_message(fields), to=_id(fields, "to"), extra=_extra(fields))
        case events.LIKE:
            return Like(**frame, count=_integer(fields, "count", default=1, most=LIKES_AT_ONCE))
        case events.HEARTBEAT:
            return Heartbeat(**frame)
    limit = _integer(fields, "limit", default=PAGE_DEFAULT, most=PAGE_LIMIT)
    return WhoIsHere(**frame, limit=limit, after=Place.parse(_line(fields, "cursor", CURSOR_LENGTH)))


def _message(fields: dict[str, Any]) -> str:
    value = fields.get("message")
    if not isinstance(value, str):
        raise Refusal("bad_field", "message must be a string")
    message = value.strip()
    if not message:
        raise Refusal("bad_field", "message must not be empty")
    if len(message) > CHAT_LENGTH:
        raise Refusal("too_long", f"message has at most {CHAT_LENGTH} characters")
    return _fit("message", message, texts.flaw_of_chat(message))


def _id(fields: dict[str, Any], name: str) -> str | None:
    value = _string(fields, name)
    return value if value is None else _fit(name, value, texts.flaw_of_id(value))


def _extra(fields: dict[str, Any]) -> Extra | None:
    value = fields.get("extra")
    if value is not None and (flaw := flaw_of_extra(value)):
        raise Refusal("bad_field", f"extra {flaw}")
    return value


def _companions(fields: dict[str, Any]) -> dict[str, str]:
    found = {name: _line(fields, name, or_integer=True) for name in COMPANION_FIELDS}
    return {name: text for name, text in found.items() if text is not None}


def _line(fields: dict[str, Any], name: str, most: int = LINE_LENGTH, *, or_integer: bool = False) -> str | None:
    value = _string(fields, name, or_integer=or_integer)
    return value if value is None else _fit(name, value, texts.flaw_of_line(value, most))


def _string(fields: dict[str, Any], name: str, *, or_integer: bool = False) -> str | None:
    value = fields.get(name)
    if or_integer and type(value) is int and abs(value) < 2**63:
        return str(value)
    if value is None or isinstance(value, str):
        return value
    raise Refusal("bad_field", f"{name} must be a string{' or an integer' if or_integer else ''}")


def _fit(name: str, text: str, flaw: str | None) -> str:
    if flaw:
        raise Refusal("bad_field", f"{name} {flaw}")
    return text


def _integer(fields: dict[str, Any], name: str, *, default: int, most: int) -> int:
    value = fields.get(name)
    if value is None:
        return default
    if type(value) is not int or not 1 <= value <= most:
        raise Refusal("bad_field", f"{name} must be an integer from 1 to {most}")
    return value
