"""How far a slice has shown a room its log, so that a batch that comes again is not shown again."""

from collections.abc import Sequence
from dataclasses import dataclass

from functions.rooms.events import Event


@dataclass(frozen=True)
class Mark:
    """The last record that was shown: its seq, and the newest time (ms) of all that were shown.

    A record has the time at which its producer made it, so one that was long under way stands behind newer ones. In
    the same log no record up to `seq` is newer than `logged_at`.
    """

    seq: int
    logged_at: int

    def pack(self) -> str:
        """As it is kept."""
        return f"{self.seq}:{self.logged_at}"

    @classmethod
    def unpack(cls, packed: str) -> "Mark | None":
        """The inverse of `pack`; None for nothing."""
        if not packed:
            return None
        seq, logged_at = packed.split(":")
        return cls(int(seq), int(logged_at))

    def unseen(self, records: Sequence[Event]) -> list[Event]:
        """Those of `records` behind the mark."""
        return [record for record in records if _seq(record) > self.seq]

    def moved_behind(self, records: Sequence[Event]) -> "Mark":
        """The mark when these, which are unseen, have been shown too."""
        if not records:
            return self
        mark = mark_of(records)
        return Mark(mark.seq, max(self.logged_at, mark.logged_at))


def mark_of(records: Sequence[Event]) -> Mark:
    """The mark behind these records, of which there is at least one."""
    return Mark(_seq(records[-1]), max(record.logged_at for record in records))


def _seq(record: Event) -> int:
    assert record.seq is not None, "records come from the log"
    return record.seq
