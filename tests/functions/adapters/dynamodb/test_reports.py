"""What a show adds up to is in tests/functions/usecases/test_archiver.py. Here is how it is read."""

import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.dynamodb.reports import Reports
from functions.adapters.dynamodb.table import TableUnavailable
from functions.adapters.dynamodb.watch_totals import WatchTotals
from functions.rooms import events
from functions.rooms.archive import MINUTE_MS
from functions.rooms.deeds import Deed, deed_of
from functions.rooms.report import Range
from functions.rooms.seats import BUCKETS
from functions.rooms.watch_time import Stretch
from tests.functions.made import event
from tests.functions.memory_table import MemoryTable
from tests.functions.tables import api, make_table

START = 1_700_000_040_000
MINUTE = START // MINUTE_MS
SHOW = Range(MINUTE, MINUTE + 180)


def beats(users: int, minutes: int) -> list[Deed]:
    """Each user watches all the time, and tells so once a minute."""
    log: list[Deed] = []
    for number in range(1, minutes + 1):
        for user in range(users):
            told = START + number * MINUTE_MS - 1
            stretch = Stretch(START, told, MINUTE_MS)
            beat = event(
                events.HEARTBEAT,
                user_id=f"u{user}",
                time=told,
                logged_at=told,
                online=users,
                likes=number,
                **stretch.fields(),
            )
            deed = deed_of(beat, len(log))
            assert deed
            log.append(deed)
    return log


@pytest.fixture
async def dynamodb(moto_url: str) -> AsyncIterator[DynamoDbApi]:
    async with api(moto_url) as dynamodb:
        yield dynamodb


async def test_dynamodb_adds_up_what_a_report_reads(dynamodb: DynamoDbApi, moto_url: str) -> None:
    name = await make_table(moto_url)
    happened = [
        event(events.JOIN, user_id="alice", time=START, logged_at=START, seq=1, online=1, likes=0),
        event(events.CHAT, user_id="alice", time=START + 5, logged_at=START, seq=2, content="hi", online=1, likes=0),
        event(events.LIKE, user_id="alice", time=START + 9, logged_at=START, online=1, likes=7),
        event(
            events.LEAVE,
            user_id="alice",
            time=START + 90_000,
            logged_at=START,
            seq=3,
            online=0,
            likes=7,
            **Stretch(START, START + 90_000, 90_000).fields(),
        ),
    ]
    deeds = [deed for offset, one in enumerate(happened) if (deed := deed_of(one, offset))]
    for batch in (deeds[:2], deeds, deeds[1:]):
        assert await WatchTotals(dynamodb, name).add(batch) == []
    report = await Reports(dynamodb, name).read(42, SHOW)
    assert report.to_object(42) == {
        "activityId": 42,
        "from": START,
        "to": START + 180 * MINUTE_MS,
        "peakOnline": 1,
        "averageOnline": 0.75,
        "viewers": 1,
        "joins": 1,
        "leaves": 1,
        "chats": 1,
        "chatters": 1,
        "likes": 7,
        "watchSeconds": 90.0,
        "watchSecondsPerViewer": 90.0,
        "minutes": [
            {"time": START, "onlineNumber": 1, "joins": 1, "leaves": 0, "chats": 1, "likes": 7},
            {"time": START + MINUTE_MS, "onlineNumber": 0, "joins": 0, "leaves": 1, "chats": 0, "likes": 0},
        ],
        "longest": [{"userId": "alice", "seconds": 90.0}],
        "mostActive": [{"userId": "alice", "chats": 1}],
        "estimated": [],
    }
    assert (await WatchTotals(dynamodb, name).top(42, 10)) == ([("alice", 90.0)], 90.0)


async def test_three_hours_are_an_item_a_minute_and_one_a_bucket_however_many_watched() -> None:
    memory = MemoryTable()
    totals = WatchTotals(memory, "rooms")
    assert await totals.add(beats(200, 180)) == []
    memory.read = 0
    memory.calls.clear()
    began = time.perf_counter()
    report = await Reports(memory, "rooms").read(42, SHOW)
    assert time.perf_counter() - began < 1
    assert (report.viewers, report.peak_online, len(report.curve)) == (200, 200, 180)
    assert memory.read == 180 + BUCKETS
    assert memory.calls == ["Query"] * (3 + BUCKETS)


class Paged(MemoryTable):
    """Answers with so few items at a time."""

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        pages = {"Limit": 7} if operation == "Query" and "Limit" not in parameters else {}
        return await super().call(operation, {**parameters, **pages})


async def test_long_ranges_are_read_page_by_page() -> None:
    memory = Paged()
    assert await WatchTotals(memory, "rooms").add(beats(1, 180)) == []
    report = await Reports(memory, "rooms").read(42, Range(MINUTE, MINUTE + 10_080))
    assert (report.viewers, len(report.curve), report.watched) == (1, 180, 180 * MINUTE_MS - 1)


async def test_a_room_that_nobody_was_in_has_a_report_of_nothing() -> None:
    report = await Reports(MemoryTable(), "rooms").read(42, SHOW)
    assert (report.viewers, report.curve, report.estimated) == (0, [], [])
    at_the_beginning = await Reports(MemoryTable(), "rooms").read(42, Range(0, 5))
    assert at_the_beginning.curve == []


async def test_a_table_that_is_away_is_unavailable() -> None:
    async with api("http://127.0.0.1:1") as away:
        with pytest.raises(TableUnavailable):
            await Reports(away, "rooms").read(42, SHOW)
