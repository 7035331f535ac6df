"""One table of DynamoDB, and what its errors mean."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from functions.adapters.dynamodb.api import DynamoDbApi, DynamoDbError

# A caller of the HTTP API waits for it, and the function that answers has 15.
READ_SECONDS = 10.0

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0

# The request itself is invalid, and a retry does not help. The second is for text that is not Unicode.
REFUSALS = frozenset({"ValidationException", "SerializationException"})


class TableUnavailable(Exception):
    """The table is out of reach, throttled, missing or forbidden. The message says which."""


class ItemRefused(Exception):
    """DynamoDB will never store this: an item that is too large, an invalid value. The message says why."""


class ConditionFailed(Exception):
    """The item is not as the request's condition wants it."""


class Table:
    def __init__(self, client: DynamoDbApi, name: str) -> None:
        self.name = name
        self._client = client

    async def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """What DynamoDB answers to `operation`, such as UpdateItem; raises TableUnavailable, ItemRefused,
        ConditionFailed."""
        if not self.name:
            raise TableUnavailable("TABLE is not set: it names the DynamoDB table")
        try:
            return await self._client.call(operation, parameters)
        except DynamoDbError as error:
            raise _meaning(error.code, f"table {self.name}: {error}") from None

    @asynccontextmanager
    async def in_time(self) -> AsyncIterator[None]:
        """Wait READ_SECONDS at most: a caller of the API waits no longer. Raises TableUnavailable."""
        try:
            async with asyncio.timeout(READ_SECONDS):
                yield
        except TimeoutError:
            raise TableUnavailable(f"table {self.name}: no answer within {READ_SECONDS} s") from None


def _meaning(code: str, message: str) -> Exception:
    # A transaction is also canceled by another write at the same time.
    if code in ("ConditionalCheckFailedException", "TransactionCanceledException"):
        return ConditionFailed(message)
    if code in REFUSALS:
        return ItemRefused(message)
    return TableUnavailable(message)


def pauses(deadline: float) -> Iterator[float]:
    """How long to wait before each attempt: not at all before the first, then with full jitter. No attempt is to begin
    after `deadline`, in seconds of the monotonic clock."""
    pause, longest = 0.0, FIRST_PAUSE_SECONDS
    while time.monotonic() + pause < deadline:
        yield pause
        pause = random.uniform(0, longest)
        longest = min(2 * longest, LONGEST_PAUSE_SECONDS)


def plain(item: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """An item without the types of the wire."""
    return {name: _number(value["N"]) if "N" in value else value["S"] for name, value in item.items()}


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)


def typed(values: Mapping[str, str | int]) -> dict[str, dict[str, str]]:
    """Values as DynamoDB has them on the wire."""
    return {name: {"S": value} if isinstance(value, str) else {"N": str(value)} for name, value in values.items()}
