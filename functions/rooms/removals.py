"""What has been removed from a room: single messages, and all that a user has said up to a ban.

A user may have said thousands of things. So of a user there is one mark, and everybody who shows, keeps or lists a chat
asks whether a mark covers it: the history, a tick that is under way, the archive and its exports.

A mark covers what was logged before the removal, and what was said no later. The second is for a chat that was accepted
before the ban and is logged behind it: its review took a while, say. The first is for clocks that differ.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from functions.rooms import events
from functions.rooms.events import Event
from functions.rooms.text import flaw_of_id

# A room's history holds so many chats and notices, and so a removal names at most so many.
KEPT = 300


@dataclass(frozen=True, slots=True)
class UserMark:
    """All is removed that a user said up to the ms `time`, or that was logged before `seq`, which may not be known."""

    user_id: str
    time: int
    seq: int = -1

    def covers(self, event: Event) -> bool:
        """Whether a chat of this user is removed."""
        return event.time <= self.time or (event.seq is not None and event.seq < self.seq)


@dataclass(frozen=True, slots=True)
class Removal:
    """What one record removes: these `seqs`, and by the mark all else of a user. An invalid record removes nothing."""

    seqs: tuple[int, ...] = ()
    mark: UserMark | None = None

    @classmethod
    def of(cls, event: Event) -> Self:
        """Of an event of any kind; another system's record may have any `data`."""
        if not isinstance(event, events.Removed):
            return cls()
        user_id = event.named("userId")
        if isinstance(user_id, str) and flaw_of_id(user_id) is None:
            mark = UserMark(user_id, event.time, -1 if event.seq is None else event.seq)
            return cls(_seqs(event.named("seqs")), mark)
        seq = event.named("seq")
        return cls((seq,) if _is_seq(seq) else ())


class Removals:
    """All that was removed, as far as somebody needs to know."""

    def __init__(self, seqs: Iterable[int] = (), marks: Iterable[UserMark] = ()) -> None:
        self._seqs = frozenset(seqs)
        self._marks: dict[str, list[UserMark]] = {}
        for mark in marks:
            self._marks.setdefault(mark.user_id, []).append(mark)

    @classmethod
    def among(cls, records: Iterable[Event], known: Iterable[UserMark] = ()) -> Self:
        """Those of these records, and those `known` otherwise."""
        found = [Removal.of(record) for record in records if record.type == events.REMOVED]
        marks = [each.mark for each in found if each.mark]
        return cls([seq for each in found for seq in each.seqs], [*marks, *known])

    def cover(self, event: Event) -> bool:
        """Whether a chat or notice is removed."""
        return event.seq in self._seqs or self.cover_user(event)

    def cover_user(self, event: Event) -> bool:
        """Whether it is a chat of a user all of whose chats are removed."""
        if not isinstance(event, events.Chat):
            return False
        return any(mark.covers(event) for mark in self._marks.get(event.who.user_id, ()))


def _seqs(value: Any) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, list) and len(value) <= KEPT and all(map(_is_seq, value)) else ()


def _is_seq(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**53
