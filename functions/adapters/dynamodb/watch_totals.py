"""The sums of rooms in DynamoDB: of each user, of each bucket of users, of each minute. Each counts a record once.

A user's item has the watch time, with the end of what it has counted, and the chats. A bucket's `total` has the watch
time of its users, so that a room's takes 32 reads and not one for each user, and those who are ahead
(functions/rooms/leaders.py). A minute's item has what happened then (functions/rooms/minute_sums.py). The items of
buckets and minutes store the offset of the last record that they include. functions/rooms/watch_time.py has the rules
and examples; functions/adapters/dynamodb/adding.py writes the sums.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from functions.adapters.dynamodb.adding import FAILURES, TOTAL, Adding
from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.dynamodb.table import Table, pauses
from functions.adapters.dynamodb.user_sums import Item, bucket_key
from functions.rooms.deeds import Deed
from functions.rooms.erasure import NONE, Erasures
from functions.rooms.seats import BUCKETS
from functions.runtime.together import both, every

log = logging.getLogger(__name__)

# Failed writes are retried for so long. The archive must report what failed before its own timeout.
PATIENCE_SECONDS = 15.0


class WatchTotals:
    """The sums of all rooms. They expire `archive_days` after their last record. `pauses` yields the wait (s) before
    each attempt to write, until a deadline."""

    def __init__(
        self,
        client: DynamoDbApi,
        table: str,
        *,
        archive_days: int = 400,
        pauses: Callable[[float], Iterator[float]] = pauses,
    ) -> None:
        self._table = Table(client, table)
        self._days = archive_days
        self._pauses = pauses

    async def add(self, deeds: Sequence[Deed], erasures: Erasures = NONE) -> list[Deed]:
        """Add each deed to the sums of its user, bucket and minutes, unless it is included there already. Users who
        were erased go by an alias (functions/rooms/erasure.py).

        `deeds` is in the order of the log, and so is what is returned: the deeds that some sum still misses. These
        must be added again, together with all deeds of their room behind the first of them, before later deeds of
        that room. Otherwise sums would count past them, and they would never be counted.
        """
        rooms: dict[int, list[Deed]] = {}
        for deed in deeds:
            rooms.setdefault(deed.activity_id, []).append(deed)
        adding = Adding(self._table, self._days, time.monotonic() + PATIENCE_SECONDS, erasures)
        results = await asyncio.gather(*(self._add(adding, part) for part in rooms.values()))
        failed = [(missing, cause) for missing, cause in results if missing]
        if failed:
            log.error("sums of %d of %d rooms were not written: %s", len(failed), len(rooms), failed[0][1])
        missing = {(deed.activity_id, deed.offset) for some, _ in failed for deed in some}
        return [deed for deed in deeds if (deed.activity_id, deed.offset) in missing]

    async def _add(self, adding: Adding, deeds: list[Deed]) -> tuple[list[Deed], str]:
        """Add deeds of one room; returns those that some sum misses, and the cause."""
        missing, cause = deeds, "there was no time left"
        for pause in self._pauses(adding.until):
            await asyncio.sleep(pause)
            try:
                missing, cause = await adding.attempt(missing)
            except FAILURES as error:
                cause = str(error)
            if not missing:
                break
        return missing, cause

    async def top(self, activity_id: int, limit: int) -> tuple[list[tuple[str, float]], float]:
        """The `limit` users who watched longest, longest first, as (userId, seconds), and the seconds of all users.

        Reads are eventually consistent. Raises TableUnavailable.
        """
        keys = [bucket_key(activity_id, bucket) for bucket in range(BUCKETS)]
        async with self._table.in_time():
            longest, totals = await both(
                every(self._longest(key, limit) for key in keys), every(self._total(key) for key in keys)
            )
        users = sorted((-_seconds(item), item["userId"]["S"]) for items in longest for item in items)
        total = sum((_seconds(item) for items in totals for item in items), Decimal(0))
        return [(user_id, float(-seconds)) for seconds, user_id in users[:limit]], float(total)

    async def _longest(self, key: str, limit: int) -> list[Item]:
        return await self._query(
            IndexName="top",
            KeyConditionExpression="topOf = :key",
            ExpressionAttributeValues={":key": {"S": key}},
            ScanIndexForward=False,
            Limit=limit,
        )

    async def _total(self, key: str) -> list[Item]:
        return await self._query(
            KeyConditionExpression="pk = :key AND sk = :total",
            ExpressionAttributeValues={":key": {"S": key}, ":total": {"S": TOTAL}},
        )

    async def _query(self, **query: Any) -> list[Item]:
        items: list[Item] = (await self._table.call("Query", TableName=self._table.name, **query))["Items"]
        return items


def _seconds(item: Item) -> Decimal:
    return Decimal(item["seconds"]["N"])
