"""Why a handshake is refused.

The handshake answers with the status, which a page cannot see: browsers hide it. So the HTTP API tells the reason, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from functions.rooms.sanctions import Sanction

TokenReason = Literal["token_missing", "token_invalid", "token_expired", "token_not_yet_valid", "token_other_room"]
Reason = (
    TokenReason
    | Literal["origin", "bad_field", "name_missing", "name_rejected", "banned", "banned_everywhere", "too_often"]
)

_STATUS: Mapping[Reason, int] = {
    "origin": 403,
    "bad_field": 400,
    "name_missing": 401,
    "name_rejected": 400,
    "banned": 403,
    "banned_everywhere": 403,
    "too_often": 429,
}


@dataclass(frozen=True, kw_only=True)
class Denial:
    """A refusal, with its message for the client.

    `ban`: the ban that holds, if it is known. `retry_after`: whole seconds after which a handshake may succeed; None if
    waiting does not help.
    """

    reason: Reason
    message: str
    ban: Sanction | None = None
    retry_after: int | None = None

    @property
    def status(self) -> int:
        """The status of the handshake."""
        return _STATUS.get(self.reason, 401)

    @classmethod
    def by_ban(cls, *, everywhere: bool, ban: Sanction | None = None, now: int = 0) -> "Denial":
        """By a ban from the room, or from all rooms, which is known to hold at `now` if it is given."""
        return cls(
            reason="banned_everywhere" if everywhere else "banned",
            message=f"you are banned from {'all rooms' if everywhere else 'this room'}",
            ban=ban,
            retry_after=ban.seconds_left(now) if ban else None,
        )

    @classmethod
    def by_rate(cls, *, retry_after: int | None = None) -> "Denial":
        """Because the user has joined too often lately."""
        message = "you open connections to this room too often, try again later"
        return cls(reason="too_often", message=message, retry_after=retry_after)


NAME_REJECTED = Denial(reason="name_rejected", message="username holds words that are not allowed")
WRONG_ORIGIN = Denial(reason="origin", message="pages of this origin may not connect")
