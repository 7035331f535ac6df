"""Keeps the archive from storing a record over another one.

The key of an item follows from the `seq` of its record, an offset of the live topic. Offsets are given again if that
topic is made anew without a new table, or if its brokers lost records. A record is then met whose key another record
has. It is not stored: what is there stays.

In: the items of a batch. Out: those to store, those whose key another record has, and those of rooms that could not be
looked up. A redelivered record is the same record, and is stored again. The save topic may hold an event twice under
one seq, since whoever does not know the outcome saves it again. The second record has another offset. It is left out,
and in no sum.

A process looks a room's items up until the last of them is not in the table. From then on it knows the highest seq of
the room, and looks up only what is not above it. So a room costs no reads while its records come in order. A partition
with a hole was read by another process meanwhile: its rooms are not known any more.

Example: 40 was stored last. A redelivered 39 and 40 are looked up, and are the same. 41 is not there: it and all above
it are stored without a look. If 40 comes again with another text, its time or its user differs, and it is left out.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from functions.adapters.dynamodb.archive_table import ArchiveTable
from functions.adapters.dynamodb.archive_writing import Pauses, Unstored
from functions.adapters.dynamodb.table import TableUnavailable, pauses
from functions.rooms.archive import SEQUENCED, Item, kind_of, number

# Before the writes, which take 25 of the archive's 60 seconds, and after the repeats' 10.
PATIENCE_SECONDS = 5.0
CAUSE = "another record is stored under its seq: was the live topic made anew without a new table?"
# Of more rooms all are looked up again.
MOST_ROOMS = 10_000
# What tells one record from another. `expires` is not of the record alone.
TOLD_APART_BY = ("time", "type", "userId")


@dataclass
class Checked:
    """The items to store, those whose event an earlier record has stored, those whose key another event has, and those
    that could not be looked up, with the cause."""

    kept: list[Item] = field(default_factory=list)
    again: list[Item] = field(default_factory=list)
    taken: list[Unstored] = field(default_factory=list)
    unknown: list[Unstored] = field(default_factory=list)


class Overwrites:
    """What one process knows of the keys that are taken. `pauses` yields the waits before each attempt to look."""

    def __init__(self, table: ArchiveTable, *, pauses: Pauses = pauses) -> None:
        self._table = table
        self._pauses = pauses
        # The highest seq that is stored of each known room.
        self._highest: dict[int, int] = {}

    def forget(self, rooms: Sequence[int]) -> None:
        """Another process may have stored records of these rooms."""
        for room in rooms:
            self._highest.pop(room, None)

    async def sift(self, items: Sequence[Item]) -> Checked:
        """`items` are in the order of the log."""
        checked = Checked()
        doubtful = [item for item in items if self._is_doubtful(item)]
        stored: Mapping[tuple[str, str], Mapping[str, object]] = {}
        try:
            stored = await self._look_up(doubtful)
        except TableUnavailable as error:
            unknown = {(item.pk, item.sk) for item in doubtful}
            checked.unknown = [Unstored(item, str(error)) for item in doubtful]
            items = [item for item in items if (item.pk, item.sk) not in unknown]
        there = dict(stored)
        for item in items:
            # The first of two records of one batch is there for the second.
            first = there.setdefault((item.pk, item.sk), item.attributes)
            if kind_of(item.sk) in SEQUENCED and not _is_same(item, first):
                checked.taken.append(Unstored(item, CAUSE, refused=True))
            elif kind_of(item.sk) in SEQUENCED and item.offset != first["offset"]:
                checked.again.append(item)
            else:
                checked.kept.append(item)
        self._learn(items, stored)
        return checked

    def _is_doubtful(self, item: Item) -> bool:
        if kind_of(item.sk) not in SEQUENCED:
            return False
        return number(item.sk) <= self._highest.get(item.activity_id, number(item.sk))

    async def _look_up(self, items: Sequence[Item]) -> Mapping[tuple[str, str], Mapping[str, object]]:
        until, error = time.monotonic() + PATIENCE_SECONDS, TableUnavailable("there was no time left")
        for pause in self._pauses(until) if items else ():
            await asyncio.sleep(pause)
            try:
                return await self._table.stored(items)
            except TableUnavailable as failed:
                error = failed
        if items:
            raise error
        return {}

    def _learn(self, items: Sequence[Item], stored: Mapping[tuple[str, str], object]) -> None:
        last = {item.activity_id: item for item in items if kind_of(item.sk) in SEQUENCED}
        for room, item in last.items():
            if room in self._highest:
                self._highest[room] = max(self._highest[room], number(item.sk))
            elif (item.pk, item.sk) not in stored:
                if len(self._highest) >= MOST_ROOMS:
                    self._highest.clear()
                self._highest[room] = number(item.sk)


def _is_same(item: Item, there: Mapping[str, object]) -> bool:
    """A user who was erased may be stored under the userId yet."""
    attributes = [item.attributes, item.attributes | {"userId": item.erased}] if item.erased else [item.attributes]
    return any(all(one.get(name, "") == there.get(name, "") for name in TOLD_APART_BY) for one in attributes)
