"""One table of DynamoDB, and what its errors mean.

The functions ask through DynamoDbApi; tools that read now and then with boto3.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from functions.adapters.aws_client import aws_client
from functions.adapters.dynamodb_api import DynamoDbApi, DynamoDbError

CONNECT_SECONDS = 1
ANSWER_SECONDS = 3
# Whoever asks the API waits; it has 15.
READ_SECONDS = 10.0

FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 2.0

# What is wrong with the request itself, however often it is made. The second is for text that is not Unicode.
REFUSALS = frozenset({"ValidationException", "SerializationException"})


class TableUnavailable(Exception):
    """The table cannot be reached, or does not do as it should: throttled, not there, not allowed. The message says
    which."""


class ItemRefused(Exception):
    """DynamoDB will never take this: an item that is too large, a value it does not know. The message says why."""


class ConditionFailed(Exception):
    """The item is not as the request's condition wants it."""


# Makes boto3's client when it is first needed, or is what needs none.
Client = Callable[[], Any] | DynamoDbApi


class Table:
    """One table, asked through `client`."""

    def __init__(self, client: Client, name: str) -> None:
        self.name = name
        self._ask = client.call if isinstance(client, DynamoDbApi) else _InThreads(client).call

    async def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """What DynamoDB answers to `operation`, such as UpdateItem; raises TableUnavailable, ItemRefused,
        ConditionFailed."""
        if not self.name:
            raise TableUnavailable("TABLE is not set: it names the DynamoDB table")
        try:
            return await self._ask(operation, parameters)
        except DynamoDbError as error:
            raise _meaning(error.code, f"table {self.name}: {error}") from None

    @asynccontextmanager
    async def in_time(self) -> AsyncIterator[None]:
        """What takes longer than whoever asks can wait, is not waited for; raises TableUnavailable."""
        try:
            async with asyncio.timeout(READ_SECONDS):
                yield
        except TimeoutError:
            raise TableUnavailable(f"table {self.name}: no answer within {READ_SECONDS} s") from None


class _InThreads:
    """boto3's client, which waits, and so does it in a thread."""

    def __init__(self, make_client: Callable[[], Any]) -> None:
        self._make_client = make_client
        self._client: Any = None

    async def call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        return await asyncio.to_thread(self._call, operation, parameters)

    def _call(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            # Threads may make it at the same time; then the last one's is kept.
            client = self._client = self._client or self._make_client()
            answer: dict[str, Any] = getattr(client, xform_name(operation))(**parameters)
        except ClientError as error:
            raise DynamoDbError(error.response["Error"]["Code"], str(error)) from None
        except BotoCoreError as error:
            raise DynamoDbError("", str(error)) from None
        return answer


def _meaning(code: str, message: str) -> Exception:
    if code == "ConditionalCheckFailedException":
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


def dynamodb_client(region: str, **options: Any) -> Any:
    """boto3's client; `options` go to it."""
    return aws_client("dynamodb", region, connect_seconds=CONNECT_SECONDS, answer_seconds=ANSWER_SECONDS, **options)
