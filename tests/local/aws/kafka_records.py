"""Records as aiokafka would have read them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass
class Record:
    """One of partition `partition` of `topic`; `timestamp` in ms since the epoch."""

    partition: int
    offset: int
    key: bytes | None = None
    value: bytes | None = b"v"
    topic: str = "liveMessageTopic"
    timestamp: int = 1545084650987
    timestamp_type: int = 0
    headers: Sequence[tuple[str, bytes | None]] = ()
