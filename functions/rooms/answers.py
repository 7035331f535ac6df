"""What the room's state answers, and the event that a given-up seat makes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from functions.rooms import events
from functions.rooms.attributes import Attributes, unpack_attributes
from functions.rooms.events import Event, Who
from functions.rooms.people import Page, Place, read_page
from functions.rooms.refusal import StateCode
from functions.rooms.results import Result
from functions.rooms.sanctions import Sanction
from functions.rooms.seats import Seat
from functions.rooms.watch_time import Stretch


@dataclass(frozen=True)
class Joined:
    """A seat was taken. `first`: the user had no other. `replaced`: how many older seats of the user it took."""

    first: bool
    online: int
    likes: int
    replaced: int = 0


@dataclass(frozen=True)
class Left:
    """A seat was given up. `last`: the user has no other."""

    last: bool
    ended_at: int
    watched: Stretch
    username: str
    online: int
    likes: int
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A frame was accepted. `retaken`: its lease had expired and it took the seat again, as the user's "first" or a
    "further" one; or nobody knows whether the user's coming was announced, "first" too. `watched`: a heartbeat's
    stretch, empty for other frames.

    `unwelcomed`: the seat has waited for its welcome too long. `freed`: a chat of this id was accepted before, so long
    ago that nobody publishes it any more; its record may be in the log. `page`: for the question who is here.
    """

    retaken: Literal["first", "further"] | None
    online: int
    likes: int
    watched: Stretch
    unwelcomed: bool
    freed: bool
    page: Page | None = None


@dataclass(frozen=True)
class Refused:
    """The room does not take the frame.

    `wait` is the ms after which it would, 0 if that is not known. `flood`: with this refusal the user was cut off.
    """

    code: StateCode
    wait: int
    flood: bool = False


@dataclass(frozen=True)
class Repeated:
    """The user sent this id before, with this result."""

    result: Result


@dataclass(frozen=True)
class Claimed:
    """The id of a call is kept. `freed`: as of an accepted frame."""

    freed: bool


@dataclass(frozen=True)
class Gone:
    """The connection has ended; the frame comes too late."""


@dataclass(frozen=True)
class CutOff:
    """The user was cut off since the connection was made. The connection is listed to be closed."""


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A token bucket: `burst` frames at once, then `per_second`."""

    burst: int
    per_second: float


@dataclass(frozen=True)
class Banned:
    """The user may not come in. `ban`: who gave it and why, if that was asked."""

    ban: Sanction | None = None


@dataclass(frozen=True)
class TooOften:
    """The user has joined too often lately. `wait`: the ms until the user may, if that was asked."""

    wait: int = 0


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a room allows: one chat a user in so many seconds, and whether only moderators may speak."""

    slow_mode_seconds: int = 0
    frozen: bool = False

    @classmethod
    def read(cls, slow: int, frozen: int) -> Self:
        """As scripts answer them."""
        return cls(slow_mode_seconds=slow, frozen=frozen == 1)

    def to_object(self) -> dict[str, Any]:
        return {"slowModeSeconds": self.slow_mode_seconds, "frozen": self.frozen}


@dataclass(frozen=True, kw_only=True)
class RoomFigures:
    """A room as the API and clients are told of it."""

    activity_id: int
    online: int
    connections: int
    likes: int
    rules: Rules
    places: int = 0


def read_acceptance(result: Sequence[Any], after: Place) -> Accepted | Refused | Repeated | Gone | CutOff:
    """What `accept.lua` answered; `after`: where a page was to begin."""
    match result:
        case ["gone"]:
            return Gone()
        case ["cut"]:
            return CutOff()
        case ["repeat", first]:
            return Repeated(Result.unpack(first))
        case ["refused" | "flood" as what, code, wait]:
            return Refused(code, wait, what == "flood")
        case ["ok", retaken, online, likes, unwelcomed, freed, stretch, page]:
            return Accepted(
                retaken=retaken or None,
                online=online,
                likes=likes,
                watched=Stretch.read(stretch),
                unwelcomed=unwelcomed == 1,
                freed=freed == 1,
                page=read_page(after, page) if page else None,
            )
    raise AssertionError(f"accept.lua answered {result!r}")


def read_figures(activity_id: int, values: Sequence[Any]) -> RoomFigures:
    """The fields FIGURES of a room's figures; missing ones are zero."""
    online, connections, likes, slow, frozen, places = (int(value or 0) for value in values)
    return RoomFigures(
        activity_id=activity_id,
        online=online,
        connections=connections,
        places=places,
        likes=likes,
        rules=Rules.read(slow, frozen),
    )


FIGURES = ("online", "seats", "likes", "slow", "frozen", "places")


@dataclass(frozen=True)
class Departure:
    """A seat that was given up, and what was left of its user."""

    activity_id: int
    seat: Seat
    left: Left

    def to_events(self, now: int, avatar: str = "") -> list[Event]:
        """The events that say so: the user has left, or has at least earned this. What was watched before that, and
        may not have been told, comes first."""
        kind, watched = events.Leave if self.left.last else events.Heartbeat, self.left.watched
        before = [self._event(events.Heartbeat, now, avatar, watched.before)] if watched.before else []
        return [*before, self._event(kind, now, avatar, watched)]

    def _event(self, kind: type[Event], now: int, avatar: str, watched: Stretch) -> Event:
        return kind(
            activity_id=self.activity_id,
            time=now,
            who=self._who(avatar),
            online=self.left.online,
            likes=self.left.likes,
            **watched.fields(),
        )

    def _who(self, avatar: str) -> Who:
        # The name is unknown if the user's line in Redis was lost.
        name = self.left.username or self.seat.user_id
        return Who(self.seat.user_id, name, self.seat.connection_id, avatar, attributes=self.left.attributes)


def read_left(ended_at: int, online: int, likes: int, given_up: Sequence[Any]) -> Left:
    """What `give_up` of seats.lua returned for a seat that ended at `ended_at`."""
    last, username, stretch, attributes = given_up
    return Left(last == 1, ended_at, Stretch.read(stretch), username, online, likes, unpack_attributes(attributes))


def read_departures(activity_id: int, online: int, likes: int, ended: Sequence[Any]) -> list[Departure]:
    """The seats that `note_posted.lua` and `sweep.lua` list."""
    return [
        Departure(activity_id, Seat.unpack(seat), read_left(ended_at, online, likes, given_up))
        for seat, ended_at, given_up in ended
    ]
