"""Stores what happened in the rooms, and adds up who watched for how long.

In: a batch of records of the save topic. Out: the records that the event source mapping must redeliver.

1. Each record becomes items of the table and perhaps a deed for the sums. A record that cannot be read is broken. Users
   who were erased are left out, or go by an alias (functions/usecases/erasures.py). An event that is stored under
   another seq already is left out (functions/usecases/repeats.py). One that is stored already, or whose seq another
   event has, is left out or refused (functions/usecases/overwrites.py).
2. Items and sums are written side by side. Both writes are idempotent: an item has a key that follows from its record,
   and a sum knows which deeds it includes (functions/rooms/watch_time.py). So redelivery does no harm. What is left out
   or refused is in no sum. If nobody could tell that of a record, its room's sums wait from there on.
3. Records whose writes failed, since the table was away or throttled, are redelivered.
4. A broken record would never succeed, and would hold up its partition for ever. It is set aside in the failure queue,
   with the cause. So is a record that DynamoDB refuses, or whose seq another record has. But a broken record behind a
   failed one is left alone: it is redelivered together with the failed one, and would be set aside twice.

Example: of the offsets 70 to 73 of a partition, 70 and 73 are broken, and 71 was throttled. 70 is set aside. 71 is
returned, so 71, 72 and 73 are redelivered.
"""

import asyncio
import itertools
import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from functions.adapters.aws.failure_queue import FailureQueue, QueueUnavailable
from functions.adapters.dynamodb.archive_table import ArchiveTable
from functions.adapters.dynamodb.archive_writing import Unstored
from functions.adapters.dynamodb.table import TableUnavailable
from functions.adapters.dynamodb.watch_totals import WatchTotals
from functions.aws_events.kafka import Record, first_offsets
from functions.rooms import archive
from functions.rooms.archive import Item
from functions.rooms.deeds import Deed, deed_of
from functions.rooms.erasure import Erasures
from functions.rooms.records import BrokenRecord
from functions.runtime import metrics
from functions.runtime.metrics import SILENT, Meter, Metric, Number
from functions.runtime.together import succeeded_within
from functions.usecases.erasures import KnownErasures, without_erased
from functions.usecases.overwrites import Checked, Overwrites
from functions.usecases.repeats import Repeats, Sifted

log = logging.getLogger(__name__)

# The queue comes after the table's writes have had their time, and must be done before the function's 60 seconds end.
QUEUE_SECONDS = 15.0
QUEUE_AT_ONCE = 8


@dataclass(frozen=True)
class Batch:
    """The contents of a batch, in the order of the log.

    `sources` has the records of each (room, offset), and `broken` the cause of each broken record.
    """

    items: list[Item] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    sources: dict[tuple[int, int], list[Record]] = field(default_factory=dict)
    broken: dict[Record, str] = field(default_factory=dict)

    @classmethod
    def read(cls, records: Iterable[Record], days: int) -> "Batch":
        """Read the records; the items expire `days` after they were logged."""
        batch = cls()
        for record in records:
            try:
                event = archive.read_record(record.value, record.timestamp)
                items = archive.items(event, record.offset, days=days)
                deed = deed_of(event, record.offset)
            except BrokenRecord as reason:
                batch.broken[record] = str(reason)
            else:
                batch.sources.setdefault((event.activity_id, record.offset), []).append(record)
                batch.items.extend(items)
                batch.deeds.extend([deed] if deed else [])
        return batch

    def without(self, erasures: Erasures) -> "Batch":
        """The batch without those who were erased."""
        return replace(self, items=without_erased(self.items, erasures))

    @property
    def partitions(self) -> dict[int, str]:
        """The partition of each room."""
        return {activity_id: records[0].source for (activity_id, _), records in self.sources.items()}

    def records_of(self, made: Iterable[Item | Deed]) -> list[Record]:
        """The records that these items and deeds were made of."""
        return [record for one in made for record in self.sources[one.activity_id, one.offset]]

    def countable(self, left_out: Iterable[Item], unknown: Iterable[Item]) -> list[Deed]:
        """The deeds without those that are left out. Of a room with an unknown item, those before it: they come again
        from there on, and a sum must not count past it."""
        without = {(item.activity_id, item.offset) for item in left_out}
        ends: dict[int, int] = {}
        for item in unknown:
            ends[item.activity_id] = min(item.offset, ends.get(item.activity_id, item.offset))
        if not without and not ends:
            return self.deeds
        return [
            deed
            for deed in self.deeds
            if (deed.activity_id, deed.offset) not in without and deed.offset < ends.get(deed.activity_id, math.inf)
        ]


