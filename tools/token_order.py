"""What a token is asked for: by the command line, and at `/_local/token`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from functions.adapters.tokens.tokens import Tokens
from functions.rooms.attributes import Attributes
from functions.rooms.identity import (
    VIEWER,
    Malformed,
    parse_activity_id,
    parse_attributes,
    parse_caps,
    parse_user_id,
    parse_username,
)

DEFAULT_SECONDS = 3600
LONGEST_SECONDS = 86_400 * 365
# The identity provider that the emulator takes tokens of, unless IDENTITY_ISSUER and IDENTITY_AUDIENCE say otherwise.
ISSUER, AUDIENCE = "https://identity.test", "live-rooms"


@dataclass(frozen=True, kw_only=True)
class TokenOrder:
    """Whom a token is for. `activity_id` None: a platform, for every room of the HTTP API and no connection."""

    activity_id: int | None
    user_id: str
    name: str
    caps: frozenset[str] = VIEWER
    seconds: int = DEFAULT_SECONDS
    attributes: Attributes = field(default_factory=dict)

    @classmethod
    def parse(cls, value: Any) -> Self:
        """Read `{activityId, userId, name, caps, seconds, attributes}`, all but the first two optional; raises
        Malformed."""
        if not isinstance(value, Mapping):
            raise Malformed("a token is asked for with one JSON object")
        activity_id, caps = value.get("activityId"), value.get("caps", sorted(VIEWER))
        user_id = parse_user_id(_text(value, "userId"))
        return cls(
            activity_id=None if activity_id is None else parse_activity_id(str(activity_id)),
            user_id=user_id,
            name=parse_username(_text(value, "name") if "name" in value else user_id),
            caps=parse_caps(caps if isinstance(caps, list) else [None]),
            seconds=_seconds(value.get("seconds", DEFAULT_SECONDS)),
            attributes=parse_attributes(value.get("attributes", {})),
        )

    async def fill(self, tokens: Tokens) -> str:
        """The token; raises SecretUnavailable."""
        token, _ = await tokens.mint(
            sub=self.user_id,
            name=self.name,
            activity_id=self.activity_id,
            caps=self.caps,
            seconds=self.seconds,
            attributes=self.attributes,
        )
        return token


def _text(value: Mapping[str, Any], name: str) -> str:
    if not isinstance(value.get(name), str):
        raise Malformed(f"{name} must be a text")
    return str(value[name])


def _seconds(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LONGEST_SECONDS:
        raise Malformed(f"seconds must be an integer from 1 to {LONGEST_SECONDS}")
    return value
