"""What a client sends: one JSON object a frame."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.rooms.refusal import Refusal

FRAME_BYTES = 4096
MESSAGE_LENGTH = 500
ID_LENGTH = 64
LIKES_AT_ONCE = 100
PAGE_LIMIT = 200
PAGE_DEFAULT = 50

# What the original's clients send along and its Kafka records carry.
COMPANION_FIELDS = ("company_id", "openid", "unionid", "avatar")
COMPANION_LENGTH = 512


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What any frame may carry: the client's own `id`, and the original's companion fields as strings."""

    client_id: str | None
    companions: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Chat(Frame):
    """Bullet chat; `to` is a userId when it is for that user alone."""

    message: str
    to: str | None


@dataclass(frozen=True, kw_only=True)
class Like(Frame):
    """`count` taps, added up by the client."""

    count: int


@dataclass(frozen=True, kw_only=True)
class Heartbeat(Frame):
    """The viewer is still there."""


@dataclass(frozen=True, kw_only=True)
class WhoIsHere(Frame):
    """Asks for at most `limit` users after `cursor`."""

    limit: int
    cursor: str | None


def parse_frame(text: str) -> Chat | Like | Heartbeat | WhoIsHere:
    """Read a client's frame.

    Raises Refusal: `too_long` (frame over 4 KB, message over 500 characters), `bad_json`, `bad_type`, `bad_field`; its
    `client_id` is the frame's `id` wherever that one is sound.
    """
    if len(text.encode("utf-8", "surrogatepass")) > FRAME_BYTES:
        raise Refusal("too_long", f"a frame has at most {FRAME_BYTES} bytes")
    fields = _parse_object(text)
    client_id = _client_id(fields)
    try:
        return _parse_fields(fields, client_id)
    except Refusal as refusal:
        refusal.client_id = client_id
        raise


def _parse_object(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Refusal("bad_json", "a frame is one JSON object") from None
    if not isinstance(fields, dict):
        raise Refusal("bad_json", "a frame is one JSON object")
    return fields


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _parse_fields(fields: dict[str, Any], client_id: str | None) -> Chat | Like | Heartbeat | WhoIsHere:
    kind = fields.get("messageType")
    # True is an int to Python and 6.0 equals 6, but neither is the integer 6 on the wire.
    if type(kind) is not int or kind not in (3, 4, 6, 7):
        raise Refusal("bad_type", "messageType must be 3, 4, 6 or 7")
    companions = _companions(fields)
    if kind == 4:
        message, to = _message(fields), _recipient(fields)
        return Chat(client_id=client_id, companions=companions, message=message, to=to)
    if kind == 6:
        count = _integer(fields, "count", default=1, most=LIKES_AT_ONCE)
        return Like(client_id=client_id, companions=companions, count=count)
    if kind == 7:
        return Heartbeat(client_id=client_id, companions=companions)
    limit = _integer(fields, "limit", default=PAGE_DEFAULT, most=PAGE_LIMIT)
    cursor = _text(fields, "cursor", ID_LENGTH * 8)
    return WhoIsHere(client_id=client_id, companions=companions, limit=limit, cursor=cursor)


def _client_id(fields: dict[str, Any]) -> str | None:
    client_id = _text(fields, "id", ID_LENGTH)
    if client_id == "":
        raise Refusal("bad_field", "id must not be empty")
    return client_id


def _message(fields: dict[str, Any]) -> str:
    value = fields.get("message")
    if not isinstance(value, str) or not _is_encodable(value):
        raise Refusal("bad_field", "message must be a string")
    message = value.strip()
    if not message:
        raise Refusal("bad_field", "message must not be empty")
    if len(message) > MESSAGE_LENGTH:
        raise Refusal("too_long", f"message has at most {MESSAGE_LENGTH} characters")
    return message


def _recipient(fields: dict[str, Any]) -> str | None:
    to = _text(fields, "to", 64)
    if to == "":
        raise Refusal("bad_field", "to must be a userId")
    return to


def _companions(fields: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in COMPANION_FIELDS:
        value = fields.get(name)
        if value is None:
            continue
        if type(value) is int and abs(value) < 2**63:
            value = str(value)
        if not isinstance(value, str) or len(value) > COMPANION_LENGTH or not _is_encodable(value):
            raise Refusal(
                "bad_field", f"{name} must be a string of at most {COMPANION_LENGTH} characters or an integer"
            )
        found[name] = value
    return found


def _text(fields: dict[str, Any], name: str, most: int) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > most or not _is_encodable(value):
        raise Refusal("bad_field", f"{name} must be a string of at most {most} characters")
    return value


def _integer(fields: dict[str, Any], name: str, *, default: int, most: int) -> int:
    value = fields.get(name)
    if value is None:
        return default
    if type(value) is not int or not 1 <= value <= most:
        raise Refusal("bad_field", f"{name} must be an integer from 1 to {most}")
    return value


def _is_encodable(text: str) -> bool:
    # A lone surrogate (a JSON "\ud800") cannot be written as UTF-8, so nobody downstream could carry it.
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
