"""The failure queue: records that cannot be archived, with the cause, for people to look at."""

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any

from functions.adapters.aws_client import aws_client

CONNECT_SECONDS = 1
ANSWER_SECONDS = 3
# SQS takes 256 KB, and the cause needs room. A multiple of 4, so that what is left can still be decoded.
VALUE_CHARACTERS = 200_000
CAUSE_CHARACTERS = 1000


class QueueUnavailable(Exception):
    """The queue cannot be reached, or does not take the message; the message says why."""


class FailureQueue:
    """One SQS queue, by its URL. `client` makes boto3's client when it is first needed."""

    def __init__(self, client: Callable[[], Any], url: str) -> None:
        self._make_client = client
        self._url = url
        self._client: Any = None

    async def put(self, *, topic: str, partition: int, offset: int, cause: str, value: bytes) -> None:
        """Set a record aside: its place, the cause, how many bytes its value has, and the first 150,000 of them in
        base64. Raises QueueUnavailable."""
        message = {
            "topic": topic,
            "partition": partition,
            "offset": offset,
            "cause": cause[:CAUSE_CHARACTERS],
            "bytes": len(value),
            "value": base64.b64encode(value).decode()[:VALUE_CHARACTERS],
        }
        await asyncio.to_thread(self._put, json.dumps(message))

    def _put(self, body: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            # Threads may make it at the same time; then the last one's is kept.
            client = self._client = self._client or self._make_client()
            client.send_message(QueueUrl=self._url, MessageBody=body)
        except (BotoCoreError, ClientError) as error:
            raise QueueUnavailable(f"queue {self._url}: {error}") from None


def queue_client(region: str, **options: Any) -> Any:
    """boto3's client of SQS; `options` go to it."""
    return aws_client("sqs", region, connect_seconds=CONNECT_SECONDS, answer_seconds=ANSWER_SECONDS, **options)
