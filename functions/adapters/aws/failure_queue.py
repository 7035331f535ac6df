"""The failure queue in SQS: records that cannot be archived, each with the cause, for people to read."""

import base64
import json
from collections.abc import Callable
from typing import Any

from functions.adapters.aws.client import CallFailed, ThreadedClient, aws_client

CONNECT_SECONDS = 1
ANSWER_SECONDS = 3
# A message may have 256 KB, and the cause needs some. A multiple of 4, so that cut base64 can still be decoded.
VALUE_CHARACTERS = 200_000
CAUSE_CHARACTERS = 1000


class QueueUnavailable(Exception):
    """The queue cannot be reached, or refuses the message. The error text says why."""


class FailureQueue:
    """The queue at `url`. `client` makes boto3's client when the first record is put."""

    def __init__(self, client: Callable[[], Any], url: str) -> None:
        self._client = ThreadedClient(client)
        self._url = url

    async def put(self, *, topic: str, partition: int, offset: int, cause: str, value: bytes) -> None:
        """Send a record's topic, partition and offset, the cause, the size of its value in bytes, and the first 150,000
        bytes in base64. Raises QueueUnavailable."""
        message = {
            "topic": topic,
            "partition": partition,
            "offset": offset,
            "cause": cause[:CAUSE_CHARACTERS],
            "bytes": len(value),
            "value": base64.b64encode(value).decode()[:VALUE_CHARACTERS],
        }
        try:
            await self._client.call("send_message", QueueUrl=self._url, MessageBody=json.dumps(message))
        except CallFailed as error:
            raise QueueUnavailable(f"queue {self._url}: {error}") from None


def queue_client(region: str, **options: Any) -> Any:
    """boto3's client of SQS; `options` go to it."""
    return aws_client("sqs", region, connect_seconds=CONNECT_SECONDS, answer_seconds=ANSWER_SECONDS, **options)
