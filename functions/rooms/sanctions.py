"""Mutes and bans: until when they hold, who gave them, and why.

The state keeps each as one line under the user's id. So a sanction has its reason with it, and both are replaced,
lifted and lost together. Sanctions end by themselves: nobody takes a line away when its time is over, and whoever reads
one looks at the clock. Times are ms since the epoch.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self

FOR_GOOD = 0

_SEPARATOR = "\t"  # neither an id, nor a name, nor a reason can hold a control character

# The lists of a room's state, in the order in which a page has them.
Lists = Literal["mutes", "bans"]
LISTS: tuple[Lists, ...] = ("mutes", "bans")
ACTIONS: Mapping[Lists, Literal["muted", "banned"]] = {"mutes": "muted", "bans": "banned"}
# So many users the platform may ban from all rooms: every process has them all in its memory.
MOST_BANS = 10_000
# A page looks at so many lines, since most that it finds may be over.
LOOKED_AT = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Sanction:
    """A mute or ban. `until` may be FOR_GOOD; `since` is when it was given. `by` is the userId and `by_name` the name
    of who gave it; `reason` is empty if none was given."""

    until: int
    since: int = 0
    by: str = ""
    by_name: str = ""
    reason: str = ""

    def pack(self) -> str:
        """The line in Redis."""
        return _SEPARATOR.join((str(self.until), str(self.since), self.by, self.by_name, self.reason))

    @classmethod
    def unpack(cls, line: str) -> Self:
        """The inverse of `pack`."""
        until, since, by, by_name, reason = line.split(_SEPARATOR)
        return cls(until=int(until), since=int(since), by=by, by_name=by_name, reason=reason)

    def holds(self, now: int) -> bool:
        return self.until == FOR_GOOD or self.until > now

    def seconds_left(self, now: int) -> int | None:
        """The whole seconds for which it still holds, at least 1; None for good."""
        return None if self.until == FOR_GOOD else max(1, math.ceil((self.until - now) / 1000))


class Listed(NamedTuple):
    """A sanction, and whom it is against."""

    action: Literal["muted", "banned"]
    user_id: str
    sanction: Sanction


class BanList:
    """The platform's bans, by userId, as one process knows them. Some may be over."""

    def __init__(self, bans: Mapping[str, Sanction]) -> None:
        self._bans = bans

    def __len__(self) -> int:
        return len(self._bans)

    def among(self, user_ids: Iterable[str]) -> list[str]:
        """Those of these users who are on the list."""
        return [user_id for user_id in user_ids if user_id in self._bans] if self._bans else []

    def of(self, user_id: str, now: int) -> Sanction | None:
        """The user's ban, if it holds at `now`."""
        ban = self._bans.get(user_id)
        return ban if ban is not None and ban.holds(now) else None


class Mute(NamedTuple):
    """A mute in force: the ms for which it still holds, 0 for good, and its reason, which may be empty."""

    left: int
    reason: str = ""

    @classmethod
    def read(cls, left: int, reason: str) -> Self | None:
        """As scripts answer it; None if `left` is -1, which stands for no mute."""
        return cls(left, reason) if left >= 0 else None

    def to_object(self) -> dict[str, Any]:
        """As its target is told: `seconds`, None for good, and the reason if there is one."""
        return {"seconds": math.ceil(self.left / 1000) or None} | ({"reason": self.reason} if self.reason else {})
