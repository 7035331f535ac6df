"""The report of a show: what the sums of a room's minutes, and those who are ahead of its buckets, add up to.

In: the minutes of a range, the minute before it, whether there is one behind it, and the leaders of each bucket. Out:
the figures, the curve, and the names of the figures that are estimated. Nothing is estimated if the range has all that
ever happened in the room, and the room's total of likes never fell.

Likes are a total that only rises, so a minute has what it rose by. If Redis has lost the total, it starts from 0 again:
a total below half of the one before is counted as new. A smaller fall is a record that was written a moment too late.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.rooms.archive import MINUTE_MS
from functions.rooms.leaders import Leader, first
from functions.rooms.minute_sums import MinuteSums

# A week: 10,080 minutes, which DynamoDB reads in three pages.
MOST_MS = 7 * 24 * 3_600_000
DEFAULT_MS = 24 * 3_600_000


@dataclass(frozen=True)
class Range:
    """Whole minutes, counted from the epoch: `start` is the first, and `end` the one behind the last."""

    start: int
    end: int

    @staticmethod
    def around(start: int, end: int) -> "Range":
        """The minutes that the time from `start` to `end` (ms) touches. Raises ValueError, which says what is wrong."""
        if not start < end:
            raise ValueError("to must be later than from")
        if end - start > MOST_MS:
            raise ValueError("from and to must be at most 7 days apart")
        return Range(start // MINUTE_MS, -(-end // MINUTE_MS))


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What is stored of a range: its `minutes`, the newest one `before`, whether anything is stored `behind` it, and
    the leaders of each bucket of users, with their ms and with their chats."""

    minutes: Mapping[int, MinuteSums]
    before: MinuteSums | None
    behind: bool
    longest: Sequence[Sequence[Leader]]
    active: Sequence[Sequence[Leader]]


@dataclass(frozen=True, kw_only=True)
class Minute:
    """A minute of the curve, which begins at `at` (ms). `online` is the count at its end."""

    at: int
    online: int
    joins: int
    leaves: int
    chats: int
    likes: int

    def to_object(self) -> dict[str, int]:
        return {
            "time": self.at,
            "onlineNumber": self.online,
            "joins": self.joins,
            "leaves": self.leaves,
            "chats": self.chats,
            "likes": self.likes,
        }


@dataclass(frozen=True, kw_only=True)
class Report:
    """`average_online` is taken over the minutes of the curve. `longest` has ms, `active` chats. `estimated` names
    figures as docs/protocol.md does."""

    range: Range
    peak_online: int
    average_online: float
    viewers: int
    joins: int
    leaves: int
    chats: int
    chatters: int
    likes: int
    watched: int
    curve: Sequence[Minute]
    longest: Sequence[Leader]
    active: Sequence[Leader]
    estimated: Sequence[str]

    def to_object(self, activity_id: int) -> dict[str, Any]:
        """The report as the HTTP API and the export tell it; times are in ms, what was watched in seconds."""
        return {
            "activityId": activity_id,
            "from": self.range.start * MINUTE_MS,
            "to": self.range.end * MINUTE_MS,
            "peakOnline": self.peak_online,
            "averageOnline": round(self.average_online, 3),
            "viewers": self.viewers,
            "joins": self.joins,
            "leaves": self.leaves,
            "chats": self.chats,
            "chatters": self.chatters,
            "likes": self.likes,
            "watchSeconds": self.watched / 1000,
            "watchSecondsPerViewer": round(self.watched / 1000 / self.viewers, 3) if self.viewers else 0.0,
            "minutes": [minute.to_object() for minute in self.curve],
            "longest": [{"userId": user_id, "seconds": ms / 1000} for user_id, ms in self.longest],
            "mostActive": [{"userId": user_id, "chats": chats} for user_id, chats in self.active],
            "estimated": list(self.estimated),
        }


def report_of(range_: Range, stored: Stored) -> Report:
    """What is stored of a range, added up."""
    before, minutes = stored.before or MinuteSums(), list(stored.minutes.values())
    curve, fell = _curve(range_, stored.minutes, before)
    watched = sum(minute.watched for minute in minutes)
    # Those who were there already have come before: they are no new viewers of any minute of the range.
    viewers = sum(minute.viewers for minute in minutes) + (before.online if minutes else 0)
    return Report(
        range=range_,
        peak_online=max((before.online, *(minute.peak for minute in minutes))) if minutes else 0,
        average_online=watched / (len(curve) * MINUTE_MS) if curve else 0.0,
        viewers=viewers,
        joins=sum(minute.joins for minute in minutes),
        leaves=sum(minute.leaves for minute in minutes),
        chats=sum(minute.chats for minute in minutes),
        chatters=sum(minute.chatters for minute in minutes),
        likes=sum(minute.likes for minute in curve),
        watched=watched,
        curve=curve,
        longest=first(leader for leaders in stored.longest for leader in leaders),
        active=first(leader for leaders in stored.active for leader in leaders),
        estimated=_estimated(stored, fell=fell),
    )


def _curve(range_: Range, minutes: Mapping[int, MinuteSums], before: MinuteSums) -> tuple[list[Minute], bool]:
    """From the first minute in which something happened to the last, without holes; and whether the likes fell."""
    curve, fell = [], False
    online, likes = before.online, before.likes
    for number in range(min(minutes, default=0), max(minutes, default=-1) + 1):
        minute = minutes.get(number, MinuteSums())
        online = minute.online if minute.online_at else online
        risen = max(0, minute.likes - likes)
        if 0 < minute.likes < likes:
            fell = True
            risen = minute.likes if minute.likes < likes / 2 else 0
        likes = minute.likes if risen else likes
        at = {"at": number * MINUTE_MS, "online": online, "likes": risen}
        curve.append(Minute(**at, joins=minute.joins, leaves=minute.leaves, chats=minute.chats))
    return curve, fell


def _estimated(stored: Stored, *, fell: bool) -> list[str]:
    """Of a part of what happened: how many were new in it is known, and how many came back is not. The longest and the
    most active are known of all the time together."""
    names = ["likes"] if fell else []
    if stored.before:
        names += ["viewers", "chatters", "watchSecondsPerViewer"]
    if stored.before or stored.behind:
        names += ["longest", "mostActive"]
    return names
