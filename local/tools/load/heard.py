"""What a frame from the server says, read once however many viewers get it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.tools.load.frames import TEXT, unmasked
from local.tools.load.histogram import Histogram, bucket_of, middle_of

Object = Mapping[str, Any]
Run = tuple[int, int]  # the first and the last of consecutive positions

REPLY, WHO, CHAT, COUNT, WELCOME, LEFT_OUT = 0, 3, 4, 5, 8, 13


class Unreadable(Exception):
    """A frame does not hold objects of the protocol."""


@dataclass(slots=True)
class Receipts:
    """When viewers got a frame: the time of the first and the newest, and of each how much later than the first.

    Times are microseconds. The delays are rounded to 1/256, so the latency of a chat, which is longer, is too.
    """

    count: int = 0
    first: int = 0
    newest: int = 0
    delays: dict[int, int] = field(default_factory=dict)

    def add(self, at: int) -> None:
        """One more viewer has got it."""
        if not self.count:
            self.first = at
        self.count += 1
        self.newest = at
        bucket = bucket_of(at - self.first)
        self.delays[bucket] = self.delays.get(bucket, 0) + 1

    def latencies(self, sent: Iterable[int], histogram: Histogram) -> None:
        """Add the time from each sending to each receipt."""
        for started in sent:
            histogram.reach(self.newest - started)
            for bucket, times in self.delays.items():
                histogram.add(self.first - started + middle_of(bucket), times)


@dataclass(slots=True)
class Heard:
    """A frame. `runs` says which of the room's chats are in it, `sent` when those of this load were sent."""

    raw: bytes
    runs: Sequence[Run] = ()
    sent: Sequence[int] = ()
    online: int | None = None
    left_out: int = 0
    welcome: Object | None = None
    replies: Sequence[Object] = ()
    receipts: tuple[Receipts, Receipts] = field(default_factory=lambda: (Receipts(), Receipts()))

    @property
    def is_personal(self) -> bool:
        """Whether one viewer alone gets it."""
        return self.welcome is not None or bool(self.replies)


class Catalogue:
    """The chats of a room in the order in which they were first seen by any viewer here, by their `seq`."""

    def __init__(self) -> None:
        self.seqs: list[int] = []
        self._positions: dict[int, int] = {}

    def __contains__(self, seq: int) -> bool:
        return seq in self._positions

    def runs(self, seqs: Iterable[int]) -> list[Run]:
        """Where these stand, new ones at the end."""
        runs: list[Run] = []
        for seq in seqs:
            position = self._positions.setdefault(seq, len(self.seqs))
            if position == len(self.seqs):
                self.seqs.append(seq)
            if runs and runs[-1][1] + 1 == position:
                runs[-1] = (runs[-1][0], position)
            else:
                runs.append((position, position))
        return runs


def read(payload: bytes, catalogue: Catalogue, tag: str) -> Heard:
    """Read a text frame of either framing. `tag` begins the ids of this load's chats. Raises Unreadable."""
    heard = Heard(unmasked(TEXT, payload))
    try:
        value = json.loads(payload)
        _take_in(heard, value if isinstance(value, list) else [value], catalogue, tag)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable("a frame that is none of the protocol") from error
    return heard


def _take_in(heard: Heard, objects: Sequence[Object], catalogue: Catalogue, tag: str) -> None:
    # A private chat is not for everybody, so nobody is owed it.
    chats = [each for each in objects if each.get("messageType") == CHAT and "to" not in each]
    replies = []
    history: list[int] = []
    for each in objects:
        kind = each.get("messageType")
        if kind in (COUNT, WELCOME, WHO):
            heard.online = int(each["onlineNumber"])
        if kind == WELCOME:
            heard.welcome = each
            history = [int(said["seq"]) for said in each["history"] if said["messageType"] == CHAT and "to" not in said]
        elif kind == LEFT_OUT:
            heard.left_out += int(each["dropped"].get("chat", 0))
        elif kind in (REPLY, None):  # the gateway's own error frames have no type
            replies.append(each)
    heard.replies = replies
    heard.runs = catalogue.runs([*history, *(int(chat["seq"]) for chat in chats)])
    heard.sent = [sent for chat in chats if (sent := sent_at(chat.get("id"), tag)) is not None]


def sent_at(client_id: object, tag: str) -> int | None:
    """The time of sending in microseconds, which an id made by `id_for` carries; None for others."""
    if not isinstance(client_id, str) or not client_id.startswith(tag):
        return None
    return int(client_id.split(".")[1])


def id_for(tag: str, sent: int, number: int) -> str:
    """The id of a frame."""
    return f"{tag}.{sent}.{number}"
