"""Stores what happened in the rooms, and adds up who watched for how long: see functions/usecases/archiver.py."""

import os
from functools import partial

from functions.adapters.aws.failure_queue import FailureQueue, queue_client
from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.dynamodb.archive_table import ArchiveTable
from functions.adapters.dynamodb.erasure_list import ErasureList
from functions.adapters.dynamodb.table import Table
from functions.adapters.dynamodb.watch_totals import WatchTotals
from functions.aws_events import kafka
from functions.runtime.entry import Entry, JsonObject
from functions.runtime.metrics import Meter
from functions.runtime.settings import Settings
from functions.usecases.archiver import Archiver
from functions.usecases.erasures import KnownErasures
from functions.usecases.overwrites import Overwrites
from functions.usecases.repeats import Repeats


class Incomplete(Exception):
    """Not all of the batch could be stored. Without partial responses only an error makes the mapping redeliver."""


async def build(settings: Settings) -> Archiver:
    """The archiver for these settings."""
    dynamodb = DynamoDbApi.of_environment(os.environ, region=settings.aws_region)
    table = ArchiveTable(dynamodb, settings.table)
    return Archiver(
        table=table,
        repeats=Repeats(table),
        overwrites=Overwrites(table),
        erasures=KnownErasures(ErasureList(Table(dynamodb, settings.table))),
        totals=WatchTotals(dynamodb, settings.table, archive_days=settings.archive_days),
        queue=FailureQueue(partial(queue_client, settings.aws_region), settings.failure_queue),
        days=settings.archive_days,
        partial_responses=settings.partial_responses == "true",
        meter=Meter(stage=settings.stage),
    )


async def main(raw: JsonObject, archiver: Archiver) -> JsonObject:
    """Store a batch; returns the failed records as `batchItemFailures`, or raises Incomplete."""
    failed = await archiver.store(kafka.records(raw))
    if failed and not archiver.partial_responses:
        raise Incomplete(f"not stored from these offsets on: {kafka.first_offsets(failed)}")
    return kafka.batch_item_failures(failed)


handler = Entry("archive", main, build)
