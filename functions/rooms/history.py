"""What was said in a room lately, and what of it a newcomer gets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from functions.rooms import events, objects
from functions.rooms.events import Event

# A room keeps so many objects, for ten minutes; before.lua knows both.
KEPT = 300
# So many of them are for who comes for the first time, and for whom the server cannot tell what they have missed.
RECENT = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A public chat or notice, encoded as it is shown."""

    seq: int
    encoded: bytes


@dataclass(frozen=True)
class Replay:
    """What a newcomer is told of the past, oldest first. `gap`: it may have missed more."""

    entries: Sequence[Entry]
    gap: bool


@dataclass(frozen=True, kw_only=True)
class History:
    """A room's history before a tick.

    `entries` are those behind the oldest cursor among the newcomers, and the RECENT newest. What there was up to the
    seq `trimmed` is gone. `newest` is the seq of the newest record that any slice has seen.
    """

    epoch: str
    entries: Sequence[Entry] = ()
    trimmed: int = -1
    newest: int = -1

    def replay(self, since: str | None, before: int) -> Replay:
        """What a newcomer with this cursor has missed up to the seq `before`, behind which it is told everything."""
        told = [entry for entry in self.entries if entry.seq <= before]
        if since is None:
            return Replay(told[-RECENT:], gap=False)
        if self.has_gap(since, before):
            return Replay(told[-RECENT:], gap=True)
        seq = int(since.partition(".")[2])
        return Replay([entry for entry in told if entry.seq > seq], gap=False)

    def continued(self, records: Sequence[Event]) -> "History":
        """The history with what these records, which come behind it, have added to it."""
        removed = {removed_seq(record) for record in records}
        added = [
            Entry(record.seq, encode(record))
            for record in records
            if is_kept(record) and record.seq is not None and record.seq > self.trimmed and record.seq not in removed
        ]
        return replace(self, entries=[*self.entries, *added])

    def has_gap(self, since: str, before: int) -> bool:
        """Whether a newcomer with this cursor may have missed more than is kept."""
        epoch, _, seq = since.partition(".")
        return epoch != self.epoch or not min(self.trimmed, before) <= int(seq) <= self.newest


def is_kept(event: Event) -> bool:
    """Is this event for a room's history: a chat or notice to all?"""
    return event.type in (events.CHAT, events.NOTICE) and event.to is None


def encode(event: Event) -> bytes:
    """An event of the history as it is shown."""
    return objects.encode(objects.chat(event) if event.type == events.CHAT else objects.from_platform(event))


def removed_seq(event: Event) -> int | None:
    """The seq of the chat that an event removes, if it does and tells a sound one."""
    if event.type != events.REMOVED or not isinstance(event.data, dict):
        return None
    seq = event.data.get("seq")
    return seq if type(seq) is int and 0 <= seq < 2**53 else None


def fit(entries: Sequence[Entry], size: int) -> tuple[Sequence[Entry], Sequence[Entry]]:
    """The first entries, which together with commas have at most `size` bytes, and the rest."""
    for index, entry in enumerate(entries):
        size -= len(entry.encoded) + 1
        if size < 0:
            return entries[:index], entries[index:]
    return entries, ()
