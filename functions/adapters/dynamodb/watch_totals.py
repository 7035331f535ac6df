"""Watch time in DynamoDB: a total for each user, and one for each bucket of users. Each counts a record once.

A user's total stores the end of what it has counted, a bucket's the offset of the last record that it includes.
functions/rooms/watch_time.py has the rules and examples. The totals of buckets exist so that a room's total takes 32
reads, not one for each user.

Credits are added bucket by bucket, in three steps. First all totals that the credits are for are read, and what each
credit adds is computed. Then the bucket's total is written, and then its users' totals, each on the condition that it
has not changed since it was read. If a condition fails, the three steps are done again.

The order is what makes the sums equal: a crash between the writes leaves users' totals as they were, so redelivered
credits add the same to them, and the bucket's total leaves these credits out by their offsets. In the other order a
credit that a user's total includes would add nothing any more, and the bucket's total would never get it.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.dynamodb.table import ConditionFailed, ItemRefused, Table, TableUnavailable, pauses, typed
from functions.rooms.archive import expiry
from functions.rooms.seats import BUCKETS, bucket_of
from functions.rooms.watch_time import Counted, Credit, additions, counted_of

log = logging.getLogger(__name__)

# Failed writes are retried for so long. The archive must report what failed before its own timeout.
PATIENCE_SECONDS = 15.0
# So many requests are made at once. DynamoDB answers within some ms, so more would only wait for the CPU.
AT_A_TIME = 64
# What BatchGetItem takes at once.
READ_BATCH = 100

TOTAL = "total"
FAILURES = (ConditionFailed, TableUnavailable, ItemRefused)

Item = dict[str, dict[str, str]]


class WatchTotals:
    """The totals of all rooms. A total expires `archive_days` after its last record. `pauses` yields the wait (s)
    before each attempt to write, until a deadline."""

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

    async def add(self, credits_: Sequence[Credit]) -> list[Credit]:
        """Add each credit to the totals of its user and its bucket, unless it is included there already.

        `credits_` is in the order of the log, and so is what is returned: the credits that some total still misses.
        These must be added again, together with all credits of their room behind the first of them, before later
        credits of that room. Otherwise totals would count past them, and they would never be counted.
        """
        parts = _by(_bucket_key, credits_)
        adding = _Adding(self._table, self._days, time.monotonic() + PATIENCE_SECONDS)
        results = await asyncio.gather(*(self._add(adding, bucket, part) for bucket, part in parts.items()))
        failed = [(missing, cause) for missing, cause in results if missing]
        if failed:
            log.error("watch time of %d of %d buckets was not written: %s", len(failed), len(parts), failed[0][1])
        missing = {credit for some, _ in failed for credit in some}
        return [credit for credit in credits_ if credit in missing]

    async def _add(self, adding: "_Adding", bucket: str, part: list[Credit]) -> tuple[list[Credit], str]:
        """Add credits to one bucket; returns those that some total misses, and the cause."""
        missing, cause = part, "there was no time left"
        for pause in self._pauses(adding.until):
            await asyncio.sleep(pause)
            try:
                failed = await adding.attempt(bucket, missing)
            except FAILURES as error:
                cause = str(error)
                continue
            missing = [credit for credit in missing if credit.user_id in failed]
            if not missing:
                break
            cause = next(iter(failed.values()))
        return missing, cause

    async def top(self, activity_id: int, limit: int) -> tuple[list[tuple[str, float]], float]:
        """The `limit` users who watched longest, longest first, as (userId, seconds), and the seconds of all users.

        Reads are eventually consistent. Raises TableUnavailable.
        """
        keys = [_bucket(activity_id, bucket) for bucket in range(BUCKETS)]
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


class _Adding:
    """One call of `add`: requests until its deadline, few at once."""

    def __init__(self, table: Table, days: int, until: float) -> None:
        self._table = table
        self._days = days
        self.until = until
        self._slots = asyncio.Semaphore(AT_A_TIME)

    async def attempt(self, bucket: str, part: Sequence[Credit]) -> Mapping[str, str]:
        """Add credits to one bucket. Returns the users whose totals were not written, each with the cause. Raises
        TableUnavailable, ItemRefused and ConditionFailed; then they all miss them."""
        users = _by(_user_key, part)
        found = await self._read(bucket, [TOTAL, *users])
        ends = {item["userId"]["S"]: int(item["watchedTo"]["N"]) for sk, item in found.items() if sk != TOTAL}
        await self._add_to_total(bucket, part, additions(part, ends), found.get(TOTAL))
        causes = await asyncio.gather(*(self._add_to_user(bucket, credits_, ends) for credits_ in users.values()))
        return {user[0].user_id: cause for user, cause in zip(users.values(), causes, strict=True) if cause}

    async def _read(self, bucket: str, sks: Sequence[str]) -> dict[str, Item]:
        """The items of a bucket that are there, by their `sk`."""
        chunks = [sks[start : start + READ_BATCH] for start in range(0, len(sks), READ_BATCH)]
        found = await asyncio.gather(*(self._read_chunk(bucket, chunk) for chunk in chunks))
        return {item["sk"]["S"]: item for items in found for item in items}

    async def _read_chunk(self, bucket: str, sks: Sequence[str]) -> list[Item]:
        request = {"Keys": [typed({"pk": bucket, "sk": sk}) for sk in sks], "ConsistentRead": True}
        answer = await self._call("BatchGetItem", RequestItems={self._table.name: request})
        if answer.get("UnprocessedKeys"):
            raise TableUnavailable(f"table {self._table.name}: it left keys unprocessed")
        items: list[Item] = answer.get("Responses", {}).get(self._table.name, [])
        return items

    async def _add_to_total(
        self, bucket: str, part: Sequence[Credit], added: Sequence[int], found: Item | None
    ) -> None:
        known = Counted(int(found["last"]["N"]), int(found["lastAt"]["N"])) if found else None
        start = known.uncounted_from(part) if known else 0
        if rest := part[start:]:
            was = {"last": known.offset, "lastAt": known.logged_at} if known else {}
            counted = known.moved_behind(rest) if known else counted_of(rest)
            changes = {"last": counted.offset, "lastAt": counted.logged_at}
            changes["expires"] = expiry(counted.logged_at, self._days)
            await self._update(bucket, TOTAL, sum(added[start:]), changes, was)

    async def _add_to_user(self, bucket: str, part: Sequence[Credit], ends: Mapping[str, int]) -> str:
        """Returns the cause if that failed, else an empty text."""
        user_id, end = part[0].user_id, max(credit.end for credit in part)
        earned = sum(additions(part, ends))
        if not earned:
            return ""
        was = {"watchedTo": ends[user_id]} if user_id in ends else {}
        changes: dict[str, str | int] = {"watchedTo": end, "topOf": bucket, "userId": user_id}
        changes["expires"] = expiry(end, self._days)
        # A record of the sweep has no username if Redis has lost it.
        if names := [credit.username for credit in part if credit.username]:
            changes["username"] = names[-1]
        try:
            await self._update(bucket, _user_key(part[0]), earned, changes, was)
        except FAILURES as error:
            # The write may have succeeded all the same; the next attempt finds out.
            return str(error)
        return ""

    async def _update(
        self, bucket: str, sk: str, earned: int, changes: Mapping[str, str | int], was: Mapping[str, int]
    ) -> None:
        """Add `earned` ms to an item and make these changes, on the condition that the item still is as it `was`."""
        unchanged = " AND ".join(f"#{name} = :was_{name}" for name in was)
        values = {f":{name}": value for name, value in changes.items()}
        values |= {f":was_{name}": value for name, value in was.items()}
        seconds = {":seconds": {"N": f"{Decimal(earned).scaleb(-3):f}"}}
        await self._call(
            "UpdateItem",
            TableName=self._table.name,
            Key=typed({"pk": bucket, "sk": sk}),
            UpdateExpression=f"ADD #seconds :seconds SET {', '.join(f'#{name} = :{name}' for name in changes)}",
            ConditionExpression=unchanged or "attribute_not_exists(#seconds)",
            ExpressionAttributeNames={f"#{name}": name for name in ("seconds", *changes)},
            ExpressionAttributeValues=typed(values) | seconds,
        )

    async def _call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        async with self._slots:
            if time.monotonic() > self.until:
                raise TableUnavailable("there was no time left")
            return await self._table.call(operation, **parameters)


def _by(key: Callable[[Credit], str], credits_: Sequence[Credit]) -> dict[str, list[Credit]]:
    parts: dict[str, list[Credit]] = {}
    for credit in credits_:
        parts.setdefault(key(credit), []).append(credit)
    return parts


def _bucket_key(credit: Credit) -> str:
    return _bucket(credit.activity_id, bucket_of(credit.user_id))


def _user_key(credit: Credit) -> str:
    return f"u#{credit.user_id}"


def _bucket(activity_id: int, bucket: int) -> str:
    return f"watch#{activity_id}#{bucket}"


def _seconds(item: Item) -> Decimal:
    return Decimal(item["seconds"]["N"])
