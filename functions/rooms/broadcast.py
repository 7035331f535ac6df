"""What a slice sends to one room in one tick, seat by seat."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from functions.rooms import events, history, holes, late, objects
from functions.rooms.crowd import Crowd
from functions.rooms.events import Event
from functions.rooms.history import Entry, History, Replay
from functions.rooms.identity import Framing
from functions.rooms.marks import Mark, mark_of
from functions.rooms.payload import FRAME_BYTES, Payload
from functions.rooms.removals import Removals
from functions.rooms.room_view import Letter, Recital, RoomView
from functions.rooms.seats import Seat
from functions.rooms.ticks import Tick, fold

# However short POSTs are, a classic viewer gets so many objects a tick: what the platform says, count, likes, a chat.
CLASSIC_AT_LEAST = 4

# An upper bound of what a welcome's frame holds beside the welcome and its history's objects: brackets and a key.
_FRAMING_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class Broadcast:
    """A tick and the seats it is for. Newcomers get a welcome with what they have missed up to the seq `known`. Behind
    that come this tick and those that follow it.

    `mark` is the slice's when this has been posted. `seen` is the cursor before it, of all who are no newcomers.
    `fresh` is the cursor of a newcomer who has none: before what its welcome holds, and not behind `seen`, since
    another welcome may have come before a relay that died could note it. `expired`: how many records were too late to
    be shown.
    """

    view: RoomView
    mark: Mark
    seen: str
    fresh: str
    expired: int
    ticks: Mapping[Framing, Tick]
    known: int
    history: History
    heartbeat_seconds: int

    def frames(self) -> Iterator[tuple[Seat, Sequence[Payload]]]:
        """The seats that are to get something, and what, in order."""
        for seat in self.view.seats:
            theirs = self.ticks[seat.framing].bulletin_for(seat.user_id)
            if seat in self.view.newcomers:
                welcome, missed = self._welcome(seat)
                likes = objects.encode(objects.likes(self.view.likes))
                yield seat, theirs.frames_with_welcome(seat.framing, welcome, likes, missed)
            elif frames := theirs.frames(seat.framing):
                yield seat, frames

    def resume_from(self, seat: Seat, delivered: Sequence[Payload], lost: Sequence[Payload]) -> str:
        """The cursor for the next welcome of a seat which got only the frames in `delivered`."""
        before = self.view.cursors.get(seat, self.fresh) if seat in self.view.newcomers else self.seen
        return holes.resume_from(before, delivered, lost)

    @cached_property
    def recital(self) -> Recital | None:
        """What readers in the gallery are told, encoded once for all viewers; None if nobody reads there."""
        if not self.view.has_readers:
            return None
        tick = self.ticks["live.v1"]
        said = b",".join([part.encoded for part in tick.bulletin.parts])
        some = [part for part in tick.parts if part.readers]
        return Recital(said, [Letter(user, part.encoded) for part in some for user in part.readers or ()])

    @property
    def crowd(self) -> Crowd:
        """Those whom viewers are told as joined and left."""
        return self.ticks["live.v1"].crowd

    def gaps(self) -> int:
        """How many newcomers are told of a gap."""
        return sum(each.gap for each in self._replays.values())

    def too_large(self) -> int:
        """How many objects no frame has room for."""
        return self.ticks["live.v1"].too_large

    def unshown(self) -> Counter[str]:
        """How many objects viewers are not shown by themselves, all viewers added up: those that are `folded` into
        others, and those `left out` of a tick that is too much. Exceptions for single users are not looked at."""
        found: Counter[str] = Counter()
        for framing, seats in Counter(seat.framing for seat in self.view.seats).items():
            tick = self.ticks[framing]
            for what, number in (*tick.folded.items(), *tick.bulletin.left_out.items()):
                found[what] += number * seats
        return found

    def _welcome(self, seat: Seat) -> tuple[bytes, Sequence[bytes]]:
        """A newcomer's welcome, with as much of its history as fits into the frame, and the rest of the history.

        If there is a rest the cursor stands before it: whoever is cut off after the welcome resumes from there.
        """
        replay = self._replays[seat]
        fitting, rest = self._fit(seat, replay)
        seq = self.known if not rest else fitting[-1].seq if fitting else rest[0].seq - 1
        head = self._head(seat, seq, replay.gap)
        welcome = objects.with_member(head, "history", objects.array([entry.encoded for entry in fitting]))
        return welcome, [entry.encoded for entry in rest]

    @cached_property
    def _properties(self) -> bytes:
        return objects.encode(dict(self.view.properties))

    @cached_property
    def _replays(self) -> Mapping[Seat, Replay]:
        """What each newcomer is told of the history."""
        return {seat: self._replay(seat) for seat in self.view.newcomers}

    def _replay(self, seat: Seat) -> Replay:
        replay = self.history.replay(self.view.cursors.get(seat), self.known)
        _, rest = self._fit(seat, replay)
        posts = len(rest) if seat.framing == "classic" else sum(len(each.encoded) for each in rest) / FRAME_BYTES
        return replay if posts <= history.REPLAY_POSTS else Replay(replay.entries[-history.RECENT :], gap=True)

    def _fit(self, seat: Seat, replay: Replay) -> tuple[Sequence[Entry], Sequence[Entry]]:
        """What of the history fits into the frame of the welcome, and the rest."""
        head = self._head(seat, self.known, replay.gap)
        return history.fit(replay.entries, FRAME_BYTES - len(head) - _FRAMING_BYTES)

    def _head(self, seat: Seat, seq: int, gap: bool) -> bytes:
        mute = self.view.mutes.get(seat.user_id)
        welcome = objects.welcome(
            activity_id=self.view.activity_id,
            user_id=seat.user_id,
            connection_id=seat.connection_id,
            online=self.view.online,
            likes=self.view.likes,
            cursor=f"{self.history.epoch}.{seq}",
            gap=gap,
            heartbeat_seconds=self.heartbeat_seconds,
            settings=self.view.settings,
            mute=mute.to_object() if mute else None,
        )
        return objects.with_member(objects.encode(welcome), "properties", self._properties)


def plan(view: RoomView, records: Sequence[Event], now: int, *, posts: int, heartbeat_seconds: int) -> Broadcast:
    """What a slice shows at `now` (ms) of a batch's records.

    Of a redelivered batch, the records up to the slice's mark have been shown. Duplicates are not shown, nor are chats
    of a user all of whose chats have been removed. Late records are not shown either: newcomers get them as history,
    and the others are told how much they have missed. Each object is a POST for a classic viewer, so these get no more
    objects than `posts` POSTs reach for, without those for the others and for what was missed.
    """
    unseen = view.mark.unseen(records) if view.mark else records
    mark = view.mark.moved_behind(unseen) if view.mark else mark_of(records)
    removals = Removals.among(unseen, view.withheld)
    told = [record for record in unseen if record.seq not in view.duplicates and not removals.cover_user(record)]
    past, shown = late.split(told, now)
    # A slice that is behind another tells its viewers of the late records when it has caught up.
    is_newest = mark.seq >= view.history.newest
    tick = fold([*late.lasting(past), *shown], view, past if is_newest else ())
    classic = sum(seat.framing == "classic" for seat in view.seats)
    left = posts - (len(view.seats) - classic) * len(tick.bulletin.frames("live.v1")) if classic else 0
    seen, known = view.mark.seq if view.mark else _seq_before(records), _known_before(shown, mark.seq)
    return Broadcast(
        view=view,
        mark=mark,
        seen=_cursor(view.history.epoch, seen),
        fresh=_cursor(view.history.epoch, min(seen, view.history.before_recent(known))),
        expired=len(past),
        ticks={"live.v1": tick, "classic": tick.limited_to(max(CLASSIC_AT_LEAST, left // max(1, classic)))},
        known=known,
        history=view.history.continued(past) if view.newcomers else view.history,
        heartbeat_seconds=heartbeat_seconds,
    )


def _known_before(records: Sequence[Event], last_seq: int) -> int:
    """The seq a newcomer is up to date with: what comes behind the welcome must come behind its cursor."""
    for record in records:
        if record.type in (events.CHAT, events.NOTICE) and record.seq is not None:
            return max(0, record.seq - 1)
    return last_seq


def _seq_before(records: Sequence[Event]) -> int:
    first = records[0].seq
    assert first is not None, "records come from the log"
    return first - 1


def _cursor(epoch: str, seq: int) -> str:
    """A cursor; behind nothing at all none fits, so that the welcome tells of a gap."""
    return f"{epoch}.{seq}" if seq >= 0 else history.NOWHERE
