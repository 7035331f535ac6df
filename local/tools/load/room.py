"""A room as the viewers of one process see it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic_ns
from typing import Any

from local.tools.load.frames import TEXT, unmasked
from local.tools.load.heard import Catalogue, Heard, read
from local.tools.load.histogram import Histogram
from local.tools.load.presence import OTHERS, SLOW, Presence

# Frames that are remembered, so that they are read once. Under overload a tick has one more for each chat left out.
REMEMBERED = 64


def microseconds() -> int:
    """The time; the same clock in every process of this machine."""
    return monotonic_ns() // 1000


@dataclass
class Volume:
    """What viewers of one group got."""

    frames: int = 0
    bytes: int = 0
    latencies: Histogram = field(default_factory=Histogram)


class Room:
    """`presences` are those that are over. `seen_at`: when any viewer last got a frame."""

    def __init__(self, activity_id: int, *, tag: str, clock: Callable[[], int] = microseconds) -> None:
        self.activity_id = activity_id
        self.catalogue = Catalogue()
        self.accepted: set[int] = set()
        self.presences: Counter[Presence.Key] = Counter()
        self.volumes = {OTHERS: Volume(), SLOW: Volume()}
        self.clock = clock
        self.seen_at = clock()
        self.newest = Heard(b"")
        self._recent: dict[bytes, Heard] = {}
        self._tag = tag

    def recall(self, raw: bytes) -> Heard | None:
        """The frame whose bytes on the wire these are, if it was heard lately."""
        heard = self._recent.get(raw)
        if heard is not None:
            self.newest = heard
        return heard

    def hear(self, payload: bytes) -> Heard:
        """Read a text frame; raises Unreadable. A frame that others may get too is remembered."""
        known = self.recall(unmasked(TEXT, payload))
        if known is not None:
            return known
        heard = read(payload, self.catalogue, self._tag)
        if not heard.is_personal:
            self._remember(heard)
        return heard

    def receive(self, heard: Heard, presence: Presence) -> None:
        """A viewer has got the frame."""
        now = self.seen_at = self.clock()
        heard.receipts[presence.group].add(now)
        if heard.is_personal:
            self._count(heard)
        presence.hear(heard)

    def end(self, presence: Presence, *, stays: bool) -> None:
        """The presence is over, or the load is while it `stays`."""
        if presence.since is not None:
            self.presences[presence.key(stays=stays)] += 1

    def count_up(self) -> dict[int, Volume]:
        """The volumes with all that was received so far."""
        for heard in self._recent.values():
            self._count(heard)
        return self.volumes

    def to_json(self) -> dict[str, list[Any]]:
        """What `outcome.merge` judges by: the chats, those that were accepted, and the presences that are over."""
        presences = [[*presence, times] for presence, times in self.presences.items()]
        return {"seqs": self.catalogue.seqs, "accepted": sorted(self.accepted), "presences": presences}

    def _remember(self, heard: Heard) -> None:
        if len(self._recent) >= REMEMBERED:
            self._count(self._recent.pop(next(iter(self._recent))))
        self._recent[heard.raw] = heard
        self.newest = heard

    def _count(self, heard: Heard) -> None:
        for group, receipts in enumerate(heard.receipts):
            if not receipts.count:
                continue
            volume = self.volumes[group]
            volume.frames += receipts.count
            volume.bytes += receipts.count * len(heard.raw)
            receipts.latencies(heard.sent, volume.latencies)
            receipts.count = 0
            receipts.delays.clear()
