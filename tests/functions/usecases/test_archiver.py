"""The stories are in tests/functions/handlers/test_archive.py. Here is what a show adds up to."""

import asyncio
import itertools
import random
from collections.abc import Iterator, Sequence

import pytest

from functions.adapters.aws.failure_queue import FailureQueue
from functions.adapters.dynamodb.archive_table import ArchiveTable
from functions.adapters.dynamodb.erasure_list import ErasureList
from functions.adapters.dynamodb.reports import Reports
from functions.adapters.dynamodb.table import Table
from functions.adapters.dynamodb.watch_totals import WatchTotals
from functions.aws_events.kafka import Record
from functions.rooms.archive import MINUTE_MS
from functions.rooms.leaders import MOST
from functions.rooms.report import Range, Report
from functions.usecases.archiver import Archiver
from functions.usecases.erasures import KnownErasures
from functions.usecases.overwrites import Overwrites
from functions.usecases.repeats import Repeats
from tests.functions.memory_table import Fault, Killed, MemoryTable
from tests.functions.show import LEASE_MS, START, Show


def thrice(deadline: float) -> Iterator[float]:
    return itertools.repeat(0.0, 3)


def archiver(memory: MemoryTable) -> Archiver:
    """A new process."""
    table = ArchiveTable(memory, "rooms", pauses=thrice)
    return Archiver(
        table=table,
        repeats=Repeats(table, pauses=thrice),
        overwrites=Overwrites(table, pauses=thrice),
        erasures=KnownErasures(ErasureList(Table(memory, "rooms"))),
        totals=WatchTotals(memory, "rooms", pauses=thrice),
        queue=FailureQueue(lambda: None, ""),
        days=400,
        partial_responses=True,
    )


class Consumer:
    """Hands a log to the archive as a mapping at its worst does: in batches of any size, again from anywhere before,
    and again from the first record that failed. The function may be killed at any of its requests."""

    def __init__(self, show: Show, dice: random.Random) -> None:
        self.memory = MemoryTable()
        self._dice = dice
        self._archiver = archiver(self.memory)
        self._records = [
            Record("save", 3, 70 + 2 * number, one.time + 3, one.to_record()) for number, one in enumerate(show.log)
        ]

    async def consume(self, faults: float) -> None:
        kinds: list[Fault] = ["throttled", "unprocessed", "no answer", "killed"]
        self.memory.fault = lambda: self._dice.choice(kinds) if self._dice.random() < faults else None
        place = 0
        while place < len(self._records):
            batch = self._records[place : place + self._dice.randint(1, 60)]
            failed = await self._store(batch)
            place += min((batch.index(record) for record in failed), default=len(batch))
            if self._dice.random() < 0.3 * (faults > 0):
                place -= self._dice.randint(0, min(place, 90))
        self.memory.fault = lambda: None

    async def _store(self, batch: Sequence[Record]) -> Sequence[Record]:
        try:
            return await self._archiver.store(batch)
        except Killed:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.gather(*others, return_exceptions=True)
            self.memory.revive()
            self._archiver = archiver(self.memory)
            return batch


async def reported(show: Show, dice: random.Random, faults: float, minutes: range | None = None) -> Report:
    consumer = Consumer(show, dice)
    await consumer.consume(faults)
    first = START // MINUTE_MS
    shown = minutes or range(show.minutes + LEASE_MS // MINUTE_MS + 1)
    return await Reports(consumer.memory, "rooms").read(42, Range(first + shown.start, first + shown.stop))


# Each is a show of its own, handed over in its own way: quietly, or with faults.
SEEDS = range(12)


@pytest.mark.parametrize("faults", [0.0, 0.1], ids=["quiet", "with faults"])
async def test_however_the_batches_come_the_figures_of_a_show_are_exact(faults: float) -> None:
    for seed in SEEDS:
        dice = random.Random(seed)
        show = Show(dice)
        report = await reported(show, dice, faults)
        assert figures(report) == {
            "peak": show.peak,
            "viewers": len(show.viewers),
            "joins": show.joins.total(),
            "leaves": show.leaves.total(),
            "chats": show.chats.total(),
            "chatters": len(show.chats),
            "likes": show.liked.total(),
            "watched": show.watched.total(),
            "average": show.watched.total() / (len(report.curve) * MINUTE_MS),
            "estimated": [],
            "longest": most(show.watched),
            "active": most(show.chats),
        }, seed
        for minute in report.curve:
            number = minute.at // MINUTE_MS
            told = (minute.joins, minute.leaves, minute.chats, minute.likes)
            assert told == (show.joins[number], show.leaves[number], show.said[number], show.liked[number]), seed
            assert minute.online == show.online_at_end.get(number, minute.online), (seed, number)


def figures(report: Report) -> dict[str, object]:
    return {
        "peak": report.peak_online,
        "viewers": report.viewers,
        "joins": report.joins,
        "leaves": report.leaves,
        "chats": report.chats,
        "chatters": report.chatters,
        "likes": report.likes,
        "watched": report.watched,
        "average": report.average_online,
        "estimated": report.estimated,
        "longest": report.longest,
        "active": report.active,
    }


def most(figures: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(((user, figure) for user, figure in figures.items() if figure), key=lambda one: (-one[1], one[0]))[
        :MOST
    ]


async def test_a_part_of_a_show_has_what_happened_in_it() -> None:
    dice = random.Random(7)
    show = Show(dice)
    part = range(3, 9)
    report = await reported(show, dice, 0.1, part)
    numbers = [START // MINUTE_MS + number for number in part]
    for told, figures in ((report.joins, show.joins), (report.chats, show.said), (report.likes, show.liked)):
        assert told == sum(figures[number] for number in numbers)
    assert [minute.online for minute in report.curve] == [show.online_at_end[number] for number in numbers]
    assert "viewers" in report.estimated
