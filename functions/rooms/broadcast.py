"""What a slice sends to one room in one tick, seat by seat."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.rooms import events, history, objects
from functions.rooms.events import Event
from functions.rooms.history import History
from functions.rooms.identity import Framing
from functions.rooms.late import lasting
from functions.rooms.payload import Payload
from functions.rooms.seats import Seat
from functions.rooms.ticks import FRAME_BYTES, Figures, Tick, fold

# However short POSTs are, a classic viewer gets so many objects a tick: what the platform says, count, likes, a chat.
CLASSIC_AT_LEAST = 4

# An upper bound of what a welcome's frame holds beside the welcome and its history's objects: brackets and a key.
_FRAMING_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class Broadcast:
    """The tick and the seats it is for. `newcomers` are welcomed with it, and told what they have missed up to the seq
    `known`, since behind that come this tick and those that follow it."""

    activity_id: int
    figures: Figures
    settings: Mapping[str, Any]
    ticks: Mapping[Framing, Tick]
    known: int
    history: History
    heartbeat_seconds: int
    seats: Sequence[Seat]
    newcomers: frozenset[Seat]
    cursors: Mapping[Seat, str]

    def frames(self) -> Iterator[tuple[Seat, Sequence[Payload]]]:
        """The seats that are to get something, and what, in order."""
        for seat in self.seats:
            theirs = self.ticks[seat.framing].bulletin_for(seat.user_id)
            if seat in self.newcomers:
                welcome, missed = self._welcome(seat)
                likes = objects.encode(objects.likes(self.figures.likes))
                yield seat, theirs.frames_with_welcome(seat.framing, welcome, likes, missed)
            elif frames := theirs.frames(seat.framing):
                yield seat, frames

    def gaps(self) -> int:
        """How many newcomers are told that they may have missed more than they are told."""
        return sum(self.history.has_gap(since, self.known) for since in self.cursors.values())

    def unshown(self) -> Counter[str]:
        """How many objects viewers are not shown by themselves, all viewers added up: those that are `folded` into
        others, and those `left out` of a tick that is too much. Exceptions for single users are not looked at."""
        found: Counter[str] = Counter()
        for framing, seats in Counter(seat.framing for seat in self.seats).items():
            tick = self.ticks[framing]
            for what, number in (*tick.folded.items(), *tick.bulletin.left_out.items()):
                found[what] += number * seats
        return found

    def _welcome(self, seat: Seat) -> tuple[bytes, Sequence[bytes]]:
        """A newcomer's welcome, with the history that fits into its frame, and the rest of that.

        If there is a rest the cursor stands before it: whoever is cut off after the welcome resumes from there.
        """
        replay = self.history.replay(self.cursors.get(seat), self.known)
        head = self._head(seat, self.known, replay.gap)
        told, missed = history.fit(replay.entries, FRAME_BYTES - len(head) - _FRAMING_BYTES)
        if missed:
            head = self._head(seat, told[-1].seq if told else missed[0].seq - 1, replay.gap)
        return objects.with_history(head, [entry.encoded for entry in told]), [entry.encoded for entry in missed]

    def _head(self, seat: Seat, seq: int, gap: bool) -> bytes:
        return objects.encode(
            objects.welcome(
                activity_id=self.activity_id,
                user_id=seat.user_id,
                connection_id=seat.connection_id,
                online=self.figures.online,
                likes=self.figures.likes,
                cursor=f"{self.history.epoch}.{seq}",
                gap=gap,
                heartbeat_seconds=self.heartbeat_seconds,
                settings=self.settings,
            )
        )


def plan(
    activity_id: int,
    records: Sequence[Event],
    figures: Figures,
    *,
    settings: Mapping[str, Any],
    history: History,
    last_seq: int,
    heartbeat_seconds: int,
    seats: Sequence[Seat],
    newcomers: frozenset[Seat],
    cursors: Mapping[Seat, str],
    posts: int,
    late: Sequence[Event] = (),
    is_newest: bool = True,
) -> Broadcast:
    """Fold `records` for these seats. `last_seq` is the newest record known, also when it is not among them.

    `late` stood before them and are not shown: to newcomers they are history. If the tick `is_newest` in its room, the
    others are told what has become of the room's figures meanwhile, and how much they have missed.

    Classic viewers, for whom each object is a POST, get no more of them than `posts` POSTs reach for, what they have
    missed not counted.
    """
    tick = fold([*lasting(late, settings), *records], figures, late if is_newest else ())
    classic = sum(seat.framing == "classic" for seat in seats)
    return Broadcast(
        activity_id=activity_id,
        figures=figures,
        settings=settings,
        ticks={"live.v1": tick, "classic": tick.limited_to(max(CLASSIC_AT_LEAST, posts // max(1, classic)))},
        known=_known_before(records, last_seq),
        history=history.continued(late) if newcomers else history,
        heartbeat_seconds=heartbeat_seconds,
        seats=seats,
        newcomers=newcomers,
        cursors=cursors,
    )


def _known_before(records: Sequence[Event], last_seq: int) -> int:
    """The seq a newcomer is up to date with: what comes behind the welcome must come behind its cursor."""
    for record in records:
        if record.type in (events.CHAT, events.NOTICE) and record.seq is not None:
            return max(0, record.seq - 1)
    return last_seq
