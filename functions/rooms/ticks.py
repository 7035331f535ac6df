"""A tick: what one relay batch has to say to the viewers of one room."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

from functions.rooms import events, objects
from functions.rooms.events import Event
from functions.rooms.identity import Framing
from functions.rooms.payload import Payload

FRAME_BYTES = 32 * 1024
# Up to so many people are named when they come or go in one tick; more become one object with `others`.
NAMED_AT_MOST = 5


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A room's state when the tick is made."""

    online: int
    likes: int


@dataclass(frozen=True)
class Part:
    """One encoded object of a tick. `kind` is its name if it may be left out, `owner` a chat's sender."""

    encoded: bytes
    kind: str | None = None
    owner: str | None = None


@dataclass(frozen=True)
class Bulletin:
    """What one viewer is sent: parts that fit into a frame. `left_out`: how many did not, by kind."""

    parts: tuple[Part, ...]
    left_out: Mapping[str, int] = field(default_factory=dict, compare=False)

    def frames(self, framing: Framing) -> Sequence[Payload]:
        """It as frames: encoded once, however many viewers get it; none when there is nothing to say."""
        return self._array if framing == "live.v1" else self._singles

    def frames_with_welcome(
        self, framing: Framing, welcome: bytes, likes: bytes, missed: Sequence[bytes] = ()
    ) -> Sequence[Payload]:
        """It as a newcomer gets it: behind the encoded welcome, for classic clients the likes, and the history that
        did not fit into the welcome."""
        if framing == "classic":
            return (*map(Payload.of, (welcome, likes, *missed)), *self._singles)
        parts = [part.encoded for part in self.parts]
        if not missed and _size_of([welcome, *parts]) <= FRAME_BYTES:
            return (Payload.of(objects.array([welcome, *parts])),)
        return (*(Payload.of(objects.array(frame)) for frame in ([welcome], *_framed(missed))), *self._array)

    @cached_property
    def _array(self) -> tuple[Payload, ...]:
        if not self.parts:
            return ()
        return (Payload.of(objects.array([part.encoded for part in self.parts])),)

    @cached_property
    def _singles(self) -> tuple[Payload, ...]:
        return tuple(Payload.of(part.encoded) for part in self.parts)


@dataclass(frozen=True)
class Tick:
    """The folded records of one room, in the order of the log.

    `public` is for everybody, `private` for single users (chats with `to`, sanctions), each with the position among the
    public parts at which it stands. A viewer gets at most `most` objects of it. `missed`: how many chats and notices
    came too late to be among them. `folded`: how many records have no object of their own, by what they are, `likes` or
    `crowd`.
    """

    public: tuple[Part, ...]
    private: Mapping[str, Sequence[tuple[int, Part]]] = field(default_factory=dict)
    most: int = sys.maxsize
    missed: Mapping[str, int] = field(default_factory=dict)
    folded: Mapping[str, int] = field(default_factory=dict, compare=False)

    def limited_to(self, most: int) -> "Tick":
        """The same for viewers who get at most `most` objects of it."""
        return replace(self, most=most)

    @cached_property
    def bulletin(self) -> Bulletin:
        """What a viewer without an exception of its own gets; shared by all of them."""
        return fit(self.public, owner=None, most=self.most, missed=self.missed)

    @cached_property
    def exceptions(self) -> frozenset[str]:
        """The users who get something else than `bulletin`: addressed in private, or own chat left out of it."""
        kept = set(map(id, self.bulletin.parts))
        cut = {part.owner for part in self.public if part.owner is not None and id(part) not in kept}
        return frozenset(cut | self.private.keys())

    def bulletin_for(self, user_id: str) -> Bulletin:
        """What `user_id` gets."""
        if user_id not in self.exceptions:
            return self.bulletin
        parts = list(self.public)
        for position, part in reversed(self.private.get(user_id, ())):
            parts.insert(position, part)
        return fit(parts, owner=user_id, most=self.most, missed=self.missed)


def fold(records: Sequence[Event], figures: Figures, late: Sequence[Event] = ()) -> Tick:
    """Fold a room's records into one tick.

    Joins and leaves come first, then chat and the platform's objects in the order of the log, then the newest count and
    likes. Of `late`, which are not shown, these figures tell too; how many chats and notices it had is told first.
    """
    ordered = [record for record in records if record.type in _ORDERED]
    joined, left = _comings_and_goings(records)
    public = _crowd(joined, events.JOIN) + _crowd(left, events.LEAVE)
    kinds = Counter(record.type for record in records)
    crowd = kinds[events.JOIN] + kinds[events.LEAVE]
    folded = {"likes": max(0, kinds[events.LIKE] - 1), "crowd": crowd - len(public)}
    private: dict[str, list[tuple[int, Part]]] = {}
    for event in ordered:
        part = _part(event)
        readers = _readers(event)
        if readers is None:
            public.append(part)
        for reader in readers or ():
            private.setdefault(reader, []).append((len(public), part))
    if crowd or late:
        public.append(Part(objects.encode(objects.count(figures.online))))
    if kinds[events.LIKE] or late:
        public.append(Part(objects.encode(objects.likes(figures.likes))))
    missed = Counter(_KEPT[record.type] for record in late if record.to is None and record.type in _KEPT)
    return Tick(tuple(public), private, missed=missed, folded=folded)


