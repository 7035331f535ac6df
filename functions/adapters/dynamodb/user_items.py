"""All that is stored of one user over all rooms, found by the index `user`.

An item with a `userId` is in that index. What was `to` a user has an item beside it that is
(functions/rooms/archive.py). The index is behind the table by a moment.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.adapters.dynamodb.table import ItemRefused, Table, TableUnavailable, typed
from functions.rooms.archive import TARGET, kind_of, target_of
from functions.rooms.disclosure import Key, pack_cursor

INDEX = "user"
# What BatchGetItem takes at once, so also a page.
PAGE = 100
# What BatchWriteItem takes at once.
BATCH = 25
# An item that is not written, as one of many, is written once more after so many seconds.
PAUSES = (0.1, 0.4, 1.0)

Wire = dict[str, dict[str, str]]


@dataclass(frozen=True)
class UserPage:
    """Items by their keys, as they are on the wire. `targets` are those that were `to` the user, by the key of the item
    that says so. Behind `last` the next page begins; None at the end."""

    items: Mapping[Key, Wire]
    targets: Mapping[Key, Key]
    last: Key | None

    @property
    def cursor(self) -> str | None:
        """The next page's cursor."""
        return pack_cursor(self.last)


class UserItems:
    """Methods raise TableUnavailable."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def pages(self, user_id: str, after: Key | None = None) -> AsyncIterator[UserPage]:
        """The items of a user, from behind the key `after`, in the order of their keys."""
        last = after
        while True:
            page = await self.page(user_id, last)
            yield page
            last = page.last
            if last is None:
                return

    async def page(self, user_id: str, after: Key | None = None, limit: int | None = None) -> UserPage:
        """One page, of up to `limit` entries of the index; by default so many as are read at once."""
        request: dict[str, Any] = {
            "TableName": self._table.name,
            "IndexName": INDEX,
            "KeyConditionExpression": "userId = :user",
            "ExpressionAttributeValues": typed({":user": user_id}),
            "Limit": limit or PAGE,
        }
        if after is not None:
            request["ExclusiveStartKey"] = typed({"userId": user_id, "pk": after[0], "sk": after[1]})
        answer = await self._call("Query", request)
        keys = [_key(item) for item in answer["Items"]]
        found = await self.read(keys)
        targets = {
            (pk, sk): (pk, target_of(sk, item["kind"]["S"]))
            for (pk, sk), item in found.items()
            if kind_of(sk) == TARGET
        }
        others = await self.read([key for key in targets.values() if key not in found])
        last = answer.get("LastEvaluatedKey")
        return UserPage(found | others, targets, _key(last) if last else None)

    async def read(self, keys: Sequence[Key]) -> dict[Key, Wire]:
        """The items with these keys that are there; the reads are strongly consistent."""
        keys = list(dict.fromkeys(keys))
        found: dict[Key, Wire] = {}
        for start in range(0, len(keys), PAGE):
            asked = [typed({"pk": pk, "sk": sk}) for pk, sk in keys[start : start + PAGE]]
            request = {self._table.name: {"Keys": asked, "ConsistentRead": True}}
            answer = await self._call("BatchGetItem", {"RequestItems": request})
            if answer.get("UnprocessedKeys"):
                raise TableUnavailable(f"table {self._table.name}: it left keys unprocessed")
            found |= {_key(item): item for item in answer["Responses"].get(self._table.name, [])}
        return found

    async def put(self, items: Sequence[Wire]) -> None:
        await self._write([{"PutRequest": {"Item": item}} for item in items])

    async def delete(self, keys: Sequence[Key]) -> None:
        await self._write([{"DeleteRequest": {"Key": typed({"pk": pk, "sk": sk})}} for pk, sk in keys])

    async def _write(self, requests: Sequence[dict[str, Any]]) -> None:
        left = list(requests)
        for pause in (*PAUSES, None):
            unwritten: list[dict[str, Any]] = []
            for start in range(0, len(left), BATCH):
                request = {self._table.name: left[start : start + BATCH]}
                answer = await self._call("BatchWriteItem", {"RequestItems": request})
                unwritten += answer.get("UnprocessedItems", {}).get(self._table.name, [])
            left = unwritten
            if not left:
                return
            if pause is not None:
                await asyncio.sleep(pause)
        raise TableUnavailable(f"table {self._table.name}: it left items unprocessed")

    async def _call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return await self._table.call(operation, **request)
        except ItemRefused as error:
            raise TableUnavailable(str(error)) from None


def _key(item: Mapping[str, Mapping[str, str]]) -> Key:
    return item["pk"]["S"], item["sk"]["S"]
