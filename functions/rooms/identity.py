"""Who opens a connection, and to which room.

The authorizer checks the query of the handshake and puts an `Identity` into its context. API Gateway adds that context
to every later event of the connection, so no other function asks who is speaking.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from functions.rooms import text as texts
from functions.rooms.attributes import Attributes, flaw_of_attributes, pack_attributes, unpack_attributes

MAX_ACTIVITY_ID = 2**53 - 1

Framing = Literal["live.v1", "classic"]
SUBPROTOCOL: Framing = "live.v1"

CAPABILITIES = frozenset({"chat", "like", "moderate", "publish", "admin"})
# The capabilities of a viewer without a token, or with a token that names none.
VIEWER = frozenset({"chat", "like"})

_ACTIVITY_ID = re.compile(r"[1-9][0-9]{0,15}")
_CURSOR = re.compile(r"[0-9a-z]{1,16}\.[0-9]{1,16}")


class Malformed(ValueError):
    """A query parameter is invalid. The message names it and states the allowed form."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who the viewer is, with the `attributes` that others see, and what this connection may do: `caps`, out of
    CAPABILITIES. No capability implies another."""

    activity_id: int
    user_id: str
    username: str
    avatar: str = ""
    framing: Framing = "classic"
    caps: frozenset[str] = VIEWER
    attributes: Attributes = field(default_factory=dict)

    def to_context(self) -> dict[str, str]:
        """The authorizer's context. Its values are strings, since AWS turns all others into strings."""
        context = {
            "activityId": str(self.activity_id),
            "userId": self.user_id,
            "username": self.username,
            "avatar": self.avatar,
            "framing": self.framing,
            # Never empty: if an empty value were lost on the way, `from_context` would take it for a viewer's.
            "caps": ",".join(sorted(self.caps)) or "none",
        }
        return context | ({"attributes": pack_attributes(self.attributes)} if self.attributes else {})

    @classmethod
    def from_context(cls, context: Mapping[str, str]) -> Self:
        """The inverse of `to_context`. Other keys are ignored. A context without `caps` is a viewer's."""
        caps = context.get("caps")
        return cls(
            activity_id=int(context["activityId"]),
            user_id=context["userId"],
            username=context["username"],
            avatar=context["avatar"],
            framing="live.v1" if context["framing"] == "live.v1" else "classic",
            caps=VIEWER if caps is None else CAPABILITIES.intersection(caps.split(",")),
            attributes=unpack_attributes(context.get("attributes", "")),
        )


def parse_activity_id(text: str) -> int:
    """An integer from 1 to 2^53-1 in plain decimal digits, without sign or leading zeros; else Malformed."""
    if not _ACTIVITY_ID.fullmatch(text) or int(text) > MAX_ACTIVITY_ID:
        raise Malformed("activityId must be an integer from 1 to 9007199254740991")
    return int(text)


def parse_username(text: str) -> str:
    """A name, composed and trimmed; Malformed unless it is one (functions/rooms/text.py)."""
    name = texts.trim(text)
    if flaw := texts.flaw_of_name(name):
        raise Malformed(f"username {flaw}")
    return name


def parse_user_id(text: str) -> str:
    """An id; else Malformed."""
    if flaw := texts.flaw_of_id(text):
        raise Malformed(f"userId {flaw}")
    return text


def parse_avatar(text: str) -> str:
    """A line of text, which should be a URL or empty; else Malformed."""
    if flaw := texts.flaw_of_line(text):
        raise Malformed(f"avatar {flaw}")
    return text


def parse_attributes(value: Any) -> Attributes:
    """An object of texts (functions/rooms/attributes.py); else Malformed."""
    if flaw := flaw_of_attributes(value):
        raise Malformed(f"attributes {flaw}")
    attributes: Attributes = value
    return attributes


def read_attributes(text: str) -> Attributes:
    """As `parse_attributes`, from JSON."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    return parse_attributes(value)


def parse_caps(values: Collection[object]) -> frozenset[str]:
    """The set of these capabilities; Malformed if one is unknown."""
    names = frozenset(value for value in values if isinstance(value, str))
    if not (all(isinstance(value, str) for value in values) and names <= CAPABILITIES):
        raise Malformed(f"caps must be a list out of {', '.join(sorted(CAPABILITIES))}")
    return names


def parse_cursor(text: str) -> str:
    """A resume cursor, `<epoch>.<seq>`; else Malformed."""
    if not _CURSOR.fullmatch(text):
        raise Malformed("since must be a cursor as a welcome gave it: <epoch>.<seq>")
    return text
