"""What the room's state answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from functions.rooms.refusal import Code
from functions.rooms.watch_time import Earned

Kind = Literal["chat", "like", "heartbeat", "who"]


@dataclass(frozen=True)
class Joined:
    """A seat was taken. `first`: the user had no other."""

    first: bool
    online: int
    likes: int


@dataclass(frozen=True)
class Left:
    """A seat was given up. `last`: the user has no other."""

    last: bool
    watched: Earned
    username: str
    online: int
    likes: int


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A frame was accepted. `retaken`: its seat had lapsed and was taken anew, the user's "first" or a "further" one.

    `unwelcomed`: the seat has waited for its welcome too long.
    """

    retaken: Literal["first", "further"] | None
    online: int
    likes: int
    watched: Earned
    unwelcomed: bool


@dataclass(frozen=True)
class Refused:
    """The room does not take the frame: `rate_limited`, `slow_mode`, `muted` or `frozen`.

    `wait` is the ms after which it would, 0 if that is not known.
    """

    code: Code
    wait: int


@dataclass(frozen=True)
class Repeated:
    """The user sent this id before; `result` as `recall` tells it."""

    result: str


@dataclass(frozen=True)
class Gone:
    """The connection has ended; the frame comes too late."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A token bucket: `burst` frames at once, then `per_second`."""

    burst: int
    per_second: float


@dataclass(frozen=True)
class Banned:
    """The user may not come in."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a room allows: one chat a user in so many seconds, and whether only moderators may speak."""

    slow_mode_seconds: int = 0
    frozen: bool = False

    def to_object(self) -> dict[str, Any]:
        """As clients are told."""
        return {"slowModeSeconds": self.slow_mode_seconds, "frozen": self.frozen}


@dataclass(frozen=True, kw_only=True)
class RoomFigures:
    """What is told of a room."""

    activity_id: int
    online: int
    connections: int
    likes: int
    rules: Rules


def read_acceptance(result: Sequence[Any], now: int) -> Accepted | Refused | Repeated | Gone:
    """What `accept.lua` answered at `now`."""
    match result:
        case ["gone"]:
            return Gone()
        case ["repeat", first]:
            return Repeated(first)
        case ["refused", code, wait]:
            return Refused(code, wait)
        case ["ok", retaken, online, likes, earned, before, unwelcomed]:
            return Accepted(
                retaken=retaken or None,
                online=online,
                likes=likes,
                watched=Earned(earned, now, before),
                unwelcomed=unwelcomed == 1,
            )
    raise AssertionError(f"accept.lua answered {result!r}")


def read_figures(activity_id: int, values: Sequence[Any]) -> RoomFigures:
    """The fields FIGURES of a room's figures; missing ones are zero."""
    online, connections, likes, slow, frozen = (int(value or 0) for value in values)
    rules = Rules(slow_mode_seconds=slow, frozen=frozen == 1)
    return RoomFigures(activity_id=activity_id, online=online, connections=connections, likes=likes, rules=rules)


FIGURES = ("online", "seats", "likes", "slow", "frozen")
