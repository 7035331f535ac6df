"""What a run of `make chaos` has recorded of one room: the whole input of the checker.

All times are in seconds since the epoch. A user is a userId, a key is a user and the `id` under which he sent a frame.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from functions.rooms.events import CHAT, NOTICE
from functions.rooms.objects import WELCOME

Object = dict[str, Any]
Key = tuple[str, str]
# Where a viewer is in the room.
Lane = Literal["seat", "gallery"]


class Outcome(StrEnum):
    """What a client knows about a frame that it has sent."""

    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"  # certainly not done
    UNKNOWN = "unknown"  # perhaps done, perhaps not


@dataclass(kw_only=True)
class Sending:
    """A chat or a like that a client has sent, and sent again under its id. `tries` are the times.

    A refusal counts as one only if no earlier try may have been done. `seq` is that of the reply to a chat.
    """

    user: str
    id: str
    kind: str = "chat"
    text: str = ""
    to: str | None = None
    count: int = 0
    tries: list[float] = field(default_factory=list)
    settled: float | None = None
    outcome: Outcome = Outcome.UNKNOWN
    seq: int | None = None
    error: str = ""

    @property
    def key(self) -> Key:
        return self.user, self.id

    @property
    def ended(self) -> float:
        """When its outcome was known, or the last try."""
        return self.settled or self.tries[-1]


@dataclass(frozen=True, kw_only=True)
class Heard:
    """An object that came over a link. `kept`: the client has not dropped it by its seq. `renewed`: the client dropped
    no repetition, because a new epoch had made it forget which seqs it had seen."""

    at: float
    link: int
    object: Object
    kept: bool = True
    renewed: bool = False

    @property
    def kind(self) -> int:
        return int(self.object.get("messageType", -1))

    @property
    def is_numbered(self) -> bool:
        return self.kind in (CHAT, NOTICE) and isinstance(self.object.get("seq"), int)

    @property
    def is_public(self) -> bool:
        """What is for one reader alone may come to the gallery before what was said earlier."""
        return self.is_numbered and self.object.get("to") is None

    @property
    def seq(self) -> int:
        return int(self.object["seq"])

    @property
    def key(self) -> Key | None:
        """Of a chat with an id; a notice has none."""
        if self.kind != CHAT or "id" not in self.object:
            return None
        return str(self.object["userId"]), str(self.object["id"])


@dataclass(kw_only=True)
class Link:
    """One connection of a screen, from the handshake's begin to its end. `since` is the highest seq that the client had
    seen when it connected, -1 without a cursor."""

    number: int
    began: float
    since: int = -1
    welcomed: bool = False
    ended: float | None = None


@dataclass(kw_only=True)
class Screen:
    """A client's screen, over all its links. `heard` has every object that came, those of a welcome's history too, each
    behind its welcome. `is_there`: the last link was open at the end of the run, in this `lane`, which has had so many
    `changes`."""

    name: str
    user: str
    links: list[Link] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    is_there: bool = False
    lane: Lane = "seat"
    changes: int = 0

    @property
    def first_cursor(self) -> int | None:
        """Everything behind this seq belongs on the screen; None if it was never welcomed."""
        return next((cursor_seq(one.object) for one in self.heard if one.kind == WELCOME), None)

    @property
    def is_continuous(self) -> bool:
        """Whether one connection has lasted from the beginning to the end."""
        return self.is_there and len(self.links) == 1 and sum(one.kind == WELCOME for one in self.heard) == 1


@dataclass(frozen=True, kw_only=True)
class Record:
    """A record of one of the topics; `logged` is its time there."""

    offset: int
    logged: float
    value: Object

    @property
    def kind(self) -> int:
        return int(self.value["messageType"])

    @property
    def parties(self) -> set[str]:
        """The users whom a record is for that is not for everybody, and who said it."""
        to = self.value["to"]
        return {self.value["userId"], *([to] if isinstance(to, str) else to)}

    @property
    def is_public_message(self) -> bool:
        return self.kind in (CHAT, NOTICE) and self.value.get("to") is None

    @property
    def key(self) -> Key | None:
        """Of a chat with an id."""
        if self.kind != CHAT or not self.value.get("id"):
            return None
        return str(self.value["userId"]), str(self.value["id"])


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A chat or a notice in the archive."""

    seq: int
    user: str
    id: str | None

    @property
    def key(self) -> Key | None:
        return None if self.id is None else (self.user, self.id)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault while it was on."""

    name: str
    began: float
    ended: float

    def overlaps(self, began: float, ended: float) -> bool:
        return self.began <= ended and began <= self.ended


@dataclass(frozen=True)
class Lost:
    """Redis has forgotten what was written from `began` to `ended`, when it was emptied or rolled back."""

    began: float
    ended: float

    def concerns(self, began: float, ended: float) -> bool:
        return self.began <= ended and began <= self.ended


@dataclass(kw_only=True)
class History:
    """One room's run. `online` and `likes` are what the HTTP API told at the end, `watched` the seconds per user,
    `settings` and `properties` the room's. `removed` are the seqs whose removal was asked for, `noticed` those of
    acknowledged notices."""

    activity: int
    heartbeat_seconds: float
    ended: float
    screens: list[Screen] = field(default_factory=list)
    sendings: list[Sending] = field(default_factory=list)
    live: list[Record] = field(default_factory=list)
    saved: list[Record] = field(default_factory=list)
    stored: list[Stored] = field(default_factory=list)
    online: int = 0
    connections: int = 0
    places: int = 0
    likes: int = 0
    watched: Mapping[str, float] = field(default_factory=dict)
    settings: Object = field(default_factory=dict)
    properties: Object = field(default_factory=dict)
    removed: frozenset[int] = frozenset()
    noticed: frozenset[int] = frozenset()
    faults: list[Fault] = field(default_factory=list)
    lost_state: list[Lost] = field(default_factory=list)

    @property
    def chats(self) -> list[Sending]:
        return [one for one in self.sendings if one.kind == "chat"]

    @property
    def here(self) -> list[Screen]:
        """The screens that were there at the end."""
        return [screen for screen in self.screens if screen.is_there]


def cursor_seq(welcome: Object) -> int:
    """The seq in a welcome's cursor, `<epoch>.<seq>`."""
    return int(str(welcome["cursor"]).rpartition(".")[2])


def cursor_epoch(welcome: Object) -> str:
    return str(welcome["cursor"]).rpartition(".")[0]
