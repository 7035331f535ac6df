import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import pytest

from functions.adapters.dynamodb import table
from functions.adapters.dynamodb.api import DynamoDbApi, DynamoDbError
from functions.adapters.dynamodb.archive_table import ArchiveTable
from functions.adapters.dynamodb.reports import Reports
from functions.adapters.dynamodb.table import TableUnavailable, pauses
from functions.adapters.dynamodb.watch_totals import WatchTotals
from functions.rooms import archive, events
from functions.rooms.deeds import Deed, deed_of
from functions.rooms.events import Event
from functions.rooms.report import Range
from tests.functions import made

NOW = 1_700_000_000_000


class Refusing(DynamoDbApi):
    """Refuses its first call at once, and answers the others some turns of the loop later."""

    def __init__(self) -> None:
        self.made = self.under_way = 0

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self.made += 1
        if self.made == 1:
            raise DynamoDbError("InternalServerError", "no")
        self.under_way += 1
        for _ in range(20):
            await asyncio.sleep(0)
        self.under_way -= 1
        return {"Items": []}


def chat(number: int) -> Event:
    return made.event(
        events.CHAT, user_id=f"u{number}", username="U", seq=number, logged_at=NOW, time=NOW, content="hi"
    )


def deed(number: int) -> Deed:
    found = deed_of(chat(number), number)
    assert found
    return found


def once(deadline: float) -> Iterator[float]:
    yield 0.0


async def the_events(api: DynamoDbApi) -> None:
    async for _ in ArchiveTable(api, "rooms").events(42):
        pass


async def the_top(api: DynamoDbApi) -> None:
    await WatchTotals(api, "rooms").top(42, 10)


async def a_report(api: DynamoDbApi) -> None:
    await Reports(api, "rooms").read(42, Range(0, 60))


async def many_items(api: DynamoDbApi) -> None:
    items = [item for number in range(150) for item in archive.items(chat(number), 1000 + number, days=400)]
    await ArchiveTable(api, "rooms").stored(items)


async def many_sums(api: DynamoDbApi) -> None:
    assert len(await WatchTotals(api, "rooms", pauses=once).add([deed(number) for number in range(150)])) == 150
    raise TableUnavailable  # it is a result there


@pytest.mark.parametrize("read", [the_events, the_top, a_report, many_items, many_sums])
async def test_who_is_refused_leaves_no_call_under_way(read: Callable[[DynamoDbApi], Awaitable[None]]) -> None:
    api = Refusing()
    with pytest.raises(TableUnavailable):
        await read(api)
    assert api.made > 1
    assert api.under_way == 0


def test_the_first_attempt_waits_for_nothing_and_no_other_for_longer_than_it_may() -> None:
    waits = list(itertools.islice(pauses(time.monotonic() + 3600), 50))
    assert waits[0] == 0
    assert waits[1] <= table.FIRST_PAUSE_SECONDS
    assert len(set(waits)) > 40  # so that those who were refused together do not come again together
    assert table.LONGEST_PAUSE_SECONDS / 2 < max(waits) <= table.LONGEST_PAUSE_SECONDS


def test_there_is_no_attempt_after_the_deadline() -> None:
    assert list(pauses(time.monotonic() - 1)) == []
