"""The list of erasures: one partition of the table, which the archive reads every few seconds."""

import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from functions.adapters.dynamodb.table import ConditionFailed, ItemRefused, Table, TableUnavailable, typed
from functions.rooms.erasure import Erasure, Erasures, digest_of

LIST = "erased#all"
SECRET_BYTES = 16
# The log may keep a record for a segment's time longer than it is told to.
SPARE_SECONDS = 2 * 24 * 3600


class ErasureList:
    """Reads are strongly consistent. All methods raise TableUnavailable."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def read(self) -> Erasures:
        """All erasures that are kept."""
        request: dict[str, Any] = {
            "TableName": self._table.name,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": typed({":pk": LIST}),
            "ConsistentRead": True,
        }
        found: list[Erasure] = []
        while True:
            answer = await self._call("Query", request)
            found += map(_erasure, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return Erasures(found)
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    async def begin(self, user_id: str, *, now: int, settled_ms: int, log_hours: int) -> Erasure:
        """The erasure of a user: the one under way, or else one that holds for what happens within `settled_ms` from
        `now` (ms since the epoch). It is kept until the log, which keeps records for `log_hours`, has nothing of it."""
        digest = digest_of(user_id)
        key = typed({"pk": LIST, "sk": digest})
        request = {"TableName": self._table.name, "Key": key, "ConsistentRead": True}
        there = (await self._call("GetItem", request)).get("Item")
        if there is not None and not (known := _erasure(there)).is_done:
            return known
        until = now + settled_ms
        # With another secret, what comes again would be under another alias than what is there.
        secret = there["secret"]["S"] if there else secrets.token_hex(SECRET_BYTES)
        expires = until // 1000 + log_hours * 3600 + SPARE_SECONDS
        item = key | typed({"until": until, "secret": secret, "expires": expires})
        # Of two calls at once one begins.
        same = {"ConditionExpression": "attribute_not_exists(pk) OR attribute_exists(done)"}
        try:
            await self._call("PutItem", {"TableName": self._table.name, "Item": item} | same)
        except ConditionFailed:
            return _erasure((await self._call("GetItem", request))["Item"])
        return Erasure(digest, until, secret)

    async def finish(self, erasure: Erasure) -> None:
        """Nothing is left of what it holds for."""
        request = {
            "TableName": self._table.name,
            "Key": typed({"pk": LIST, "sk": erasure.digest}),
            "UpdateExpression": "SET done = :done",
            "ConditionExpression": "#until = :until",
            "ExpressionAttributeNames": {"#until": "until"},
            "ExpressionAttributeValues": typed({":done": 1, ":until": erasure.until}),
        }
        with suppress(ConditionFailed):  # it has expired, or another has begun
            await self._call("UpdateItem", request)

    async def _call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return await self._table.call(operation, **request)
        except ItemRefused as error:
            raise TableUnavailable(str(error)) from None


def _erasure(item: Mapping[str, Mapping[str, str]]) -> Erasure:
    return Erasure(item["sk"]["S"], int(item["until"]["N"]), item["secret"]["S"], is_done="done" in item)
