"""The event that Lambda passes to a function for records of an MSK topic.

Faithful: keys and their order, base64 of key and value, header values as signed bytes, several partitions in one event.
Not known: how AWS shows a null key or value. In published events, null values are absent as well as null; here they are
absent, and a function must accept both.
https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html
"""

import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from local.aws.environment_variables import ACCOUNT, DEFAULT_REGION
from local.aws.function import JsonObject

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
_ENVELOPE_BYTES = 4096  # at most this is an event without its records
_RECORD_BYTES = 160  # at most this are a record's keys, numbers and punctuation
_TIMESTAMP_TYPES = {0: "CREATE_TIME", 1: "LOG_APPEND_TIME"}

MAX_RECORDS_BYTES = MAX_PAYLOAD_BYTES - _ENVELOPE_BYTES


class KafkaRecord(Protocol):
    """A record as aiokafka reads it; `timestamp` in ms since the epoch, -1 = none."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


def default_arn(region: str = DEFAULT_REGION) -> str:
    """The ARN of the cluster that the emulator's Kafka stands for."""
    return f"arn:aws:kafka:{region}:{ACCOUNT}:cluster/live-rooms/00000000-0000-0000-0000-000000000000-1"


def partition_name(record: KafkaRecord) -> str:
    """How an event and a batch item failure name a partition: `topic-0`."""
    return f"{record.topic}-{record.partition}"


def payload_bytes(record: KafkaRecord) -> int:
    """How many bytes of an event's JSON the record takes, rounded up a little."""
    key, value = record.key or b"", record.value or b""
    # Each header is `{: []}, ` around its name as JSON, and `-128, ` for each byte.
    headers = sum(len(json.dumps(name)) + 8 + 6 * len(content or b"") for name, content in record.headers)
    return _RECORD_BYTES + len(record.topic) * 2 + (len(key) + len(value) + 4) * 4 // 3 + 8 + headers


def kafka_event(records: Iterable[KafkaRecord], *, arn: str, bootstrap: str) -> JsonObject:
    """The event for `records`; within a partition they keep their order."""
    partitions: dict[str, list[JsonObject]] = {}
    for record in records:
        partitions.setdefault(partition_name(record), []).append(_record(record))
    return {
        "eventSource": "aws:kafka",
        "eventSourceArn": arn,
        "bootstrapServers": bootstrap,
        "records": partitions,
    }


def _record(record: KafkaRecord) -> JsonObject:
    shown: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "timestampType": _TIMESTAMP_TYPES.get(record.timestamp_type, "NO_TIMESTAMP_TYPE"),
    }
    if record.key is not None:
        shown["key"] = b64encode(record.key).decode("ascii")
    if record.value is not None:
        shown["value"] = b64encode(record.value).decode("ascii")
    # Java's bytes are signed: 0xC3 arrives as -61.
    shown["headers"] = [{name: memoryview(content or b"").cast("b").tolist()} for name, content in record.headers]
    return shown
