"""The failure queue: records that cannot be archived, with the cause, for people to look at."""

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any

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
    """boto3's client of SQS, which any number of threads may use; `options` go to it. AWS_ENDPOINT_URL_SQS leads it
    elsewhere."""
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        # Once more, since a connection that was kept over a freeze may be dead.
        retries={"mode": "standard", "total_max_attempts": 2},
    )
    # A session of its own: boto3's shared one is not for several threads.
    return boto3.session.Session().client("sqs", region_name=region, config=config, **options)
