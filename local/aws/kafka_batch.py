"""The records of one invocation: how they gather before it, and what is left of them after it."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

from local.aws.kafka_payload import KafkaRecord, partition_name, payload_bytes

Partition = tuple[str, int]
"""Topic and number."""


class BatchingWindow:
    """The records that have been read and belong to no batch yet, in the order of arrival.

    The window opens when its first record is read, and is over `seconds` later. A function that is busy longer gets all
    that has come by then, as far as it fits. Times are those of `time.monotonic`.
    """

    def __init__(self, *, batch_size: int, seconds: float, max_bytes: int) -> None:
        self._batch_size = batch_size
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._records: deque[tuple[KafkaRecord, float]] = deque()  # each with when it was read
        self._bytes = 0
        self._changed = asyncio.Event()

    def add(self, records: Iterable[KafkaRecord], now: float) -> list[KafkaRecord]:
        """Take in records; returns those that are too large for any event, which are dropped."""
        too_large = []
        for record in records:
            size = payload_bytes(record)
            if size > self._max_bytes:
                too_large.append(record)
            else:
                self._records.append((record, now))
                self._bytes += size
        self._changed.set()
        return too_large

    def __len__(self) -> int:
        return len(self._records)

    @property
    def full(self) -> bool:
        """Whether there is a whole batch, whatever comes next."""
        return len(self._records) >= self._batch_size or self._bytes > self._max_bytes

    def wait(self, now: float) -> float | None:
        """How many seconds there are until a batch is whole if nothing comes, 0 if it is; None without any record."""
        if self.full:
            return 0.0
        return max(0.0, self._records[0][1] + self._seconds - now) if self._records else None

    def take(self) -> list[KafkaRecord]:
        """Take a batch out of the window: as many records as fit. The rest is for the next window."""
        batch: list[KafkaRecord] = []
        room = self._max_bytes
        while self._records and len(batch) < self._batch_size:
            size = payload_bytes(self._records[0][0])
            if size > room:
                break
            room -= size
            self._bytes -= size
            batch.append(self._records.popleft()[0])
        self._changed.set()
        return batch

    def clear(self) -> None:
        self._records.clear()
        self._bytes = 0
        self._changed.set()

    async def has_room(self) -> None:
        """Wait while there is a whole batch."""
        while self.full:
            await self._change(None)

    async def batch(self, reading: asyncio.Task[None]) -> list[KafkaRecord]:
        """Wait until a batch is whole, and take it. `reading` is the task that adds; raises what that raises."""
        reading.add_done_callback(self._ended)
        try:
            while (seconds := self.wait(time.monotonic())) != 0:
                if reading.done():
                    reading.result()
                await self._change(seconds)
        finally:
            reading.remove_done_callback(self._ended)
        return self.take()

    def _ended(self, reading: object) -> None:
        self._changed.set()

    async def _change(self, seconds: float | None) -> None:
        """Wait for a change, for so long at most."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()


class KafkaBatch:
    """Records to be delivered, in offset order within each partition.

    `positions` is where each partition's committed offset may move to: the function is done with everything before.
    """

    def __init__(self, records: Iterable[KafkaRecord]) -> None:
        self.records = list(records)
        self._ends = {_partition(record): record.offset + 1 for record in self.records}

    def __bool__(self) -> bool:
        return bool(self.records)

    @property
    def positions(self) -> dict[Partition, int]:
        """The lowest offset that is left of a partition, else the one after its last record."""
        positions = dict(self._ends)
        for record in reversed(self.records):
            positions[_partition(record)] = record.offset
        return positions

    def drop_older_than(self, timestamp_ms: float) -> int:
        """Drop records from before `timestamp_ms` (since the epoch), but none without a timestamp; returns how many."""
        kept = [record for record in self.records if not 0 <= record.timestamp < timestamp_ms]
        dropped = len(self.records) - len(kept)
        self.records = kept
        return dropped

    def succeed(self) -> None:
        self.records = []

    def succeed_but_for(self, response: Any) -> bool:
        """Keep what the function's `batchItemFailures` says: each partition from its lowest failed offset on.

        An empty or null response is success. A response that names a record of no batch, or has another shape, fails
        the whole batch: nothing changes and False is returned.
        https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
        """
        failures = response.get("batchItemFailures") if isinstance(response, dict) else response
        if not failures:
            self.succeed()
            return not response or isinstance(response, dict)
        offsets = {(partition_name(record), record.offset) for record in self.records}
        lowest: dict[str, int] = {}
        try:
            for failure in failures:
                partition = failure["itemIdentifier"]["partition"]
                offset = failure["itemIdentifier"]["offset"]
                if (partition, offset) not in offsets:
                    return False
                lowest[partition] = min(offset, lowest.get(partition, offset))
        except (TypeError, KeyError):
            return False
        self.records = [
            record
            for record in self.records
            if partition_name(record) in lowest and record.offset >= lowest[partition_name(record)]
        ]
        return True


def _partition(record: KafkaRecord) -> Partition:
    return record.topic, record.partition