_KEPT = {events.CHAT: "chat", events.NOTICE: "notice"}
_ORDERED = frozenset({events.CHAT, events.REMOVED, events.NOTICE, events.SANCTION, events.SETTINGS})


def _comings_and_goings(records: Iterable[Event]) -> tuple[list[Event], list[Event]]:
    """Who joined and who left, each user once. Who was there and is there again, as after a reload, did neither."""
    turns: dict[str, list[Event]] = {}
    for record in records:
        if record.type in (events.JOIN, events.LEAVE):
            turns.setdefault(record.user_id, []).append(record)
    stories = [story for story in turns.values() if (story[0].type, story[-1].type) != (events.LEAVE, events.JOIN)]
    joined = [story[0] for story in stories if story[0].type == events.JOIN]
    return joined, [story[-1] for story in stories if story[-1].type == events.LEAVE]


def _crowd(people: Sequence[Event], kind: int) -> list[Part]:
    """Those who came, or went: named one by one when they are few, else the newest and how many others."""
    say, name = (objects.joined, "join") if kind == events.JOIN else (objects.left, "leave")
    if len(people) > NAMED_AT_MOST:
        return [Part(objects.encode(say(people[-1], others=len(people) - 1)), name)]
    return [Part(objects.encode(say(person)), name) for person in people]


def _part(event: Event) -> Part:
    if event.type == events.CHAT:
        return Part(objects.encode(objects.chat(event)), "chat", event.user_id)
    return Part(objects.encode(objects.from_platform(event)))


def _readers(event: Event) -> set[str] | None:
    """The users an event is for, or None when it is for all."""
    if event.type == events.SANCTION:
        action = event.data.get("action") if isinstance(event.data, dict) else None
        # Who cuts a user off has told each connection; who is back already must not hear it again.
        return {event.to} if event.to is not None and action in ("muted", "unmuted") else set()
    # A chat is also for its sender, on all of their connections.
    return None if event.to is None else {event.to, event.user_id}


def fit(
    parts: Sequence[Part],
    *,
    owner: str | None = None,
    most: int = sys.maxsize,
    missed: Mapping[str, int] = MappingProxyType({}),
) -> Bulletin:
    """Leave out what is more than a frame's bytes or `most` objects: joins and leaves, then the oldest chat, `owner`'s
    own never.

    What the platform says always stays, so a tick with more than 32 KB of that alone is larger than a frame. One more
    object, the first, says how many were left out, those that were `missed` before with them.
    """
    bytes_over, objects_over = _size(parts) - FRAME_BYTES, len(parts) - most
    if not missed and bytes_over <= 0 and objects_over <= 0:
        return Bulletin(tuple(parts))
    # Room for the object that says so.
    bytes_over, objects_over = bytes_over + _LEFT_OUT_BYTES, objects_over + 1
    cut: set[int] = set()
    for index in _expendable(parts, owner):
        if bytes_over <= 0 and objects_over <= 0:
            break
        cut.add(index)
        bytes_over -= len(parts[index].encoded) + 1
        objects_over -= 1
    dropped = Counter(parts[index].kind or "" for index in sorted(cut))
    if not cut and not missed:
        return Bulletin(tuple(parts))
    kept = [part for index, part in enumerate(parts) if index not in cut]
    # First, so that a classic viewer who is cut off in the middle of the tick has heard of it.
    return Bulletin((Part(objects.encode(objects.left_out(dropped + Counter(missed)))), *kept), dropped)


# An upper bound of type 13's own length.
_LEFT_OUT_BYTES = 100


def _expendable(parts: Sequence[Part], owner: str | None) -> list[int]:
    crowd = [index for index, part in enumerate(parts) if part.kind in ("join", "leave")]
    chats = [i for i, part in enumerate(parts) if part.kind == "chat" and (owner is None or part.owner != owner)]
    return crowd + chats


def _framed(encoded: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Encoded objects by the frame: as many in each as fit."""
    frame: list[bytes] = []
    size = 1
    for one in encoded:
        size += len(one) + 1
        if size > FRAME_BYTES and frame:
            yield frame
            frame, size = [], len(one) + 2
        frame.append(one)
    if frame:
        yield frame


def _size(parts: Sequence[Part]) -> int:
    return _size_of([part.encoded for part in parts])


def _size_of(encoded: Sequence[bytes]) -> int:
    return sum(map(len, encoded)) + len(encoded) + 1
