"""What an event source mapping hands a consumer of MSK.

https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Record:
    """One Kafka record; `timestamp` in ms."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    value: bytes


def records(event: Mapping[str, Any]) -> Iterator[Record]:
    """The records of a batch: partition by partition, in the order of their offsets."""
    for batch in event["records"].values():
        for record in batch:
            # A tombstone has no value.
            value = base64.b64decode(record.get("value") or "")
            yield Record(record["topic"], record["partition"], record["offset"], record["timestamp"], value)
