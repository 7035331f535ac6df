"""What a token says of its holder, whoever has signed it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from functions.rooms.attributes import Attributes
from functions.rooms.denial import TokenReason
from functions.rooms.identity import VIEWER

# The maker's clock may be ahead of this machine's.
SKEW_SECONDS = 60


class BadToken(Exception):
    """The token is not valid here, or has expired. The message says why, and quotes nothing out of the token.

    A `reason` other than "token_invalid" is only for a token whose signature is right: it tells what the token says.
    """

    def __init__(self, message: str, reason: TokenReason = "token_invalid") -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Claims:
    """Who holds a token, and what it allows.

    `rooms`: the rooms that it is for, None for every one. `is_platform`: it is for calls about all rooms, and for no
    connection. `exp` in seconds since the epoch.
    """

    sub: str
    name: str
    rooms: frozenset[int] | None
    exp: float
    is_platform: bool = False
    caps: frozenset[str] = VIEWER
    avatar: str = ""
    attributes: Attributes = field(default_factory=dict)

    @classmethod
    def of_ours(cls, *, activity_id: int | None, **claims: Any) -> Self:
        """Of a token of ours, which is for one room, or a platform's."""
        rooms = None if activity_id is None else frozenset({activity_id})
        return cls(rooms=rooms, is_platform=rooms is None, **claims)

    def admit(self, activity_id: int) -> bool:
        """Whether the token is for this room."""
        return self.rooms is None or activity_id in self.rooms


def text_of(payload: Mapping[str, Any], claim: str) -> str:
    """A claim that is a text; raises BadToken."""
    value = payload.get(claim)
    if not isinstance(value, str):
        raise BadToken(f"its {claim} is no text")
    return value


def check_times(payload: Mapping[str, Any], now: float, *begins: str) -> None:
    """Raise BadToken unless `exp` is later than `now`, and none of the claims in `begins` is."""
    if _time(payload.get("exp")) <= now:
        raise BadToken("it has expired", "token_expired")
    if any(_time(payload[claim]) > now + SKEW_SECONDS for claim in begins if claim in payload):
        raise BadToken("it is not valid yet", "token_not_yet_valid")


def _time(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -math.inf < value < math.inf:
        raise BadToken("one of its times is no number")
    return value
