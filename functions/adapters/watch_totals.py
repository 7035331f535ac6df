"""Watch time in DynamoDB: a sum a user, and one a bucket of users, each of which counts a record once.

A sum knows how far it has counted, so that a batch that comes again adds nothing, in whatever way it is cut.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from functions.adapters.dynamodb import Client, ConditionFailed, ItemRefused, Table, TableUnavailable, pauses
from functions.rooms.archive import expiry
from functions.rooms.seats import BUCKETS, bucket_of
from functions.rooms.watch_time import Counted, Credit, counted_of

log = logging.getLogger(__name__)

# What cannot be written is tried again for so long: when the table does not answer, the archive still has to say so
# before its own time is over.
PATIENCE_SECONDS = 15.0
# So many sums are under way at a time; DynamoDB answers in some ms, and one CPU asks as fast.
AT_A_TIME = 64

TOTAL = "total"
NAMES = {f"#{name}": name for name in ("seconds", "last", "lastAt", "expires")}
# Holds for a sum that is new, or has counted none of these. Where one of them is older than what was counted, `lastAt`
# would go back, and a record that comes again could be taken for one of a log that began anew.
UNSEEN = "attribute_not_exists(#last) OR (#last < :first AND #lastAt <= :lastAt)"
UNCHANGED = "#last = :knownLast AND #lastAt = :knownLastAt"

Item = dict[str, dict[str, str]]


@dataclass(frozen=True)
class _Sum:
    """An item of the table, by its key. Those of users have a name and stand in the index."""

    pk: str
    sk: str

    @property
    def key(self) -> Item:
        return {"pk": {"S": self.pk}, "sk": {"S": self.sk}}

    def update(self, part: Sequence[Credit], known: Counted | None, days: int) -> dict[str, Any]:
        """What adds these credits, of which the sum has none; its condition fails unless the sum is as `known`, or
        where nothing is known, unless they are certain to be unseen."""
        counted = known.moved_behind(part) if known else counted_of(part)
        earned = sum(credit.earned for credit in part)
        names = NAMES | {f"#{name}": name for name in self._person(part)}
        values = {
            ":seconds": {"N": f"{Decimal(earned).scaleb(-3):f}"},
            ":last": _number(counted.offset),
            ":lastAt": _number(counted.logged_at),
            ":expires": _number(expiry(counted.logged_at, days)),
            **{f":{name}": {"S": value} for name, value in self._person(part).items()},
        }
        changes = ", ".join(f"{name} = :{name[1:]}" for name in names if name != "#seconds")
        if known:
            values |= {":knownLast": _number(known.offset), ":knownLastAt": _number(known.logged_at)}
        else:
            values[":first"] = _number(part[0].offset)
        return {
            "Key": self.key,
            "UpdateExpression": f"ADD #seconds :seconds SET {changes}",
            "ConditionExpression": UNCHANGED if known else UNSEEN,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }

    def _person(self, part: Sequence[Credit]) -> dict[str, str]:
        if self.sk == TOTAL:
            return {}
        # The sweep does not know the name of a user whose line in Redis was lost.
        names = [credit.username for credit in part if credit.username]
        person = {"topOf": self.pk, "userId": part[0].user_id}
        return person | {"username": names[-1]} if names else person


class WatchTotals:
    """The sums of all rooms. A sum is gone `archive_days` after its last record. `pauses` yields the waits before each
    attempt to write, until a deadline."""

    def __init__(
        self,
        client: Client,
        table: str,
        *,
        archive_days: int = 400,
        pauses: Callable[[float], Iterator[float]] = pauses,
    ) -> None:
        self._table = Table(client, table)
        self._days = archive_days
        self._pauses = pauses

    async def add(self, credits_: Sequence[Credit]) -> list[Credit]:
        """Add each credit to its user's sum and to its bucket's, unless it is in there already.

        They are in the order of the log. Returns those that some sum still misses, in that order: they are to come
        again, and all that follow the first of a room with them, before any others of that room.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        slots = asyncio.Semaphore(AT_A_TIME)
        parts = _by_sum(credits_)
        causes = await asyncio.gather(*(self._add(sum_, part, slots, until) for sum_, part in parts.items()))
        failed = [cause for cause in causes if cause]
        if failed:
            log.error("%d of %d sums of watch time were not written: %s", len(failed), len(parts), failed[0])
        missing = {credit for part, cause in zip(parts.values(), causes, strict=True) if cause for credit in part}
        return [credit for credit in credits_ if credit in missing]

    async def _add(self, sum_: _Sum, part: Sequence[Credit], slots: asyncio.Semaphore, until: float) -> str:
        """Add them to one sum; returns why that could not be done, or nothing."""
        cause = "there was no time left"
        for pause in self._pauses(until):
            await asyncio.sleep(pause)
            async with slots:
                if time.monotonic() > until:
                    return cause
                try:
                    await self._attempt(sum_, part)
                except (ConditionFailed, TableUnavailable) as error:
                    # It may have been written all the same, which the next attempt finds out.
                    cause = str(error)
                except ItemRefused as refused:
                    return str(refused)
                else:
                    return ""
        return cause

    async def _attempt(self, sum_: _Sum, part: Sequence[Credit]) -> None:
        try:
            await self._table.call("UpdateItem", **self._request(sum_, part, None))
        except ConditionFailed:
            known = await self._counted(sum_)
            if rest := known.uncounted(part) if known else part:
                await self._table.call("UpdateItem", **self._request(sum_, rest, known))

    def _request(self, sum_: _Sum, part: Sequence[Credit], known: Counted | None) -> dict[str, Any]:
        return {"TableName": self._table.name, **sum_.update(part, known, self._days)}

    async def _counted(self, sum_: _Sum) -> Counted | None:
        found = await self._table.call("GetItem", TableName=self._table.name, Key=sum_.key, ConsistentRead=True)
        item = found.get("Item")
        return Counted(int(item["last"]["N"]), int(item["lastAt"]["N"])) if item else None

    async def top(self, activity_id: int, limit: int) -> tuple[list[tuple[str, float]], float]:
        """The `limit` users who watched longest, longest first, as (userId, seconds), and the seconds of all together.

        A moment may pass before it tells of what was added. Raises TableUnavailable.
        """
        keys = [_bucket_key(activity_id, bucket) for bucket in range(BUCKETS)]
        async with self._table.in_time():
            longest, totals = await asyncio.gather(
                asyncio.gather(*(self._longest(key, limit) for key in keys)),
                asyncio.gather(*(self._total(key) for key in keys)),
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


def _by_sum(credits_: Sequence[Credit]) -> dict[_Sum, list[Credit]]:
    parts: dict[_Sum, list[Credit]] = {}
    for credit in credits_:
        bucket = _bucket_key(credit.activity_id, bucket_of(credit.user_id))
        for name in (f"u#{credit.user_id}", TOTAL):
            parts.setdefault(_Sum(bucket, name), []).append(credit)
    return parts


def _bucket_key(activity_id: int, bucket: int) -> str:
    return f"watch#{activity_id}#{bucket}"


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def _seconds(item: Item) -> Decimal:
    return Decimal(item["seconds"]["N"])
