"""Up to where a slice has told each partition of the log, noted in Redis, so that it is known what Redis has forgotten.

Redis may lose its newest writes, and the relay's process, which remembers the marks of its rooms, may end in the same
seconds. Kafka's committed offset does not go back by that. So a batch that begins behind the note has records before
it that were told, and that Redis knows nothing of. All rooms of the partition may have had some.

A partition's note and a room may be on different nodes of the cluster, of which one alone loses something. So the note
also has the last record of each room: if the room knows less, its node has lost it.

The ends of producers' transactions take offsets, and are no records. So what stands between two batches of one process,
with no note of another process in between, is taken for these, if it is little.

Example: the note says 100, and the room 42 had its last record at 90. A batch comes that begins at 121. Redis has
forgotten what lies between, so 42 may have had records that it does not know. If instead the batch begins at 101 and 42
knows no record behind 80, the node of 42 has forgotten up to 90.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from functions.adapters.redis.arguments import new_epoch
from functions.adapters.redis.keys import PartitionKeys, RoomKeys
from functions.adapters.redis.script import Call, Script
from functions.rooms.spans import Span

# Each is two arguments at most.
ROOMS_A_CALL = 1500


class Checkpoints:
    """The notes of one slice, as calls and as what they answer."""

    def __init__(self, slice_: int) -> None:
        self._slice = slice_
        self._read, self._note = Script("read_checkpoint"), Script("note_checkpoint")
        self._begin_epoch = Script("begin_epoch")
        self._last: dict[str, int] = {}  # that this process has noted, by partition

    def read(self, spans: Sequence[Span]) -> list[Call]:
        """Calls that compare the notes with these parts of the log."""
        return [
            self._read(
                **self._keys(span),
                slice=self._slice,
                first=span.first,
                first_ms=span.first_ms,
                own=self._last.get(span.partition),
                rooms=rooms,
            )
            for span in spans
            for rooms in _parts(span)
        ]

    def known(self, spans: Sequence[Span], answers: Sequence[Any]) -> dict[int, int]:
        """Up to which offset records were told to each room of the batch before, by the answers to `read`. A room that
        had records before the batch and does not know them up to there has forgotten some."""
        left, known = iter(answers), dict[int, int]()
        for span in spans:
            for rooms, (forgotten, noted, _) in zip(_parts(span), islice(left, len(_parts(span))), strict=True):
                for room, seq in zip(rooms, map(_seq, noted), strict=True):
                    # A redelivered batch has been noted already, with its own records.
                    told = seq if seq < span.rooms[room][0] else -1
                    known[room] = max(known.get(room, -1), told, forgotten)
        return known

    def quiet(self, spans: Sequence[Span], answers: Sequence[Any], now: int) -> list[Call]:
        """Calls that begin an epoch in all those rooms that have forgotten something and no record in the batch, by the
        answers to `read`."""
        left = iter(answers)
        return [
            self.begin_epoch(room, span.first, now, first_ms=span.first_ms)
            for span in spans
            for room in sorted({int(room) for *_, rooms in islice(left, len(_parts(span))) for room in rooms})
            if room not in span.rooms
        ]

    def begin_epoch(self, activity_id: int, first: int, now: int, *, first_ms: int | None = None) -> Call:
        """A call that begins an epoch in a room which knows nothing up to its record `first`. With `first_ms` that is
        another room's."""
        new = {"new_epoch": new_epoch(), "first": first, "first_ms": first_ms}
        return self._begin_epoch(RoomKeys(activity_id), slice=self._slice, now=now, **new)

    def note(self, spans: Sequence[Span]) -> Iterator[Call]:
        """Calls that note that these parts of the log have been told."""
        for span in spans:
            self._last[span.partition] = span.last
            for rooms in _parts(span):
                yield self._note(
                    **self._keys(span),
                    slice=self._slice,
                    first=span.first,
                    first_ms=span.first_ms,
                    last=span.last,
                    newest_ms=span.newest_ms,
                    rooms=rooms,
                    seqs=[span.rooms[room][1] for room in rooms],
                )

    def _keys(self, span: Span) -> dict[str, str]:
        keys = PartitionKeys(span.partition)
        return {"checkpoint": keys.checkpoint, "heard": keys.heard(self._slice)}


def _parts(span: Span) -> list[list[int]]:
    """The rooms of a span, as many together as a call may have; one part without rooms if there are none."""
    rooms = list(span.rooms)
    return [rooms[start : start + ROOMS_A_CALL] for start in range(0, max(1, len(rooms)), ROOMS_A_CALL)]


def _seq(score: str | None) -> int:
    # Some servers write a score as "1.7e+12".
    return -1 if score is None else int(float(score))
