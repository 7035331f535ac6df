"""How far one slice has shown one room its log, so that nothing is shown twice.

Kafka delivers at least once: a batch whose relay fails is delivered again, perhaps split differently. So each slice
keeps a mark for each of its rooms, the seq of the last record it showed. Records up to the mark are skipped.

Example: the mark is 7 and a redelivered batch has the records 5, 7 and 9. Only 9 is shown, and 9 is the next mark.

A seq is an offset, and offsets start again at 0 when the log itself is lost. So the mark also has the newest time of
all shown records, which tells a new log from a redelivered batch: a smaller seq with a newer time is a new log.

A Redis that fails over may lose its newest writes, and with them a mark. So the relay's process remembers the marks of
the rooms that it served last. If Redis shows an older mark, the process's own holds (write_history.lua). What
a new process cannot remember is noted in Redis (functions/adapters/redis/checkpoints.py).
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from functions.rooms.events import Event

# By how much the clocks of producers may differ.
SKEW_MS = 1000

# A process remembers the marks of so many rooms, about 3 MB.
ROOMS_REMEMBERED = 10_000


@dataclass(frozen=True)
class Mark:
    """The seq of the last shown record, and the newest time (ms) of all shown records.

    The two may come from different records: producers stamp the time, so a delayed record stands behind newer ones. In
    the same log no record up to `seq` is newer than `logged_at`.
    """

    seq: int
    logged_at: int

    def pack(self) -> str:
        """The mark as text, for Redis."""
        return f"{self.seq}:{self.logged_at}"

    @classmethod
    def unpack(cls, packed: str) -> "Mark | None":
        """The inverse of `pack`; None for an empty text."""
        if not packed:
            return None
        seq, logged_at = packed.split(":")
        return cls(int(seq), int(logged_at))

    def unseen(self, records: Sequence[Event]) -> list[Event]:
        """The `records` behind the mark."""
        return [record for record in records if _seq(record) > self.seq]

    def moved_behind(self, records: Sequence[Event]) -> "Mark":
        """The mark after these unseen records were shown too."""
        if not records:
            return self
        mark = mark_of(records)
        return Mark(mark.seq, max(self.logged_at, mark.logged_at))


@dataclass(frozen=True)
class Remembered:
    """What a process knows of a room: `shown` is its slice's mark, `log` that of the newest record in the history, and
    `epoch` the room's."""

    shown: Mark | None = None
    log: Mark | None = None
    epoch: str = ""


class Memory:
    """The marks that a process has seen, of the `most` rooms that it served last."""

    def __init__(self, most: int = ROOMS_REMEMBERED) -> None:
        self._rooms: OrderedDict[int, Remembered] = OrderedDict()
        self._most = most

    def of(self, activity_id: int) -> Remembered:
        return self._rooms.get(activity_id, Remembered())

    def note(
        self, activity_id: int, *, shown: Mark | None = None, log: Mark | None = None, epoch: str | None = None
    ) -> None:
        """Remember what is not None."""
        before = self.of(activity_id)
        epoch = before.epoch if epoch is None else epoch
        self._rooms[activity_id] = Remembered(shown or before.shown, log or before.log, epoch)
        self._rooms.move_to_end(activity_id)
        if len(self._rooms) > self._most:
            self._rooms.popitem(last=False)


def mark_of(records: Sequence[Event]) -> Mark:
    """The mark after these records, at least one, were shown."""
    return Mark(_seq(records[-1]), max(record.logged_at for record in records))


def _seq(record: Event) -> int:
    assert record.seq is not None, "records come from the log"
    return record.seq
