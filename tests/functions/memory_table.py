"""DynamoDB in memory, as far as the archive writes to it, with faults."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal

from functions.adapters.dynamodb.api import DynamoDbApi, DynamoDbError
from functions.adapters.dynamodb.table import typed

Fault = Literal["throttled", "unprocessed", "no answer", "killed"]
POISON = "poison"


class Killed(Exception):
    """The environment died: nothing of ours is meant to catch this."""


class MemoryTable(DynamoDbApi):
    """`fault` says what goes wrong with each call, None for nothing; a text of POISON is refused, and if it
    `has_other_keys` everything.

    Once killed it stays dead until `revive`. `read` is how many items queries have read.
    """

    def __init__(self, fault: Callable[[], Fault | None] = lambda: None, *, has_other_keys: bool = False) -> None:
        self.has_other_keys = has_other_keys
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.calls: list[str] = []
        self.read = 0
        self.fault = fault
        self._is_dead = False

    def revive(self) -> None:
        """A new environment, the same table."""
        self._is_dead = False

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        operations = {
            "BatchWriteItem": self._write,
            "UpdateItem": self._update,
            "GetItem": self._get,
            "BatchGetItem": self._read,
            "Query": self._query,
        }
        return operations[operation](parameters)

    def _write(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        [(table, requests)] = parameters["RequestItems"].items()
        items = [request["PutRequest"]["Item"] for request in requests]
        keys = [_key(item) for item in items]
        assert 1 <= len(keys) <= 25
        assert len(set(keys)) == len(keys)
        taken = self._begin("BatchWriteItem", len(items))
        if self.has_other_keys or any(value.get("S") == POISON for item in items for value in item.values()):
            raise error("ValidationException", "BatchWriteItem")
        self.items |= dict(zip(keys[:taken], items[:taken], strict=True))
        self._end()
        return {"UnprocessedItems": {table: requests[taken:]} if requests[taken:] else {}}

    def _update(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """A sum: some numbers grow, other attributes are set, if it is as it was."""
        taken = self._begin("UpdateItem", 1)
        key, values = parameters["Key"], parameters["ExpressionAttributeValues"]
        old = self.items.get(_key(key), {})
        for condition in parameters["ConditionExpression"].split(" AND "):
            name = _name(condition)
            wanted = None if condition.startswith("attribute_not_exists") else values[f":was_{name}"]
            if old.get(name) != wanted:
                raise error("ConditionalCheckFailedException", "UpdateItem")
        adds, _, sets = parameters["UpdateExpression"].rpartition("SET ")
        new = {name: values[f":{name}"] for name in map(_name, sets.split(", "))}
        for name in map(_name, filter(None, adds.removeprefix("ADD ").strip().split(", "))):
            total = Decimal(old.get(name, {"N": "0"})["N"]) + Decimal(values[f":{name}"]["N"])
            new[name] = {"N": str(total)}
        if taken:
            self.items[_key(key)] = old | key | new
        self._end()
        return {}

    def _read(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        [(table, request)] = parameters["RequestItems"].items()
        keys = request["Keys"]
        taken = self._begin("BatchGetItem", len(keys))
        assert request["ConsistentRead"] is True
        assert 1 <= len({_key(key) for key in keys}) == len(keys) <= 100
        self._end()
        found = [self.items[_key(key)] for key in keys[:taken] if _key(key) in self.items]
        return {"Responses": {table: found}, "UnprocessedKeys": {table: keys[taken:]} if keys[taken:] else {}}

    def _query(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Items between two keys, or at one, page by page."""
        self._begin("Query", 1)
        values = {name: value["S"] for name, value in parameters["ExpressionAttributeValues"].items()}
        low, high = (values.get(name, values.get(":total", "")) for name in (":low", ":high"))
        newest_first = parameters.get("ScanIndexForward") is False
        keys = [key for key in self.items if key[0] == values[":pk"] and low <= key[1] <= high]
        keys.sort(reverse=newest_first)
        if "ExclusiveStartKey" in parameters:
            del keys[: keys.index(_key(parameters["ExclusiveStartKey"])) + 1]
        page = keys[: parameters.get("Limit")]
        self.read += len(page)
        self._end()
        more = (
            {"LastEvaluatedKey": typed(dict(zip(("pk", "sk"), page[-1], strict=True)))} if len(page) < len(keys) else {}
        )
        return {"Items": [self.items[key] for key in page]} | more

    def _get(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self._begin("GetItem", 1)
        key = _key(parameters["Key"])
        if self.has_other_keys:
            raise error("ValidationException", "GetItem")
        self._end()
        return {"Item": self.items[key]} if key in self.items else {}

    def _begin(self, call: str, size: int) -> int:
        """How many items of the call are written; raises what happens before that."""
        self.calls.append(call)
        if self._is_dead:
            raise Killed
        self._now = self.fault()
        if self._now == "throttled" or (self._now == "unprocessed" and not call.startswith("Batch")):
            raise error("ProvisionedThroughputExceededException", call)
        return size // 2 if self._now in ("unprocessed", "killed") else size

    def _end(self) -> None:
        if self._now == "no answer":
            raise DynamoDbError("", "no response in time")
        if self._now == "killed":
            self._is_dead = True
            raise Killed


def error(code: str, call: str) -> DynamoDbError:
    """What DynamoDB answers."""
    return DynamoDbError(code, f"{call}: {code} as told")


def _name(text: str) -> str:
    """The first attribute in a part of an expression."""
    return text.split("#", 1)[1].split(")", maxsplit=1)[0].split(" ", maxsplit=1)[0]


def _key(item: dict[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
