"""Keeps out of the archive what the save topic holds twice, under two seqs (functions/rooms/repeats.py).

In: the items of a batch. Out: those to store, and those of rooms that could not be looked up.

A process remembers what it has stored. So it knows all of a room, as long as it reads the room's partition without a
hole. A process that meets a room for the first time, or after another process has read the partition, looks the newest
items up in the table. It does so when the room's first record with an `id` comes, so rooms without such records cost
nothing.

Example: the process has read a partition up to the offset 80. The next batch begins at 75, which is redelivery. One
that begins at 95 has a hole before it: another process has stored 81 to 94.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from functions.adapters.dynamodb.archive_table import ArchiveTable
from functions.adapters.dynamodb.archive_writing import Pauses
from functions.adapters.dynamodb.table import TableUnavailable, pauses
from functions.aws_events.kafka import Record
from functions.rooms.archive import Item, Kind
from functions.rooms.repeats import FirstSent
from functions.rooms.results import RESULT_MS
from functions.runtime.together import every

log = logging.getLogger(__name__)

# Before the writes, which take 25 of the archive's 60 seconds.
PATIENCE_SECONDS = 10.0
KINDS: tuple[Kind, ...] = get_args(Kind)
# Of more rooms all are looked up again.
MOST_ROOMS = 10_000


@dataclass
class Sifted:
    """The items to store, those whose event is stored under another seq, and those of rooms that could not be looked
    up, with the cause."""

    kept: list[Item] = field(default_factory=list)
    repeats: list[Item] = field(default_factory=list)
    unknown: list[Item] = field(default_factory=list)
    cause: str = ""


class Repeats:
    """What one process knows to be stored. `pauses` yields the waits before each attempt to look a room up."""

    def __init__(self, table: ArchiveTable, *, pauses: Pauses = pauses) -> None:
        self._table = table
        self._pauses = pauses
        self._first = FirstSent()
        # The offset behind the last record that was read of each partition; the rooms that are known, with theirs.
        self._following: dict[str, int] = {}
        self._known: dict[int, str] = {}

    def follow(self, records: Iterable[Record]) -> frozenset[str]:
        """Take note of a batch, in the order of its offsets. Rooms of a partition with a hole before it are not known
        any more. Returns these partitions."""
        ends: dict[str, int] = {}
        holes = set()
        for record in records:
            if record.source not in ends and record.offset > self._following.get(record.source, 0):
                holes.add(record.source)
                self._known = {room: source for room, source in self._known.items() if source != record.source}
            ends[record.source] = record.offset + 1
        for source, end in ends.items():
            self._following[source] = max(end, self._following.get(source, 0))
        return frozenset(holes)

    async def sift(self, items: Sequence[Item], partitions: Mapping[int, str]) -> Sifted:
        """`items` are in the order of the log; `partitions` has the partition of each room."""
        sifted = Sifted()
        oldest: dict[int, int] = {}
        for item in items:
            if item.sent and item.activity_id not in self._known:
                oldest[item.activity_id] = min(item.sent.time, oldest.get(item.activity_id, item.sent.time))
        causes = await every(self._look_up(room, partitions[room], first) for room, first in oldest.items())
        sifted.cause = next(filter(None, causes), "")
        for item in items:
            if item.sent and item.activity_id not in self._known:
                sifted.unknown.append(item)
            elif item.sent and self._first.is_repeat(item.sent):
                sifted.repeats.append(item)
                log.info("room %d: seq %d is stored under another seq", item.activity_id, item.sent.seq)
            else:
                sifted.kept.append(item)
        return sifted

    async def _look_up(self, activity_id: int, partition: str, oldest: int) -> str:
        """Get to know a room; returns the cause if that failed, else an empty text. The room's oldest event in the
        batch is of the time `oldest`."""
        until = time.monotonic() + PATIENCE_SECONDS
        for kind in KINDS:
            cause = "there was no time left"
            for pause in self._pauses(until):
                await asyncio.sleep(pause)
                try:
                    found = await self._table.sent_since(activity_id, oldest - RESULT_MS, kind)
                    break
                except TableUnavailable as error:
                    cause = str(error)
            else:
                return cause
            for sent in found:
                self._first.is_repeat(sent)
        if len(self._known) >= MOST_ROOMS:
            self._known.clear()
        self._known[activity_id] = partition
        return ""
