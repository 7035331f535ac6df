"""Who opens a connection, and to which room."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, Self

MAX_ACTIVITY_ID = 2**53 - 1
USERNAME_LENGTH = 32
USER_ID_LENGTH = 64
AVATAR_LENGTH = 512

Framing = Literal["live.v1", "classic"]
SUBPROTOCOL: Framing = "live.v1"

CAPABILITIES = frozenset({"chat", "like", "moderate", "publish", "admin"})
# What a viewer may do of whom nothing else is said.
VIEWER = frozenset({"chat", "like"})

_ACTIVITY_ID = re.compile(r"[1-9][0-9]{0,15}")
_CURSOR = re.compile(r"[0-9a-z]{1,16}\.[0-9]{1,16}")


class Malformed(ValueError):
    """A value of the query that cannot be meant; the message names the parameter and says what it may be."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What the authorizer puts into its context, and every later event of the connection carries.

    `caps`: what this connection may do, out of CAPABILITIES; none implies another.
    """

    activity_id: int
    user_id: str
    username: str
    avatar: str = ""
    framing: Framing = "classic"
    caps: frozenset[str] = VIEWER

    def to_context(self) -> dict[str, str]:
        """The authorizer's context: strings only, since AWS hands them on as strings."""
        return {
            "activityId": str(self.activity_id),
            "userId": self.user_id,
            "username": self.username,
            "avatar": self.avatar,
            "framing": self.framing,
            # Never empty: should an empty value get lost on the way, it would come back as a viewer's capabilities.
            "caps": ",".join(sorted(self.caps)) or "none",
        }

    @classmethod
    def from_context(cls, context: Mapping[str, str]) -> Self:
        """The inverse of `to_context`; other keys of the context are ignored, and without `caps` it is a viewer."""
        caps = context.get("caps")
        return cls(
            activity_id=int(context["activityId"]),
            user_id=context["userId"],
            username=context["username"],
            avatar=context["avatar"],
            framing="live.v1" if context["framing"] == "live.v1" else "classic",
            caps=VIEWER if caps is None else CAPABILITIES.intersection(caps.split(",")),
        )


def parse_activity_id(text: str) -> int:
    """An integer from 1 to 2^53-1 in plain decimal digits, without sign or leading zeros; else Malformed."""
    if not _ACTIVITY_ID.fullmatch(text) or int(text) > MAX_ACTIVITY_ID:
        raise Malformed("activityId must be an integer from 1 to 9007199254740991")
    return int(text)


def parse_username(text: str) -> str:
    """1-32 characters after NFC and trim, none a control character; else Malformed."""
    name = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(name) <= USERNAME_LENGTH or has_control_characters(name):
        raise Malformed(f"username must have 1-{USERNAME_LENGTH} characters, none a control character")
    return name


def parse_user_id(text: str) -> str:
    """1-64 characters, no control characters, no white space at the ends, not "." or ".."; else Malformed.

    Those two vanish from the paths of URLs, so nobody could moderate a user of that id.
    """
    if (
        text in (".", "..")
        or not 1 <= len(text) <= USER_ID_LENGTH
        or has_control_characters(text)
        or text != text.strip()
    ):
        raise Malformed(
            f"userId must have 1-{USER_ID_LENGTH} characters, no control characters, no white space at the ends, "
            "and be neither . nor .."
        )
    return text


def parse_avatar(text: str) -> str:
    """A URL of at most 512 characters, or nothing; else Malformed."""
    if len(text) > AVATAR_LENGTH or has_control_characters(text):
        raise Malformed(f"avatar must be a URL of at most {AVATAR_LENGTH} characters")
    return text


def parse_caps(values: Collection[object]) -> frozenset[str]:
    """Capabilities by their names; else Malformed."""
    names = frozenset(value for value in values if isinstance(value, str))
    if not (all(isinstance(value, str) for value in values) and names <= CAPABILITIES):
        raise Malformed(f"caps must be a list out of {', '.join(sorted(CAPABILITIES))}")
    return names


def parse_cursor(text: str) -> str:
    """A resume cursor, `<epoch>.<seq>`; else Malformed."""
    if not _CURSOR.fullmatch(text):
        raise Malformed("since must be a cursor as a welcome gave it: <epoch>.<seq>")
    return text


def has_control_characters(text: str) -> bool:
    """Control characters (Cc), and lone surrogates, which cannot be written as UTF-8."""
    return any(unicodedata.category(character) in ("Cc", "Cs") for character in text)
