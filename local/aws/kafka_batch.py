"""The records of one invocation, and what is left of them to try again."""

from collections.abc import Iterable
from typing import Any

from local.aws.kafka_payload import KafkaRecord, partition_name

Partition = tuple[str, int]
"""Topic and number."""


class KafkaBatch:
    """Records not yet dealt with, in offset order within each partition.

    `positions` is where each partition's group offset may move to: everything before is dealt with.
    """

    def __init__(self, records: Iterable[KafkaRecord]) -> None:
        self.records = list(records)
        self._ends = {_partition(record): record.offset + 1 for record in self.records}

    def __bool__(self) -> bool:
        return bool(self.records)

    @property
    def positions(self) -> dict[Partition, int]:
        """The lowest offset left in a partition, else the one after its last record."""
        positions = dict(self._ends)
        for record in reversed(self.records):
            positions[_partition(record)] = record.offset
        return positions

    def drop_older_than(self, timestamp_ms: float) -> int:
        """Give up records from before `timestamp_ms` (since the epoch, -1 = none); returns how many."""
        kept = [record for record in self.records if not 0 <= record.timestamp < timestamp_ms]
        dropped = len(self.records) - len(kept)
        self.records = kept
        return dropped

    def succeed(self) -> None:
        """Every record is dealt with."""
        self.records = []

    def succeed_but_for(self, response: Any) -> bool:
        """Keep what the function's `batchItemFailures` says: each partition from its lowest failed offset on.

        An empty or null response is success. One that names what is not in the batch, or is of another shape,
        is a failure of the whole batch: nothing changes and False is returned.
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
