"""What is kept of rooms, in DynamoDB."""

import asyncio
import heapq
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

from functions.adapters.dynamodb import Client, ConditionFailed, ItemRefused, Table, TableUnavailable, pauses
from functions.rooms import archive
from functions.rooms.archive import EVENT, MESSAGE, PRIVATE, REMOVAL, Item, Kind, Stored
from functions.rooms.events import MOST

# What BatchWriteItem takes at once.
BATCH = 25
AT_ONCE = 8
# Of the archive's 60, with what is under way then; the rest is for the failure queue.
PUT_SECONDS = 25.0

_GROW = "SET zanNumber = :zanNumber, #time = :time, expires = :expires"
_IS_LARGER = "attribute_not_exists(zanNumber) OR zanNumber < :zanNumber"

Pauses = Callable[[float], Iterator[float]]


@dataclass(frozen=True)
class Unstored:
    """An item that is not in the table. `refused`: it never will be, since DynamoDB does not take what it holds."""

    item: Item
    cause: str
    refused: bool = False


class ArchiveTable:
    """The rooms' part of the table. `pauses` yields the waits before each attempt to write, until a deadline."""

    def __init__(self, client: Client, table: str, *, pauses: Pauses = pauses) -> None:
        self._table = Table(client, table)
        self._pauses = pauses

    async def put(self, items: Sequence[Item]) -> list[Unstored]:
        """Store these, which are in the order of the log; returns what could not be stored, and why.

        Of items with one key only the one that is to stay is stored, or returned.
        """
        kept = archive.without_repeats(items)
        puts = [item for item in kept if not item.grows]
        writing = _Writing(self._table, self._pauses, time.monotonic() + PUT_SECONDS)
        unstored = await asyncio.gather(
            *(writing.store(writing.put, puts[start : start + BATCH]) for start in range(0, len(puts), BATCH)),
            *(writing.store(writing.grow, [item]) for item in kept if item.grows),
        )
        return [one for some in unstored for one in some]

    async def messages(self, activity_id: int, before: int | None, limit: int) -> tuple[list[Stored], int | None]:
        """Up to `limit` chats and notices to all with a seq below `before`, newest first, and the `before` of the next
        page, None at the end. A removed chat is there without its text. Raises TableUnavailable."""
        async with self._table.in_time():
            return await self._messages(activity_id, MOST if before is None else before - 1, limit)

    async def _messages(self, activity_id: int, newest: int, limit: int) -> tuple[list[Stored], int | None]:
        if newest < 0:
            return [], None
        # One more, which tells whether there is a next page.
        query = self._query(activity_id, MESSAGE, 0, newest, newest_first=True, at_once=limit + 1)
        found = []
        async with aclosing(query):
            async for attributes in query:
                found.append(attributes)
                if len(found) > limit:
                    break
        page = found[:limit]
        if not page:
            return [], None
        removed = await self._removed(activity_id, page[-1]["seq"], page[0]["seq"])
        stored = [_stored(activity_id, attributes, removed).withheld() for attributes in page]
        return stored, page[-1]["seq"] if len(found) > limit else None

    async def events(self, activity_id: int, *kinds: Kind) -> AsyncIterator[Stored]:
        """Everything of these kinds (none: of all) that has a seq, in its order, removed chats with their text.

        It is read as it is asked for. Raises TableUnavailable.
        """
        removed = await self._removed(activity_id, 0, MOST)
        streams = [self._query(activity_id, kind, 0, MOST) for kind in kinds or (MESSAGE, PRIVATE, EVENT)]
        async for attributes in _merged(streams):
            yield _stored(activity_id, attributes, removed)

    async def ping(self) -> None:
        """Return when the table answers; raises TableUnavailable."""
        async for _ in self._query(0, MESSAGE, 0, 0):
            pass

    async def _removed(self, activity_id: int, oldest: int, newest: int) -> frozenset[int]:
        return frozenset(
            [archive.number(mark["sk"]) async for mark in self._query(activity_id, REMOVAL, oldest, newest)]
        )

    async def _query(
        self,
        activity_id: int,
        kind: str,
        low: int,
        high: int,
        *,
        newest_first: bool = False,
        at_once: int = 1000,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The items of a kind with numbers from `low` to `high`, as plain values."""
        request: dict[str, Any] = {
            "TableName": self._table.name,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :low AND :high",
            "ExpressionAttributeValues": _typed(
                {
                    ":pk": archive.partition(activity_id),
                    ":low": archive.place(kind, low),
                    ":high": archive.place(kind, high),
                }
            ),
            "ScanIndexForward": not newest_first,
            "Limit": at_once,
        }
        while True:
            try:
                answer = await self._table.call("Query", **request)
            except ItemRefused as error:
                raise TableUnavailable(str(error)) from None
            for item in answer["Items"]:
                yield _plain(item)
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


class _Writing:
    """One call of `put`: attempts until its deadline, few at once."""

    def __init__(self, table: Table, pauses: Pauses, deadline: float) -> None:
        self._table = table
        self._pauses = pauses
        self._deadline = deadline
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._keys_are_right = False

    async def store(self, write: Callable[[list[Item]], Awaitable[list[Item]]], items: list[Item]) -> list[Unstored]:
        """`write` these, which returns those that it did not, again and again; what is refused is found by halving."""
        cause = f"table {self._table.name}: there was no time left"
        for pause in self._pauses(self._deadline):
            await asyncio.sleep(pause)
            try:
                async with self._turns:
                    if time.monotonic() > self._deadline:
                        break
                    items = await self._attempt(write, items)
            except TableUnavailable as error:
                cause = str(error)
            except ItemRefused as error:
                if len(items) == 1:
                    return [Unstored(items[0], str(error), refused=True)]
                middle = len(items) // 2
                return await self.store(write, items[:middle]) + await self.store(write, items[middle:])
            else:
                cause = f"table {self._table.name}: it left items unprocessed"
            if not items:
                return []
        return [Unstored(item, cause) for item in items]

    async def _attempt(self, write: Callable[[list[Item]], Awaitable[list[Item]]], items: list[Item]) -> list[Item]:
        try:
            left = await write(items)
        except ItemRefused:
            # Before an item is blamed: a table with other keys refuses every one, and none is to be set aside for it.
            if not self._keys_are_right:
                await self._ask_for_keys()
            raise
        self._keys_are_right = True
        return left

    async def _ask_for_keys(self) -> None:
        """Return if the table's keys are the archive's; raises TableUnavailable."""
        key = _typed({"pk": archive.partition(0), "sk": archive.place(MESSAGE, 0)})
        try:
            await self._table.call("GetItem", TableName=self._table.name, Key=key)
        except ItemRefused as error:
            raise TableUnavailable(f"{error}; its keys have to be pk and sk, both text") from None
        self._keys_are_right = True

    async def put(self, items: list[Item]) -> list[Item]:
        requests = [
            {"PutRequest": {"Item": _typed({"pk": item.pk, "sk": item.sk} | item.attributes)}} for item in items
        ]
        answer = await self._table.call("BatchWriteItem", RequestItems={self._table.name: requests})
        unprocessed = answer.get("UnprocessedItems", {}).get(self._table.name, [])
        left = {(put["Item"]["pk"]["S"], put["Item"]["sk"]["S"]) for put in (one["PutRequest"] for one in unprocessed)}
        return [item for item in items if (item.pk, item.sk) in left]

    async def grow(self, items: list[Item]) -> list[Item]:
        [item] = items
        changes = {f":{name}": value for name, value in item.attributes.items()}
        with suppress(ConditionFailed):  # a larger one is there
            await self._table.call(
                "UpdateItem",
                TableName=self._table.name,
                Key=_typed({"pk": item.pk, "sk": item.sk}),
                UpdateExpression=_GROW,
                ConditionExpression=_IS_LARGER,
                ExpressionAttributeNames={"#time": "time"},
                ExpressionAttributeValues=_typed(changes),
            )
        return []


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


def _stored(activity_id: int, attributes: Mapping[str, Any], removed: frozenset[int]) -> Stored:
    return archive.stored(
        activity_id, attributes, removed=attributes["seq"] in removed and attributes["sk"][0] != EVENT
    )


def _typed(values: Mapping[str, str | int]) -> dict[str, dict[str, str]]:
    """Values as DynamoDB has them on the wire."""
    return {name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in values.items()}


def _plain(item: Mapping[str, Mapping[str, str]]) -> dict[str, str | int]:
    return {name: int(value["N"]) if "N" in value else value["S"] for name, value in item.items()}
