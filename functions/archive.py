"""Stores what happened in the rooms, and adds up who watched for how long.

At least once: what comes again is stored in the same place, and counted once. A record that nobody can store is set
aside in the failure queue and passed over, so that it does not hold up those behind it.
https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
"""

import asyncio
import itertools
import logging
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from functions import metrics
from functions.adapters.archive_table import ArchiveTable
from functions.adapters.dynamodb_api import DynamoDbApi
from functions.adapters.failure_queue import FailureQueue, QueueUnavailable, queue_client
from functions.adapters.watch_totals import WatchTotals
from functions.aws_events import kafka
from functions.aws_events.kafka import Record
from functions.entry import Entry, JsonObject
from functions.metrics import SILENT, Meter, Metric, Number
from functions.rooms import archive
from functions.rooms.archive import Item
from functions.rooms.events import BrokenRecord
from functions.rooms.watch_time import Credit, credit_of
from functions.settings import Settings, SettingsError

log = logging.getLogger(__name__)

# Setting aside begins when the table has had its time, and has to be over before the function's 60.
QUEUE_SECONDS = 15.0
QUEUE_AT_ONCE = 8


class Incomplete(Exception):
    """Not all of the batch could be stored, and the mapping can only be told by an error, so that all of it comes
    again."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the archive works with. `partial_responses`: the mapping heeds which records failed."""

    table: ArchiveTable
    totals: WatchTotals
    queue: FailureQueue
    days: int
    partial_responses: bool
    meter: Meter = SILENT


@dataclass(frozen=True)
class Batch:
    """What a batch holds, in the order of the log. `sources`: the records by room and offset; `broken` by cause."""

    items: list[Item] = field(default_factory=list)
    credits: list[Credit] = field(default_factory=list)
    sources: dict[tuple[int, int], list[Record]] = field(default_factory=dict)
    broken: dict[Record, str] = field(default_factory=dict)

    @property
    def records(self) -> Iterator[Record]:
        """All of them, in no order."""
        return itertools.chain(*self.sources.values(), self.broken)

    def records_of(self, made: Iterable[Item | Credit]) -> list[Record]:
        """The records that these were made of."""
        return [record for one in made for record in self.sources[one.activity_id, one.offset]]


async def build(settings: Settings) -> Parts:
    """The parts as the settings say; raises SettingsError."""
    missing = [name for name in ("table", "failure_queue") if not getattr(settings, name)]
    if missing:
        raise SettingsError("; ".join(f"{name.upper()} is not set" for name in missing))
    dynamodb = DynamoDbApi.of_environment(os.environ, region=settings.aws_region)
    return Parts(
        table=ArchiveTable(dynamodb, settings.table),
        totals=WatchTotals(dynamodb, settings.table, archive_days=settings.archive_days),
        queue=FailureQueue(partial(queue_client, settings.aws_region), settings.failure_queue),
        days=settings.archive_days,
        partial_responses=settings.partial_responses == "true",
        meter=Meter(stage=settings.stage),
    )


async def main(raw: JsonObject, parts: Parts) -> JsonObject:
    """What is to come again: `batchItemFailures` in Kafka's form. Raises Incomplete where the mapping ignores those."""
    batch = read(raw, parts.days)
    unstored, unadded = await asyncio.gather(parts.table.put(batch.items), parts.totals.add(batch.credits))
    parts.meter.emit(numbers(batch, len(unstored), unadded, parts.meter.clock() * 1000))
    away = [one for one in unstored if not one.refused]
    failed = batch.records_of([*(one.item for one in away), *unadded])
    if failed:
        cause = away[0].cause if away else "watch time could not be added"
        log.warning("%d items and %d credits were not stored: %s", len(away), len(unadded), cause)
        answer(failed, parts)
    refused = {record: one.cause for one in unstored if one.refused for record in batch.records_of([one.item])}
    broken = not_behind(failed, batch.broken | refused)
    behind = await set_aside(broken, parts.queue)
    parts.meter.emit({metrics.SET_ASIDE: len(broken) - len(behind)})
    return answer(failed + behind, parts)


def numbers(batch: Batch, unstored: int, unadded: Sequence[Credit], now: float) -> dict[Metric, Number]:
    """What was stored and added, what was not, and how old (ms) the batch's oldest record was at `now`."""
    earned = sum(credit.earned for credit in batch.credits) - sum(credit.earned for credit in unadded)
    return {
        metrics.STORED: len(batch.items) - unstored,
        metrics.UNSTORED: unstored + len(unadded),
        metrics.ARCHIVE_LAG: max(0, now - min((record.timestamp for record in batch.records), default=now)),
        metrics.WATCH_CREDITS: len(batch.credits) - len(unadded),
        metrics.WATCHED: earned / 1000,
    }


def read(raw: JsonObject, days: int) -> Batch:
    """The batch, to be kept for `days`."""
    batch = Batch()
    for record in kafka.records(raw):
        try:
            event = archive.read_record(record.value, record.timestamp)
            items = archive.items(event, record.offset, days=days)
            credit = credit_of(event, record.offset)
        except BrokenRecord as reason:
            batch.broken[record] = str(reason)
        else:
            batch.sources.setdefault((event.activity_id, record.offset), []).append(record)
            batch.items.extend(items)
            batch.credits.extend([credit] if credit else [])
    return batch


def not_behind(failed: Iterable[Record], broken: Mapping[Record, str]) -> dict[Record, str]:
    """The broken records that do not come again with those that failed."""
    first = first_offsets(failed)
    return {record: cause for record, cause in broken.items() if record.offset < first.get(name(record), math.inf)}


async def set_aside(broken: Mapping[Record, str], queue: FailureQueue) -> list[Record]:
    """Put these into the failure queue, each with its cause; returns those that it has not taken in time."""
    if not broken:
        return []
    turns = asyncio.Semaphore(QUEUE_AT_ONCE)
    tasks = {asyncio.create_task(_put(record, cause, queue, turns)): record for record, cause in broken.items()}
    done, late = await asyncio.wait(tasks, timeout=QUEUE_SECONDS)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    taken = {tasks[task] for task in done if task.result()}
    return [record for record in broken if record not in taken]


async def _put(record: Record, cause: str, queue: FailureQueue, turns: asyncio.Semaphore) -> bool:
    try:
        async with turns:
            await queue.put(
                topic=record.topic, partition=record.partition, offset=record.offset, cause=cause, value=record.value
            )
    except QueueUnavailable as error:
        log.warning("could not set aside %s offset %d: %s", name(record), record.offset, error)
        return False
    log.warning("set aside %s offset %d: %s", name(record), record.offset, cause)
    return True


def answer(failed: Sequence[Record], parts: Parts) -> JsonObject:
    """What the mapping is told of the records that failed."""
    first = first_offsets(failed)
    if failed and not parts.partial_responses:
        raise Incomplete(f"not stored from these offsets on: {first}")
    return {
        "batchItemFailures": [
            {"itemIdentifier": {"partition": partition, "offset": offset}} for partition, offset in first.items()
        ]
    }


def first_offsets(records: Iterable[Record]) -> dict[str, int]:
    """The lowest offset of each partition, by its name."""
    first: dict[str, int] = {}
    for record in records:
        first[name(record)] = min(record.offset, first.get(name(record), record.offset))
    return first


def name(record: Record) -> str:
    """Its partition, as an event and its answer name it."""
    return f"{record.topic}-{record.partition}"


handler = Entry(main, build)
