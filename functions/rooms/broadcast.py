"""What a slice sends to one room in one tick, seat by seat."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.rooms import events, objects
from functions.rooms.events import Event
from functions.rooms.identity import Framing
from functions.rooms.payload import Payload
from functions.rooms.seats import Seat
from functions.rooms.ticks import Figures, Tick, fold

# However short POSTs are, a classic viewer gets so many objects a tick: what the platform says, count, likes, a chat.
CLASSIC_AT_LEAST = 4

# What a room is like until its moderators change it.
SETTINGS: Mapping[str, Any] = {"slowModeSeconds": 0, "frozen": False}


@dataclass(frozen=True, kw_only=True)
class Broadcast:
    """The tick and the seats it is for. `newcomers` are welcomed with it."""

    activity_id: int
    figures: Figures
    ticks: Mapping[Framing, Tick]
    cursor: str
    heartbeat_seconds: int
    seats: Sequence[Seat]
    newcomers: frozenset[Seat]

    def frames(self) -> Iterator[tuple[Seat, Sequence[Payload]]]:
        """The seats that are to get something, and what, in order."""
        for seat in self.seats:
            theirs = self.ticks[seat.framing].bulletin_for(seat.user_id)
            if seat in self.newcomers:
                welcome, likes = self._welcome(seat), objects.encode(objects.likes(self.figures.likes))
                yield seat, theirs.frames_with_welcome(seat.framing, welcome, likes)
            elif frames := theirs.frames(seat.framing):
                yield seat, frames

    def _welcome(self, seat: Seat) -> bytes:
        return objects.encode(
            objects.welcome(
                activity_id=self.activity_id,
                user_id=seat.user_id,
                connection_id=seat.connection_id,
                online=self.figures.online,
                likes=self.figures.likes,
                cursor=self.cursor,
                heartbeat_seconds=self.heartbeat_seconds,
                settings=SETTINGS,
            )
        )


def plan(
    activity_id: int,
    records: Sequence[Event],
    figures: Figures,
    *,
    epoch: str,
    last_seq: int,
    heartbeat_seconds: int,
    seats: Sequence[Seat],
    newcomers: frozenset[Seat],
    posts: int,
) -> Broadcast:
    """Fold `records` for these seats. `last_seq` is the newest record known, also when it is not among them.

    Classic viewers, for whom each object is a POST, get no more of them than `posts` POSTs reach for.
    """
    tick = fold(records, figures)
    classic = sum(seat.framing == "classic" for seat in seats)
    return Broadcast(
        activity_id=activity_id,
        figures=figures,
        ticks={"live.v1": tick, "classic": tick.limited_to(max(CLASSIC_AT_LEAST, posts // max(1, classic)))},
        cursor=f"{epoch}.{_known_before(records, last_seq)}",
        heartbeat_seconds=heartbeat_seconds,
        seats=seats,
        newcomers=newcomers,
    )


def _known_before(records: Sequence[Event], last_seq: int) -> int:
    """The seq a newcomer is up to date with: what comes behind the welcome must come behind its cursor."""
    for record in records:
        if record.type in (events.CHAT, events.NOTICE) and record.seq is not None:
            return max(0, record.seq - 1)
    return last_seq
