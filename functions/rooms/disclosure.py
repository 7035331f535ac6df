"""What is stored of a user, as it is told to them."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from functions.rooms.archive import OF_JSON, REMOVAL, kind_of
from functions.rooms.events import CHAT, JOIN, LEAVE, NOTICE, PROPERTIES, REMOVED, SANCTION, SETTINGS
from functions.rooms.refusal import Refusal

# What an item with a type is of.
WHAT = {
    JOIN: "join",
    LEAVE: "leave",
    CHAT: "chat",
    REMOVED: "removal",
    NOTICE: "notice",
    SANCTION: "sanction",
    SETTINGS: "settings",
    PROPERTIES: "properties",
}
OTHER, MARK, SUMS = "other", "removalMark", "sums"
# What only the table is for.
_OF_TABLE = ("pk", "sk", "topOf", "offset")


Key = tuple[str, str]


def pack_cursor(key: Key | None) -> str | None:
    """The cursor of a page that ended with this key, which callers pass on unread; None at the end."""
    return None if key is None else base64.urlsafe_b64encode("\t".join(key).encode()).decode()


def parse_cursor(cursor: str | None) -> Key | None:
    """The inverse of `pack_cursor`; raises Refusal `bad_field`."""
    if cursor is None:
        return None
    try:
        pk, tab, sk = base64.b64decode(cursor, altchars=b"-_", validate=True).decode().partition("\t")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pk = tab = sk = ""
    if not (tab and pk and sk):
        raise Refusal("bad_field", "cursor must be one that a page ended with")
    return pk, sk


def room_of(pk: str) -> int:
    """The room that a partition is of."""
    return int(pk.split("#")[1])


def what_of(sk: str, attributes: Mapping[str, Any]) -> str:
    """What an item is."""
    if "type" in attributes:
        return WHAT.get(attributes["type"], OTHER)
    if kind_of(sk) == REMOVAL or "of" in attributes:
        return MARK
    return SUMS if kind_of(sk) == "u" else OTHER


def told_of(pk: str, sk: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """An item by the names of its attributes, with its room and what it is. `expires` is in seconds since the epoch."""
    shown = {name: value for name, value in attributes.items() if name not in _OF_TABLE}
    shown |= {name: json.loads(shown[name]) for name in OF_JSON if name in shown}
    if kind_of(sk) == REMOVAL:
        shown["seq"] = int(sk.partition("#")[2])
    return {"activityId": room_of(pk), "what": what_of(sk, attributes), **shown}
