"""Writes items of the archive: attempts until a deadline, few at once."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from functions.adapters.dynamodb.table import ItemRefused, Table, TableUnavailable, typed
from functions.rooms import archive
from functions.rooms.archive import MESSAGE, Item

AT_ONCE = 8

Pauses = Callable[[float], Iterator[float]]


@dataclass(frozen=True)
class Unstored:
    """An item that is not in the table. `refused`: it never will be, since DynamoDB does not take what it holds."""

    item: Item
    cause: str
    refused: bool = False


class Writing:
    """One call of `put`: attempts until its deadline, few at once."""

    def __init__(self, table: Table, pauses: Pauses, deadline: float) -> None:
        self._table = table
        self._pauses = pauses
        self._deadline = deadline
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._keys_are_right = False

    async def store(self, items: list[Item]) -> list[Unstored]:
        """Write these, again and again if need be; what is refused is found by halving."""
        cause = f"table {self._table.name}: there was no time left"
        for pause in self._pauses(self._deadline):
            await asyncio.sleep(pause)
            try:
                async with self._turns:
                    if time.monotonic() > self._deadline:
                        break
                    items = await self._attempt(items)
            except TableUnavailable as error:
                cause = str(error)
            except ItemRefused as error:
                if len(items) == 1:
                    return [Unstored(items[0], str(error), refused=True)]
                middle = len(items) // 2
                return await self.store(items[:middle]) + await self.store(items[middle:])
            else:
                cause = f"table {self._table.name}: it left items unprocessed"
            if not items:
                return []
        return [Unstored(item, cause) for item in items]

    async def _attempt(self, items: list[Item]) -> list[Item]:
        try:
            left = await self._put(items)
        except ItemRefused:
            # Before an item is blamed: a table with other keys refuses every one, and none is to be set aside for it.
            if not self._keys_are_right:
                await self._ask_for_keys()
            raise
        self._keys_are_right = True
        return left

    async def _ask_for_keys(self) -> None:
        """Return if the table's keys are the archive's; raises TableUnavailable."""
        key = typed({"pk": archive.partition(0), "sk": archive.place(MESSAGE, 0)})
        try:
            await self._table.call("GetItem", TableName=self._table.name, Key=key)
        except ItemRefused as error:
            raise TableUnavailable(f"{error}; its keys have to be pk and sk, both text") from None
        self._keys_are_right = True

    async def _put(self, items: list[Item]) -> list[Item]:
        requests = [{"PutRequest": {"Item": typed({"pk": item.pk, "sk": item.sk} | item.attributes)}} for item in items]
        answer = await self._table.call("BatchWriteItem", RequestItems={self._table.name: requests})
        unprocessed = answer.get("UnprocessedItems", {}).get(self._table.name, [])
        left = {(put["Item"]["pk"]["S"], put["Item"]["sk"]["S"]) for put in (one["PutRequest"] for one in unprocessed)}
        return [item for item in items if (item.pk, item.sk) in left]
