"""The events of an event source mapping for MSK, and the answer that it expects.

https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Record:
    """One Kafka record; `timestamp` in ms since the epoch. `key` is None for a record without one."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    value: bytes
    key: bytes | None = None

    @property
    def source(self) -> str:
        """The record's partition, as the event and the answer name it: `topic-3`."""
        return f"{self.topic}-{self.partition}"


def records(event: Mapping[str, Any]) -> Iterator[Record]:
    """The records of a batch: partition by partition, in the order of their offsets."""
    for batch in event["records"].values():
        for record in batch:
            # A tombstone has no value.
            value = base64.b64decode(record.get("value") or "")
            key = record.get("key")
            place = record["topic"], record["partition"], record["offset"], record["timestamp"]
            yield Record(*place, value, None if key is None else base64.b64decode(key))


def first_offsets(failed: Iterable[Record]) -> dict[str, int]:
    """The lowest offset of each partition, by `source`. The mapping redelivers from these offsets on."""
    first: dict[str, int] = {}
    for record in failed:
        first[record.source] = min(record.offset, first.get(record.source, record.offset))
    return first


def batch_item_failures(failed: Iterable[Record]) -> dict[str, Any]:
    """The answer after which the mapping redelivers from the first failed record of each partition on.

    https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
    """
    return {
        "batchItemFailures": [
            {"itemIdentifier": {"partition": source, "offset": offset}}
            for source, offset in first_offsets(failed).items()
        ]
    }
