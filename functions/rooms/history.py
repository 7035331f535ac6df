"""The history of a room, its newest chats and notices to all, and what of it a newcomer gets.

A newcomer that was in the room before has a cursor, "<epoch>.<seq>": everything up to that seq of that epoch was seen.
Its welcome holds what has come since, if the history still has all of that. Otherwise the welcome says that there may
be a gap and holds the RECENT newest, as it does for who comes for the first time. So it is also if all of that would be
too many POSTs: one user must not spend the rate that all rooms share.

The relay writes "<epoch>.<seq>!" if a frame could not be delivered and held something that is never in the history,
such as a private chat (holes.py). The welcome then holds what has come since, and says that there is a gap.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

from functions.rooms import events, objects
from functions.rooms.events import Event
from functions.rooms.marks import Mark
from functions.rooms.removals import Removals

# A room keeps its objects for so long.
HISTORY_MS = 600_000
# So many of them are for newcomers without a cursor, or with a gap.
RECENT = 20
# Ends a cursor behind which more was missed than the history has.
MORE = "!"
# A cursor that fits no epoch: its welcome tells of a gap. accept.lua writes it too.
NOWHERE = "-"
# The cursor of a user who reconnects too often to be told the history again: lua/join.lua.
NO_HISTORY = "!"
# What does not fit into the welcome's own frame may be so many POSTs more.
REPLAY_POSTS = 20
# What an encoded chat begins with.
_CHAT = b'{"messageType":4,'


@dataclass(frozen=True, slots=True)
class Entry:
    """A public chat or notice, encoded as it is shown."""

    seq: int
    encoded: bytes


@dataclass(frozen=True)
class Replay:
    """What a newcomer has missed, oldest first. `gap`: there may be more."""

    entries: Sequence[Entry]
    gap: bool


@dataclass(frozen=True, kw_only=True)
class History:
    """A room's history before a tick.

    `entries` are those behind the oldest cursor among the newcomers, and at least the RECENT newest. There are none up
    to the seq `trimmed`. `newest` is the seq of the newest record that any slice has brought.
    """

    epoch: str
    entries: Sequence[Entry] = ()
    trimmed: int = -1
    newest: int = -1

    @classmethod
    def read(cls, epoch: str, newest: Mark | None, trimmed: int, entries: Sequence[tuple[str, str]]) -> Self:
        """As scripts answer it: the mark of the newest record, and seq and object of each entry."""
        return cls(
            epoch=epoch,
            entries=[Entry(int(seq), said.encode()) for seq, said in entries],
            trimmed=trimmed,
            newest=newest.seq if newest else -1,
        )

    def replay(self, since: str | None, before: int) -> Replay:
        """What a newcomer with this cursor has missed up to the seq `before`; everything behind that is still to
        come."""
        past = [entry for entry in self.entries if entry.seq <= before]
        if since == NO_HISTORY:
            return Replay((), gap=True)
        if since is None:
            return Replay(past[-RECENT:], gap=False)
        if not self._reaches(since, before):
            return Replay(past[-RECENT:], gap=True)
        _, seq = _parse(since)
        return Replay([entry for entry in past if entry.seq > seq], gap=since.endswith(MORE))

    def before_recent(self, before: int) -> int:
        """The seq before what a newcomer without a cursor gets up to the seq `before`."""
        recent = self.replay(None, before).entries
        return recent[0].seq - 1 if recent else before

    def continued(self, records: Sequence[Event]) -> "History":
        """The history with what these records, which follow it, add."""
        removals = Removals.among(records)
        added = [
            Entry(record.seq, encode(record))
            for record in records
            if is_kept(record) and record.seq is not None and record.seq > self.trimmed and not removals.cover(record)
        ]
        return replace(self, entries=[*self.entries, *added])

    def with_names(self, shown_as: Callable[[str], str]) -> "History":
        """The history, in which each sender's name is what `shown_as` makes of it."""
        return replace(self, entries=[_renamed(entry, shown_as) for entry in self.entries])

    def _reaches(self, since: str, before: int) -> bool:
        """Whether all that a newcomer with this cursor has missed is kept."""
        epoch, seq = _parse(since)
        return epoch == self.epoch and min(self.trimmed, before) <= seq <= self.newest


def _parse(cursor: str) -> tuple[str, int]:
    """The epoch and the seq; no epoch for a text that is no cursor."""
    epoch, _, seq = cursor.removesuffix(MORE).partition(".")
    return (epoch, int(seq)) if seq.isdecimal() else ("-", -1)


def _renamed(entry: Entry, shown_as: Callable[[str], str]) -> Entry:
    name = _name_in(entry.encoded) if entry.encoded.startswith(_CHAT) else ""
    if shown_as(name) == name:
        return entry
    shown = json.loads(entry.encoded) | {"fromusername": shown_as(name)}
    return replace(entry, encoded=objects.encode(shown))


@lru_cache(maxsize=2048)
def _name_in(chat: bytes) -> str:
    """The sender's name in an encoded chat; the same chats are in many welcomes."""
    return str(json.loads(chat)["fromusername"])


def is_kept(event: Event) -> bool:
    """Is this event for a room's history: a chat or notice to all?"""
    return event.type in (events.CHAT, events.NOTICE) and event.to is None


def encode(event: Event) -> bytes:
    """An event of the history as it is shown."""
    return objects.encode_event(event)


def fit(entries: Sequence[Entry], size: int) -> tuple[Sequence[Entry], Sequence[Entry]]:
    """The first entries, which together with commas have at most `size` bytes, and the rest."""
    for index, entry in enumerate(entries):
        size -= len(entry.encoded) + 1
        if size < 0:
            return entries[:index], entries[index:]
    return entries, ()