@dataclass(frozen=True, kw_only=True)
class Archiver:
    """Stores batches, for `days`. Without `partial_responses` the mapping redelivers all of a batch if one record
    failed."""

    table: ArchiveTable
    repeats: Repeats
    overwrites: Overwrites
    erasures: KnownErasures
    totals: WatchTotals
    queue: FailureQueue
    days: int
    partial_responses: bool
    meter: Meter = SILENT

    async def store(self, records: Iterable[Record]) -> list[Record]:
        """Store a batch; returns the records that must be redelivered, some of which may have been stored."""
        records = list(records)
        batch = Batch.read(records, self.days)
        try:
            erasures = await self.erasures.current()
        except TableUnavailable as error:
            log.warning("the list of erasures was not read: %s", error)
            return records
        batch = batch.without(erasures)
        holes = self.repeats.follow(records)
        self.overwrites.forget([room for room, source in batch.partitions.items() if source in holes])
        sifted, checked = await self._sift(batch)
        left_out = [*sifted.repeats, *checked.again]
        unknown = [*(Unstored(item, sifted.cause) for item in sifted.unknown), *checked.unknown]
        deeds = batch.countable([*left_out, *(one.item for one in checked.taken)], (one.item for one in unknown))
        unstored, unadded = await asyncio.gather(self.table.put(checked.kept), self.totals.add(deeds, erasures))
        unstored += checked.taken + unknown
        added = [deed for deed in deeds if deed not in unadded] if unadded else deeds
        self.meter.emit(numbers(batch, left_out, len(unstored), added, len(unadded), self.meter.clock() * 1000))
        away = [one for one in unstored if not one.refused]
        failed = batch.records_of([*(one.item for one in away), *unadded])
        if failed:
            cause = away[0].cause if away else "the sums were not written"
            log.warning("%d items and %d deeds were not stored: %s", len(away), len(unadded), cause)
            if not self.partial_responses:
                return failed
        refused = {record: one.cause for one in unstored if one.refused for record in batch.records_of([one.item])}
        broken = not_behind(failed, batch.broken | refused)
        not_taken = await set_aside(broken, self.queue)
        self.meter.emit({metrics.SET_ASIDE: len(broken) - len(not_taken)})
        return failed + not_taken

    async def _sift(self, batch: Batch) -> tuple[Sifted, Checked]:
        """What is known of the batch's items: of the repeats, and of all others."""
        sifted = await self.repeats.sift(batch.items, batch.partitions)
        checked = await self.overwrites.sift(sifted.kept)
        self.meter.emit({metrics.OVERWRITES: len(checked.taken)})
        return sifted, checked


def numbers(
    batch: Batch, left_out: Sequence[Item], unstored: int, added: Iterable[Deed], unadded: int, now: float
) -> dict[Metric, Number]:
    """How much was stored and added and how much was not, and the age (ms) of the oldest record at `now`."""
    credits_ = [deed.credit for deed in added if deed.credit]
    records = itertools.chain(*batch.sources.values(), batch.broken)
    return {
        metrics.STORED: len(batch.items) - len(left_out) - unstored,
        metrics.REPEATED: len({(item.activity_id, item.offset) for item in left_out}),
        metrics.UNSTORED: unstored + unadded,
        metrics.ARCHIVE_LAG: max(0, now - min((record.timestamp for record in records), default=now)),
        metrics.WATCH_CREDITS: len(credits_),
        metrics.WATCHED: sum(credit.earned for credit in credits_) / 1000,
    }


def not_behind(failed: Iterable[Record], broken: Mapping[Record, str]) -> dict[Record, str]:
    """The broken records that are not redelivered together with failed ones."""
    first = first_offsets(failed)
    return {record: cause for record, cause in broken.items() if record.offset < first.get(record.source, math.inf)}


async def set_aside(broken: Mapping[Record, str], queue: FailureQueue) -> list[Record]:
    """Put these records into the failure queue, each with its cause; returns those that it did not take in time."""
    slots = asyncio.Semaphore(QUEUE_AT_ONCE)
    work = {record: _put(record, cause, queue, slots) for record, cause in broken.items()}
    taken, _ = await succeeded_within(QUEUE_SECONDS, work)
    return [record for record in broken if record not in taken]


async def _put(record: Record, cause: str, queue: FailureQueue, slots: asyncio.Semaphore) -> bool:
    try:
        async with slots:
            await queue.put(
                topic=record.topic, partition=record.partition, offset=record.offset, cause=cause, value=record.value
            )
    except QueueUnavailable as error:
        log.warning("could not set aside %s offset %d: %s", record.source, record.offset, error)
        return False
    log.warning("set aside %s offset %d: %s", record.source, record.offset, cause)
    return True
