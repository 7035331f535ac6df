"""What a message from the server says. It is read once, however many viewers get it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from functions.rooms.events import CHAT, SANCTION
from functions.rooms.objects import COUNT, LEFT_OUT, REPLY, WELCOME, WHO_IS_HERE
from tools.load.histogram import Histogram, bucket_of, middle_of
from tools.objects import Object, Unreadable, cursor_of, objects_in

Run = tuple[int, int]  # the first and the last of consecutive positions


@dataclass(slots=True)
class Receipts:
    """When viewers got a message: the time of the first and of the newest, and each viewer's delay behind the first.

    Times are in microseconds. A delay is rounded to 1/256 of itself. The latency of a chat is longer, so it is at least
    as exact.
    """

    count: int = 0
    first: int = 0
    newest: int = 0
    delays: dict[int, int] = field(default_factory=dict)

    def add(self, at: int) -> None:
        """One more viewer has got the message."""
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
    """A message. `runs` says which of the room's chats are in it, `sent` when those of this load were sent.

    `since` is the seq up to which a welcome informs. `cut_off` is why the viewer is not to come back, if that is said.
    """

    payload: bytes
    runs: Sequence[Run] = ()
    sent: Sequence[int] = ()
    online: int | None = None
    left_out: int = 0
    welcome: Object | None = None
    since: int = 0
    replies: Sequence[Object] = ()
    cut_off: str = ""
    receipts: tuple[Receipts, Receipts] = field(default_factory=lambda: (Receipts(), Receipts()))

    @property
    def is_personal(self) -> bool:
        """Whether it is for one viewer alone."""
        return self.welcome is not None or bool(self.replies) or bool(self.cut_off)

    @property
    def size(self) -> int:
        """Bytes on the wire, as one frame: the payload behind a header with its length."""
        length = len(self.payload)
        return length + (2 if length < 126 else 4 if length < 65536 else 10)


class Catalogue:
    """The chats of a room by their `seq`, in the order in which any viewer of this process saw them first."""

    def __init__(self) -> None:
        self.seqs: list[int] = []
        self._positions: dict[int, int] = {}

    def __contains__(self, seq: int) -> bool:
        return seq in self._positions

    def runs(self, seqs: Iterable[int]) -> list[Run]:
        """The positions of these chats. New ones are appended."""
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
    """Read a text message of either framing. `tag` begins the ids of this load's chats. Raises Unreadable."""
    heard = Heard(payload)
    take_in(heard, objects_in(payload), catalogue, tag)
    return heard


def take_in(heard: Heard, objects: Sequence[Object], catalogue: Catalogue, tag: str) -> None:
    """Note what these objects of a message say. Raises Unreadable."""
    try:
        _take_in(heard, objects, catalogue, tag)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Unreadable("a frame that is none of the protocol") from error


def _take_in(heard: Heard, objects: Sequence[Object], catalogue: Catalogue, tag: str) -> None:
    # A private chat is not for everybody, so it is not counted.
    chats = [each for each in objects if each.get("messageType") == CHAT and "to" not in each]
    replies = []
    history: list[int] = []
    for each in objects:
        kind = each.get("messageType")
        if kind in (COUNT, WELCOME, WHO_IS_HERE):
            heard.online = int(each["onlineNumber"])
        if kind == WELCOME:
            heard.welcome, (_, heard.since) = each, cursor_of(each)
            history = [int(said["seq"]) for said in each["history"] if said["messageType"] == CHAT and "to" not in said]
        elif kind == LEFT_OUT:
            heard.left_out += int(each["dropped"].get("chat", 0))
        elif kind == SANCTION and each["action"] in ("kicked", "banned"):
            heard.cut_off = str(each.get("reason") or each["action"])
        elif kind in (REPLY, None):  # error frames of the gateway itself have no type
            replies.append(each)
    heard.replies = replies
    heard.runs = catalogue.runs([*history, *(int(chat["seq"]) for chat in chats)])
    heard.sent = [sent for chat in chats if (sent := sent_at(chat.get("id"), tag)) is not None]


def sent_at(client_id: object, tag: str) -> int | None:
    """The time of sending, in microseconds, that an id of `id_for` carries; None for other ids."""
    if not isinstance(client_id, str) or not client_id.startswith(tag):
        return None
    return int(client_id.split(".")[1])


def id_for(tag: str, sent: int, number: int) -> str:
    return f"{tag}.{sent}.{number}"
