"""What watching earns, and how it is added up once."""

from collections.abc import Sequence
from dataclasses import dataclass

from functions.rooms.events import BrokenRecord, Event
from functions.rooms.identity import Malformed, parse_user_id

# A heartbeat, and a close, credit the time since the user's last credit, at most so many intervals of it.
MOST_HEARTBEATS = 1.5

# No interval is as long, and a sum of many of these is still exact.
MOST_SECONDS = 1_000_000


def most_credit_ms(heartbeat_seconds: int) -> int:
    """The most that one credit may be, in ms."""
    return int(MOST_HEARTBEATS * heartbeat_seconds * 1000)


@dataclass(frozen=True, slots=True)
class Earned:
    """Watch time that a user was credited: so many ms, at `at` (ms since the epoch); the credit before was at
    `before`, to which it goes back if nobody can be told."""

    ms: int
    at: int
    before: int

    @property
    def seconds(self) -> float:
        """As records have it."""
        return self.ms / 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Credit:
    """Watch time that one record gives a user: `earned` in ms, more than 0.

    `offset` is the record's own in the save topic, and `logged_at` (ms) the time it has there.
    """

    activity_id: int
    user_id: str
    username: str
    earned: int
    offset: int
    logged_at: int


def credit_of(event: Event, offset: int) -> Credit | None:
    """What an event of the save topic, which stands there at `offset`, gives its user; None if that is nothing.

    Raises BrokenRecord where it gives what nobody can have earned.
    """
    seconds = event.watch_seconds
    if seconds is None:
        return None
    if not 0 <= seconds <= MOST_SECONDS:  # so neither is NaN
        raise BrokenRecord(f"watchSeconds {str(seconds)[:40]} is not a number from 0 to {MOST_SECONDS}")
    earned = round(seconds * 1000)
    if not earned:
        return None
    try:
        user_id = parse_user_id(event.user_id)
    except Malformed as malformed:
        raise BrokenRecord(f"watchSeconds for nobody: {malformed}") from None
    return Credit(
        activity_id=event.activity_id,
        user_id=user_id,
        # A name from elsewhere may hold what UTF-8 cannot carry.
        username=event.username.encode("utf-8", "replace").decode(),
        earned=earned,
        offset=offset,
        logged_at=event.logged_at,
    )


@dataclass(frozen=True)
class Counted:
    """How far a sum has counted the records that belong to it: the offset of the last one, and the newest time (ms) of
    all of them."""

    offset: int
    logged_at: int

    def uncounted(self, credits_: Sequence[Credit]) -> Sequence[Credit]:
        """Those of `credits_`, in the order of the log and at least one, that are not in the sum yet."""
        first = credits_[0]
        # The log was lost and its offsets began anew: what is newer than all that was counted was not among it.
        if first.offset <= self.offset and first.logged_at > self.logged_at:
            return credits_
        return [credit for credit in credits_ if credit.offset > self.offset]

    def moved_behind(self, credits_: Sequence[Credit]) -> "Counted":
        """The same when these, which were uncounted, are in the sum too."""
        counted = counted_of(credits_)
        return Counted(counted.offset, max(self.logged_at, counted.logged_at))


def counted_of(credits_: Sequence[Credit]) -> Counted:
    """How far a sum of these alone, of which there is at least one, has counted."""
    return Counted(credits_[-1].offset, max(credit.logged_at for credit in credits_))
