"""boto3's client of DynamoDB in memory, as far as the archive writes with it, with faults."""

from collections.abc import Callable
from typing import Any, Literal

from botocore.exceptions import ClientError, ReadTimeoutError

Fault = Literal["throttled", "unprocessed", "no answer", "killed"]
POISON = "poison"


class Killed(Exception):
    """The environment died: nothing of ours is meant to catch this."""


class MemoryTable:
    """`fault` says what goes wrong with each call, None for nothing; a text of POISON is refused, and if it
    `has_other_keys` everything.

    Once killed it stays dead until `revive`.
    """

    def __init__(self, fault: Callable[[], Fault | None] = lambda: None, *, has_other_keys: bool = False) -> None:
        self.has_other_keys = has_other_keys
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.calls: list[str] = []
        self.fault = fault
        self._is_dead = False

    def revive(self) -> None:
        """A new environment, the same table."""
        self._is_dead = False

    def batch_write_item(self, RequestItems: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:  # noqa: N803
        [(table, requests)] = RequestItems.items()
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

    def update_item(self, Key: dict[str, Any], ExpressionAttributeValues: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        taken = self._begin("UpdateItem", 1)
        new = {name[1:]: value for name, value in ExpressionAttributeValues.items()}
        old = self.items.get(_key(Key))
        if old is not None and int(old["zanNumber"]["N"]) >= int(new["zanNumber"]["N"]):
            raise error("ConditionalCheckFailedException", "UpdateItem")
        if taken:
            self.items[_key(Key)] = Key | new
        self._end()
        return {}

    def get_item(self, Key: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        self._begin("GetItem", 1)
        if self.has_other_keys:
            raise error("ValidationException", "GetItem")
        self._end()
        return {"Item": self.items[_key(Key)]} if _key(Key) in self.items else {}

    def _begin(self, call: str, size: int) -> int:
        """How many items of the call are written; raises what happens before that."""
        self.calls.append(call)
        if self._is_dead:
            raise Killed
        self._now = self.fault()
        if self._now == "throttled" or (self._now == "unprocessed" and call != "BatchWriteItem"):
            raise error("ProvisionedThroughputExceededException", call)
        return size // 2 if self._now in ("unprocessed", "killed") else size

    def _end(self) -> None:
        if self._now == "no answer":
            raise ReadTimeoutError(endpoint_url="http://table")
        if self._now == "killed":
            self._is_dead = True
            raise Killed


def error(code: str, call: str) -> ClientError:
    """What boto3 raises."""
    return ClientError({"Error": {"Code": code, "Message": "as told"}}, call)


def _key(item: dict[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
