"""Which part of the log a batch is, partition by partition.

A slice reads all records of a partition: a batch begins where the one before it ended, or before that if it is
redelivered. A batch that begins further on tells that something is missing (functions/adapters/redis/checkpoints.py),
or that producers have ended transactions.
"""

from dataclasses import dataclass, field

# So many offsets between two batches may be the ends of producers' transactions, which are no records.
HOLE_AT_MOST = 16


@dataclass(slots=True)
class Span:
    """The records of one partition in a batch, broken ones too: from the offset `first`, logged at `first_ms`, to the
    offset `last`; the newest was logged at `newest_ms`. `partition` is the topic and the partition's number, `live-3`.
    `rooms` has the offsets of the first and the last record of each room."""

    partition: str
    first: int
    first_ms: int
    last: int = -1
    newest_ms: int = 0
    rooms: dict[int, tuple[int, int]] = field(default_factory=dict)

    def add(self, offset: int, logged_at: int) -> None:
        """The next record of the batch."""
        self.last, self.newest_ms = offset, max(self.newest_ms, logged_at)

    def add_to(self, activity_id: int, offset: int) -> None:
        """The next record is of this room."""
        first, _ = self.rooms.get(activity_id, (offset, offset))
        self.rooms[activity_id] = first, offset
