"""Watch time: the stretch that a record tells of, and how totals count each ms of it exactly once.

A heartbeat and the end of a connection tell of the whole present stretch of watching, `start` to `end`. The next one
tells of the same stretch again, and a longer one. So a record that was lost is made up for by the next one, and nothing
is lost but the end of a stretch whose last record never came.

For the same reason not every credit needs a record. A reader in the gallery has one of some renewals only (`is_told`),
and of the end of each stretch: when the place is given up, or when a new stretch begins.

A user's total stores the `end` up to which it has counted, and adds only the part of a stretch that lies behind.

Example: alice comes at 0 s. Her heartbeats tell of 0-60, 0-120 and 0-180. That of 120 gets stuck on its way and is
refused. The total adds 60 s for 0-60 and 120 s for 0-180. Then 0-120 is written late: it ends before 180 and adds
nothing. No more does a redelivered record, or a second tab's.

The total of a room is the sum of what was added for its users. It has no `end` of its own, so it stores the offset of
the last record that it includes. All credits of one total come from one partition, in the order of their offsets, and
a credit adds the same at each delivery, as long as the users' totals lack it and include all records before it. So the
room's total is written first: if its users' totals are not written then, redelivery finds them as they were.

Example: a room's total has counted up to offset 5. A batch brings the offsets 3, 5 and 9: only 9 is added to the room's
total, and 9 is stored. To a user's total any of the three is added whose `end` lies behind.

Offsets start again at 0 when the log is lost. A small offset whose record is newer than every counted record must come
from a new log, so it is added.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from zlib import crc32

from functions.rooms.events import Event
from functions.rooms.identity import Malformed, parse_user_id
from functions.rooms.records import BrokenRecord

# A stretch ends if so many heartbeat intervals pass without a credit; so much of a longer silence is watched.
MOST_HEARTBEATS = 1.5
# That is so many ms for each second of the interval.
CREDIT_MS = 1500

# More than any heartbeat interval, and small enough that a sum of many is exact.
MOST_SECONDS = 1_000_000
# Longer than any stretch.
MOST_STRETCH_MS = 400 * 24 * 3_600_000
# No clock is as wrong. A total that has counted up to a later time would add nothing until then.
MOST_AHEAD_MS = 24 * 3_600_000


def most_credit_ms(heartbeat_seconds: int) -> int:
    """The largest possible time between two credits of a stretch, in ms."""
    return CREDIT_MS * heartbeat_seconds


@dataclass(frozen=True, slots=True)
class Stretch:
    """A user has watched from `start` to `end` (ms since the epoch). `earned` ms of it are new since a credit. `before`
    is the user's stretch before this one, if it has just ended and its end may not have been told."""

    start: int
    end: int
    earned: int
    before: "Stretch | None" = None

    @classmethod
    def read(cls, found: Sequence[Any]) -> "Stretch":
        """What `credit` of seats.lua returned."""
        start, end, earned, *before = found
        return cls(start, end, earned, cls(before[0][0], before[0][1], 0) if before else None)

    @property
    def is_empty(self) -> bool:
        return self.start == self.end

    def fields(self) -> dict[str, Any]:
        """The fields of an event that tell of it."""
        return {"watch_seconds": self.earned / 1000, "watch_from": self.start, "watch_to": self.end}


def is_told(user_id: str, watched: Stretch, every_ms: int) -> bool:
    """Whether a reader who stays is to have a record of this credit: each user has one at about every `every_ms`, at
    moments of the user's own."""
    moment = crc32(user_id.encode()) % every_ms
    return (watched.end - watched.earned - moment) // every_ms < (watched.end - moment) // every_ms


@dataclass(frozen=True, kw_only=True, slots=True)
class Credit:
    """The stretch that one record tells of, not empty. By the record, `earned` ms of it are new.

    `offset` is the record's offset in the save topic, and `logged_at` its time there (ms since the epoch).
    """

    activity_id: int
    user_id: str
    username: str
    start: int
    end: int
    earned: int
    offset: int
    logged_at: int


def credit_of(event: Event, offset: int) -> Credit | None:
    """The credit in an event of the save topic, whose record is at `offset`; None if the event has no watch time.

    A record that has watchSeconds alone tells of the seconds before its time. Raises BrokenRecord if the watch time or
    the user id is invalid.
    """
    earned = _earned_ms(event.watch_seconds or 0)
    start, end = event.watch_from, event.watch_to
    if start is None or end is None:
        start, end = event.time - earned, event.time
    if start == end:
        return None
    if end - start > MOST_STRETCH_MS:
        raise BrokenRecord(f"watchFrom {start} to watchTo {end} is longer than anybody watches")
    if end > event.logged_at + MOST_AHEAD_MS:
        raise BrokenRecord(f"the watch time ends at {end}, long after the record was logged at {event.logged_at}")
    try:
        user_id = parse_user_id(event.who.user_id)
    except Malformed as malformed:
        raise BrokenRecord(f"watch time for nobody: {malformed}") from None
    return Credit(
        activity_id=event.activity_id,
        user_id=user_id,
        username=event.who.username,
        start=start,
        end=end,
        earned=earned,
        offset=offset,
        logged_at=event.logged_at,
    )


def _earned_ms(seconds: float) -> int:
    if not 0 <= seconds <= MOST_SECONDS:  # NaN fails this too
        raise BrokenRecord(f"watchSeconds {str(seconds)[:40]} is not a number from 0 to {MOST_SECONDS}")
    return round(seconds * 1000)


def additions(credits_: Sequence[Credit], ends: Mapping[str, int]) -> list[int]:
    """How many ms each credit adds to its user's total, in the order of the log. `ends` has the `end` that each total
    has counted up to, and nothing of a user without a total."""
    counted = dict(ends)
    added = []
    for credit in credits_:
        end = counted.get(credit.user_id, credit.start)
        added.append(max(0, credit.end - max(credit.start, end)))
        counted[credit.user_id] = max(credit.end, end)
    return added


class Logged(Protocol):
    """A part of a sum, and where in the log the record is that it comes from."""

    @property
    def offset(self) -> int: ...
    @property
    def logged_at(self) -> int: ...


@dataclass(frozen=True)
class Counted:
    """What a sum includes: the offset of its last record, and the newest time (ms) of all its records."""

    offset: int
    logged_at: int

    def uncounted_from(self, parts: Sequence[Logged]) -> int:
        """The index of the first part that the sum does not include yet. The parts are in the order of the log, at
        least one."""
        first = parts[0]
        # The log was lost and its offsets start again: a record newer than all counted ones is not among them.
        if first.offset <= self.offset and first.logged_at > self.logged_at:
            return 0
        return sum(part.offset <= self.offset for part in parts)

    def moved_behind(self, parts: Sequence[Logged]) -> "Counted":
        """What the sum includes after these uncounted parts were added."""
        counted = counted_of(parts)
        return Counted(counted.offset, max(self.logged_at, counted.logged_at))


def counted_of(parts: Sequence[Logged]) -> Counted:
    """What a sum of these parts alone, at least one, includes."""
    return Counted(parts[-1].offset, max(part.logged_at for part in parts))
