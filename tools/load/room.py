"""A room as the viewers of one process see it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic_ns
from typing import Any

from websockets.typing import BytesLike

from tools.load.heard import Catalogue, Heard, read
from tools.load.histogram import Histogram
from tools.load.presence import OTHERS, SLOW, Presence

# Frames that are remembered, so that they are read once. Under overload a tick has one more for each chat left out.
REMEMBERED = 64

Read = Callable[[bytes, Catalogue, str], Heard]


def microseconds() -> int:
    """The time, by a clock that all processes of this machine share."""
    return monotonic_ns() // 1000


@dataclass
class Volume:
    """What the viewers of one group got."""

    frames: int = 0
    bytes: int = 0
    latencies: Histogram = field(default_factory=Histogram)


class Room:
    """`presences` are those that are over. `seen_at`: when any viewer last got a frame."""

    def __init__(
        self, activity_id: int, *, tag: str, clock: Callable[[], int] = microseconds, read: Read = read
    ) -> None:
        self.activity_id = activity_id
        self.catalogue = Catalogue()
        self.accepted: set[int] = set()
        self.presences: Counter[Presence.Key] = Counter()
        self.volumes = {OTHERS: Volume(), SLOW: Volume()}
        self.clock = clock
        self.seen_at = clock()
        self.newest: Heard | None = None
        self._recent: dict[bytes, Heard] = {}
        self.tag = tag
        self._read = read

    def hear(self, payload: BytesLike) -> Heard:
        """Read a text message; raises Unreadable. A message that others may get too is remembered, and read once."""
        # Most messages are the one that another viewer got just before: no copy is made of it, and no hash.
        if self.newest is not None and payload == self.newest.payload:
            return self.newest
        payload = bytes(payload)
        heard = self._recent.get(payload) or self._read(payload, self.catalogue, self.tag)
        if not heard.is_personal:
            self._remember(heard)
        return heard

    def receive(self, heard: Heard, presence: Presence) -> None:
        """A viewer has got the message."""
        now = self.seen_at = self.clock()
        heard.receipts[presence.group].add(now)
        if heard.is_personal:
            self._count(heard)
        presence.hear(heard)

    def end(self, presence: Presence, *, stays: bool) -> None:
        """The presence is over; `stays`: the load is."""
        if presence.since is not None:
            self.presences[presence.key(stays=stays)] += 1

    def count_up(self) -> dict[int, Volume]:
        """The volumes of all that was received so far."""
        for heard in self._recent.values():
            self._count(heard)
        return self.volumes

    def figures(self) -> dict[str, Any]:
        """What `outcome.merge` judges by: the chats, those that were accepted, and the presences that are over."""
        return {"seqs": self.catalogue.seqs, "accepted": self.accepted, "presences": self.presences}

    def _remember(self, heard: Heard) -> None:
        self.newest = heard
        if heard.payload not in self._recent and len(self._recent) >= REMEMBERED:
            self._count(self._recent.pop(next(iter(self._recent))))
        self._recent[heard.payload] = heard

    def _count(self, heard: Heard) -> None:
        for group, receipts in enumerate(heard.receipts):
            if not receipts.count:
                continue
            volume = self.volumes[group]
            volume.frames += receipts.count
            volume.bytes += receipts.count * heard.size
            receipts.latencies(heard.sent, volume.latencies)
            receipts.count = 0
            receipts.delays.clear()
