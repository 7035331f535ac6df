"""Moves the sums of a user who is erased to the alias, in one transaction for each room.

A user's item has the watch time, the chats, and up to where they are counted. The alias gets all of it, so the archive
goes on counting where it was. The alias is in the user's own bucket, whose total stays; only the lists of who is ahead
there name the user.

The archive may write at the same time. So the transaction is on the condition that no item has changed since it was
read, and the bucket's `lastAt` is put on by a ms: what the archive has read of the bucket before is stale then.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from functions.adapters.dynamodb.adding import TOTAL
from functions.adapters.dynamodb.table import ConditionFailed, ItemRefused, Table, TableUnavailable, typed
from functions.adapters.dynamodb.user_sums import user_key
from functions.rooms.erasure import OF_AUTHOR
from functions.rooms.leaders import first, pack_leaders, unpack_leaders

Wire = dict[str, dict[str, str]]

# What a sum is made of, and what tells that it has changed. The rest is the larger one of two.
ADDED = ("seconds", "chats")
MARKS = ("watchedTo", "saidTo", "saidAt")
LEADERS = ("longest", "active")
# A busy room's bucket changes every second.
PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)


class SumsMover:
    """Raises TableUnavailable."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def move(self, bucket: str, user_id: str, alias: str) -> None:
        """Move the sums of a user in a bucket of a room. Nothing happens if there are none any more."""
        for pause in (*PAUSES, None):
            mine, other, total = [await self._read(bucket, sk) for sk in (user_key(user_id), user_key(alias), TOTAL)]
            if mine is None:
                return
            writes = [
                self._put(merged(mine, other, bucket, alias), other),
                self._delete(bucket, user_id, mine),
                *self._renamed(bucket, total, user_id, alias),
            ]
            try:
                await self._call("TransactWriteItems", {"TransactItems": writes})
            except ConditionFailed:
                await asyncio.sleep(pause or 0)
                continue
            return
        raise TableUnavailable(f"table {self._table.name}: the sums of a room change too often")

    async def _read(self, pk: str, sk: str) -> Wire | None:
        request = {"TableName": self._table.name, "Key": typed({"pk": pk, "sk": sk}), "ConsistentRead": True}
        item: Wire | None = (await self._call("GetItem", request)).get("Item")
        return item

    def _put(self, item: Wire, there: Wire | None) -> dict[str, Any]:
        return {"Put": {"TableName": self._table.name, "Item": item} | unchanged(there)}

    def _delete(self, bucket: str, user_id: str, mine: Wire) -> dict[str, Any]:
        key = typed({"pk": bucket, "sk": user_key(user_id)})
        return {"Delete": {"TableName": self._table.name, "Key": key} | unchanged(mine)}

    def _renamed(self, bucket: str, total: Wire | None, user_id: str, alias: str) -> list[dict[str, Any]]:
        """The update of a bucket whose lists name the user."""
        lists = {name: renamed(total[name]["S"], user_id, alias) for name in LEADERS if total and name in total}
        if total is None or all(text == total[name]["S"] for name, text in lists.items()):
            return []
        last_at = int(total["lastAt"]["N"])
        values = typed({f":{name}": text for name, text in lists.items()})
        values |= {":last": total["last"], ":lastAt": total["lastAt"], ":now": {"N": str(last_at + 1)}}
        update = {
            "TableName": self._table.name,
            "Key": typed({"pk": bucket, "sk": TOTAL}),
            "UpdateExpression": f"SET lastAt = :now, {', '.join(f'{name} = :{name}' for name in lists)}",
            "ConditionExpression": "#last = :last AND lastAt = :lastAt",
            "ExpressionAttributeNames": {"#last": "last"},
            "ExpressionAttributeValues": values,
        }
        return [{"Update": update}]

    async def _call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return await self._table.call(operation, **request)
        except ItemRefused as error:
            raise TableUnavailable(str(error)) from None


def merged(mine: Wire, other: Wire | None, bucket: str, alias: str) -> Wire:
    """The alias's item: what the user's and the alias's own, if there is one, hold together."""
    item = {name: value for name, value in mine.items() if name not in OF_AUTHOR}
    for name, value in (other or {}).items():
        if name in ADDED and name in item:
            item[name] = {"N": f"{Decimal(item[name]['N']) + Decimal(value['N']):f}"}
        elif "N" in value and name in item:
            item[name] = max(item[name], value, key=lambda one: Decimal(one["N"]))
        else:
            item[name] = value
    return item | typed({"pk": bucket, "sk": user_key(alias), "userId": alias})


def renamed(leaders: str, user_id: str, alias: str) -> str:
    """A list of who is ahead, in which the user goes by the alias."""
    largest: dict[str, int] = {}
    for name, figure in unpack_leaders(leaders):
        shown = alias if name == user_id else name
        largest[shown] = max(figure, largest.get(shown, 0))
    return pack_leaders(first(largest.items()))


def unchanged(item: Wire | None) -> dict[str, Any]:
    """The condition that an item of a user is as it was read; None: that it is not there."""
    if item is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    there = {name: item[name] for name in MARKS if name in item}
    parts = ["attribute_exists(pk)", *(f"{name} = :{name}" for name in there)]
    parts += [f"attribute_not_exists({name})" for name in MARKS if name not in item]
    values = {f":{name}": value for name, value in there.items()}
    return {"ConditionExpression": " AND ".join(parts)} | ({"ExpressionAttributeValues": values} if values else {})
