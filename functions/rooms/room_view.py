"""A room as a slice of the relay sees it before it posts, and what the slice found out by posting.

The state changes first and the log is written later, so the records of two changes may stand in the log in another
order than the changes were made. A tick is made when its records are in the log. So the state at that time has every
change that the tick tells of, and the tick tells what holds then (rooms/crowd.py, rooms/current.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from functions.rooms.answers import Rules
from functions.rooms.cuts import Cut
from functions.rooms.history import History
from functions.rooms.marks import Mark
from functions.rooms.properties import Properties, read_properties
from functions.rooms.removals import UserMark
from functions.rooms.sanctions import Mute
from functions.rooms.seats import Seat


class Letter(NamedTuple):
    """An encoded object for one user alone."""

    user_id: str
    encoded: bytes


@dataclass(frozen=True)
class Recital:
    """What readers in the gallery are told by a tick: encoded objects with commas between, and what is for some."""

    said: bytes
    letters: Sequence[Letter] = ()


# What viewers were last told of a user. "unsure": a join was not told, and what was told before it is not known.
Told = Literal["joined", "left", "unsure"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A user of whom a batch tells, when its tick is made.

    `told`: what the slice has last told its viewers of the user within some minutes, unless that is "joined". `mute`:
    the one that holds, None if the user is not muted.
    """

    is_present: bool = False
    told: Told | None = None
    mute: Mute | None = None


@dataclass(frozen=True, kw_only=True)
class RoomNow:
    """A room when a tick is made. `users` has those of whom the tick's records tell. `properties` are there if the tick
    tells some, or has a newcomer."""

    online: int
    likes: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    properties: Properties = field(default_factory=dict)
    users: Mapping[str, Standing] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class RoomView(RoomNow):
    """A room as a slice sees it before it posts. `seats` are the slice's, `newcomers` those that wait for a welcome,
    with the ms they were taken. `cursors` are what some of these resume from, and `mutes` has those of their users who
    are muted.

    `mark` is None also if it was made in a log that has been lost. `log` is the mark of the newest record in the
    history. `duplicates` are the seqs of those records of the batch that are not shown, since another record is the
    chat of their id. `withheld` has the users all of whose chats have been removed lately. `cut` are connections that
    are to be cut off, and no seats any more. `has_readers`: somebody may read in the gallery.
    """

    activity_id: int
    mark: Mark | None
    newcomers: Mapping[Seat, int]
    cursors: Mapping[Seat, str]
    seats: Sequence[Seat]
    history: History
    mutes: Mapping[str, Mute] = field(default_factory=dict)
    log: Mark | None = None
    duplicates: frozenset[int] = frozenset()
    withheld: Sequence[UserMark] = ()
    cut: Sequence[Cut] = ()
    has_readers: bool = False


@dataclass(frozen=True, kw_only=True)
class Posted:
    """What a slice found out about a room by posting to it.

    `missed`: seats that are to be welcomed again, each from its cursor. `told`: what viewers were last told of users.
    `closed` need not be cut off any more. `gallery` is what readers are told, None if nobody reads.
    """

    activity_id: int
    mark: Mark | None
    welcomed: Sequence[Seat] = ()
    gone: Sequence[Seat] = ()
    missed: Mapping[Seat, str] = field(default_factory=dict)
    told: Mapping[str, Told] = field(default_factory=dict)
    closed: Sequence[Cut] = ()
    gallery: Recital | None = None


def read_view(activity_id: int, found: Sequence[Any]) -> RoomView:
    (online, likes, slow, frozen), epoch, mark, (log, trimmed), waiting, buckets, entries, *others = found
    scored, properties, withheld, *reading = others
    newest = Mark.unpack(log)
    # Some servers write a score as "1.7e+12".
    newcomers = [(Seat.unpack(seat), int(float(taken)), cursor) for seat, taken, cursor, _, _ in waiting]
    mutes = [Mute.read(left, reason) for _, _, _, left, reason in waiting]
    cut = [Cut.unpack(packed, int(float(at))) for packed, at in zip(scored[::2], scored[1::2], strict=True)]
    ended = {each.seat for each in cut}
    return RoomView(
        activity_id=activity_id,
        online=online,
        likes=likes,
        settings=Rules.read(slow, frozen).to_object(),
        properties=read_properties(properties),
        mark=Mark.unpack(mark),
        newcomers={seat: taken for seat, taken, _ in newcomers if seat not in ended},
        cursors={seat: cursor for seat, _, cursor in newcomers if cursor},
        mutes={seat.user_id: mute for (seat, _, _), mute in zip(newcomers, mutes, strict=True) if mute},
        seats=[seat for bucket in buckets for seat in map(Seat.unpack, bucket) if seat not in ended],
        history=History.read(epoch, newest, trimmed, entries),
        log=newest,
        withheld=[UserMark(user_id, int(time)) for user_id, time in withheld],
        cut=cut,
        has_readers=reading == [1],
    )


def read_standings(user_ids: Sequence[str], found: Sequence[Sequence[Any]]) -> dict[str, Standing]:
    """What `standings.lua` answered."""
    return {
        user_id: Standing(is_present == 1, told or None, Mute.read(left, reason))
        for user_id, (is_present, told, left, reason) in zip(user_ids, found, strict=True)
    }
