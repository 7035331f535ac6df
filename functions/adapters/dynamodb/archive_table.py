"""What is kept of rooms, in DynamoDB."""

import asyncio
import heapq
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.dynamodb.archive_writing import Pauses, Unstored, Writing
from functions.adapters.dynamodb.table import ItemRefused, Table, TableUnavailable, pauses, plain, typed
from functions.rooms import archive
from functions.rooms.archive import ACT, EVENT, MESSAGE, PRIVATE, REMOVAL, USER_REMOVAL, Item, Kind, Stored
from functions.rooms.events import Event
from functions.rooms.marks import SKEW_MS
from functions.rooms.records import MOST
from functions.rooms.removals import Removals, UserMark
from functions.rooms.repeats import Sent, sent_as
from functions.runtime.together import both, every

# What BatchWriteItem takes at once.
BATCH = 25
# What BatchGetItem takes at once.
READ_BATCH = 100
# Of the archive's 60, with what is under way then; the rest is for the failure queue.
PUT_SECONDS = 25.0
# A minute and more of a busy room, in some 300 KB.
RECENT = 2000
NEWEST: Mapping[str, Any] = {"ScanIndexForward": False, "Limit": 100, "ConsistentRead": True}


class ArchiveTable:
    """The rooms' part of the table. `pauses` yields the waits before each attempt to write, until a deadline."""

    def __init__(self, client: DynamoDbApi, table: str, *, pauses: Pauses = pauses) -> None:
        self._table = Table(client, table)
        self._pauses = pauses

    async def put(self, items: Sequence[Item]) -> list[Unstored]:
        """Store these, which are in the order of the log; returns what could not be stored, and why.

        Of items with one key only the one that is to stay is stored, or returned.
        """
        kept = archive.without_repeats(items)
        writing = Writing(self._table, self._pauses, time.monotonic() + PUT_SECONDS)
        unstored = await asyncio.gather(
            *(writing.store(kept[start : start + BATCH]) for start in range(0, len(kept), BATCH))
        )
        return [one for some in unstored for one in some]

    async def stored(self, items: Sequence[Item]) -> dict[tuple[str, str], dict[str, Any]]:
        """What is stored under the keys of these, by the key; the reads are strongly consistent. Raises
        TableUnavailable."""
        return await self._read(dict.fromkeys((item.pk, item.sk) for item in items))

    async def _read(self, asked: Iterable[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
        keys = list(asked)
        chunks = [keys[start : start + READ_BATCH] for start in range(0, len(keys), READ_BATCH)]
        found = await every(self._stored(chunk) for chunk in chunks)
        return {(item["pk"], item["sk"]): item for some in found for item in some}

    async def _stored(self, keys: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        request = {"Keys": [typed({"pk": pk, "sk": sk}) for pk, sk in keys], "ConsistentRead": True}
        try:
            answer = await self._table.call("BatchGetItem", RequestItems={self._table.name: request})
        except ItemRefused as error:
            raise TableUnavailable(str(error)) from None
        if answer.get("UnprocessedKeys"):
            raise TableUnavailable(f"table {self._table.name}: it left keys unprocessed")
        return [plain(item) for item in answer.get("Responses", {}).get(self._table.name, [])]

    async def messages(self, activity_id: int, before: int | None, limit: int) -> tuple[list[Stored], int | None]:
        """Up to `limit` chats and notices to all with a seq below `before`, newest first, and the `before` of the next
        page, None at the end. A removed chat is there without its text. Raises TableUnavailable."""
        async with self._table.in_time():
            return await self._messages(activity_id, MOST if before is None else before - 1, limit)

    async def _messages(self, activity_id: int, newest: int, limit: int) -> tuple[list[Stored], int | None]:
        page, has_more = await self._newest(activity_id, MESSAGE, newest, limit)
        if not page:
            return [], None
        since = min(attributes["time"] for attributes in page) - SKEW_MS
        removals = await self._removals(activity_id, page[-1]["seq"], page[0]["seq"], since)
        stored = [_stored(activity_id, attributes, removals).withheld() for attributes in page]
        return stored, page[-1]["seq"] if has_more else None

    async def acts(self, activity_id: int, before: int | None, limit: int) -> tuple[list[Event], int | None]:
        """Up to `limit` acts of moderators and of the platform with a seq below `before`, newest first, and the
        `before` of the next page, None at the end. Raises TableUnavailable."""
        async with self._table.in_time():
            page, has_more = await self._newest(activity_id, ACT, MOST if before is None else before - 1, limit)
            times = {(each["pk"], archive.target_of(each["sk"], each["kind"])): each["time"] for each in page}
            found = await self._read(times)
        # Of one whose record could not be stored, the key has nothing, or another record that was there before.
        there = [found[key] for key, time in times.items() if key in found and found[key]["time"] == time]
        acts = [archive.stored(activity_id, attributes).event for attributes in there]
        return acts, archive.number(page[-1]["sk"]) if has_more else None

    async def _newest(self, activity_id: int, kind: str, newest: int, limit: int) -> tuple[list[dict[str, Any]], bool]:
        """Up to `limit` items of a kind up to the seq `newest`, newest first, and whether there are more."""
        if newest < 0:
            return [], False
        # One more, which tells whether there is a next page.
        query = self._query(activity_id, kind, 0, newest, ScanIndexForward=False, Limit=limit + 1)
        found = []
        async with aclosing(query):
            async for attributes in query:
                found.append(attributes)
                if len(found) > limit:
                    break
        return found[:limit], len(found) > limit

    async def events(self, activity_id: int, *kinds: Kind) -> AsyncIterator[Stored]:
        """Everything of these kinds (none: of all) that has a seq, in its order, removed chats with their text.

        It is read as it is asked for. Raises TableUnavailable.
        """
        removals = await self._removals(activity_id, 0, MOST, 0)
        streams = [self._query(activity_id, kind, 0, MOST) for kind in kinds or (MESSAGE, PRIVATE, EVENT)]
        async for attributes in _merged(streams):
            yield _stored(activity_id, attributes, removals)

    async def sent_since(self, activity_id: int, since: int, kind: Kind) -> list[Sent]:
        """What was sent to a room under an `id` since then (ms), oldest first; of the newest RECENT items of this kind.

        The read is strongly consistent. Raises TableUnavailable.
        """
        found: list[dict[str, Any]] = []
        query = self._query(activity_id, kind, 0, MOST, **NEWEST)
        async with self._table.in_time(), aclosing(query):
            async for attributes in query:
                if attributes["time"] < since or len(found) == RECENT:
                    break
                found.append(attributes)
        sent = (sent_as(archive.stored(activity_id, attributes).event) for attributes in reversed(found))
        return [one for one in sent if one]

    async def ping(self) -> None:
        """Return when the table answers; raises TableUnavailable."""
        async for _ in self._query(0, MESSAGE, 0, 0):
            pass

    async def _removals(self, activity_id: int, oldest: int, newest: int, since: int) -> Removals:
        """What marks the messages of these seqs as removed, the oldest of which was written after `since` (ms)."""

        async def single() -> list[int]:
            return [archive.number(mark["sk"]) async for mark in self._query(activity_id, REMOVAL, oldest, newest)]

        async def of_users() -> list[UserMark]:
            found = self._query(activity_id, USER_REMOVAL, max(0, since), MOST)
            return [archive.user_mark(mark) async for mark in found]

        return Removals(*await both(single(), of_users()))

    async def _query(
        self, activity_id: int, kind: str, low: int, high: int, **options: Any
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The items of a kind with numbers from `low` to `high`, as plain values; `options` are those of Query."""
        keys = {
            ":pk": archive.partition(activity_id),
            ":low": archive.place(kind, low),
            ":high": archive.place(kind, high),
        }
        request: dict[str, Any] = {
            "TableName": self._table.name,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :low AND :high",
            "ExpressionAttributeValues": typed(keys),
            "Limit": 1000,
            **options,
        }
        while True:
            try:
                answer = await self._table.call("Query", **request)
            except ItemRefused as error:
                raise TableUnavailable(str(error)) from None
            for item in answer["Items"]:
                yield plain(item)
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


async def _merged(streams: Sequence[AsyncIterator[dict[str, Any]]]) -> AsyncIterator[dict[str, Any]]:
    """Items of streams that are each in order of seq, in order of seq."""
    firsts = [(await anext(stream, None), number) for number, stream in enumerate(streams)]
    heads = [(item["seq"], number, item) for item, number in firsts if item is not None]
    heapq.heapify(heads)
    while heads:
        _, number, item = heads[0]
        yield item
        following = await anext(streams[number], None)
        if following is None:
            heapq.heappop(heads)
        else:
            heapq.heapreplace(heads, (following["seq"], number, following))


def _stored(activity_id: int, attributes: Mapping[str, Any], removals: Removals) -> Stored:
    found = archive.stored(activity_id, attributes)
    is_removed = attributes["sk"][0] != EVENT and removals.cover(found.event)
    return replace(found, removed=is_removed)
