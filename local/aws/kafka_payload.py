"""What Lambda hands a function for records of an MSK topic.

Faithful: keys and their order, base64 of key and value, header values as signed bytes, several partitions in
one event. Not known: how AWS shows a null key or value; published events have the key absent as well as null.
Here what is null is absent, and a function must bear both.
https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from local.aws.environment_variables import ACCOUNT, DEFAULT_REGION
from local.aws.function import JsonObject

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024
_ENVELOPE_BYTES = 4096  # all of an event but its records, generously
_RECORD_BYTES = 160  # a record's keys, numbers and punctuation, generously
_TIMESTAMP_TYPES = {0: "CREATE_TIME", 1: "LOG_APPEND_TIME"}

MAX_RECORDS_BYTES = MAX_PAYLOAD_BYTES - _ENVELOPE_BYTES


class KafkaRecord(Protocol):
    """A record as aiokafka reads it; `timestamp` in ms since the epoch, -1 = none."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def timestamp_type(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]: ...


def default_arn(region: str = DEFAULT_REGION) -> str:
    """The ARN of the cluster that the emulator's one stands for."""
    return f"arn:aws:kafka:{region}:{ACCOUNT}:cluster/live-rooms/00000000-0000-0000-0000-000000000000-1"


def partition_name(record: KafkaRecord) -> str:
    """How an event and a batch item failure name a partition: `topic-0`."""
    return f"{record.topic}-{record.partition}"


def payload_bytes(record: KafkaRecord) -> int:
    """At least what the record takes of an event's JSON, and little more."""
    key, value = record.key or b"", record.value or b""
    headers = sum(len(name) + 8 + 5 * len(content or b"") for name, content in record.headers)
    return _RECORD_BYTES + len(record.topic) * 2 + (len(key) + len(value) + 4) * 4 // 3 + 8 + headers


def kafka_event(records: Iterable[KafkaRecord], *, arn: str, bootstrap: str) -> JsonObject:
    """The event for `records`, which stay in the order they have within each partition."""
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
