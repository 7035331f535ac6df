"""What happened in each minute of a room, added up as the archive writes.

In: deeds in the order of the log, and what each adds to its user's watch time. Out: for each minute the `Gift`s to its
sums, and `added` up the sums of several gifts.

A minute's item stores the offset of the last gift that it includes, as the total of watch time does
(functions/rooms/watch_time.py). So a redelivered deed adds nothing. A gift depends on what the user's own total has
included by then. So minutes are written before the totals of users, as the totals of buckets are.

Example: alice came at 20:00:30, and her first heartbeat comes at 20:01:30. The minute 20:00 is given a viewer and a
join by the record of her coming. The heartbeat gives it 30 s of watch time, and 30 s to the minute 20:01.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from functions.rooms.archive import MINUTE_MS
from functions.rooms.deeds import Deed
from functions.rooms.events import JOIN, LEAVE

# If more was watched at a stretch than these minutes, and no record told of it before, the earliest gets the rest.
MOST_MINUTES = 180


class Gift(NamedTuple):
    """What one deed adds to the sums of one minute: `watched` ms, a new viewer, a new chatter. `deed` is None unless
    it happened in this minute."""

    offset: int
    logged_at: int
    watched: int
    viewer: bool
    chatter: bool
    deed: Deed | None


@dataclass(slots=True, kw_only=True)
class MinuteSums:
    """The sums of a minute, or of a part of it. `watched` is in ms.

    `viewers` and `chatters` are those who came, and who wrote, for the first time ever. `peak` is the largest count of
    users, `online` the last one, told at `online_at` (ms since the epoch). `likes` is the largest total of the room.
    """

    joins: int = 0
    leaves: int = 0
    chats: int = 0
    viewers: int = 0
    chatters: int = 0
    watched: int = 0
    peak: int = 0
    likes: int = 0
    online: int = 0
    online_at: int = 0

    def add(self, gift: Gift) -> None:
        """Add a gift, which comes after all before it in the log."""
        self.watched += gift.watched
        self.viewers += gift.viewer
        self.chatters += gift.chatter
        deed = gift.deed
        if deed is None:
            return
        self.joins += deed.type == JOIN
        self.leaves += deed.type == LEAVE
        self.chats += deed.says
        if deed.likes is not None and deed.likes > self.likes:
            self.likes = deed.likes
        if deed.online is not None:
            self.peak = max(self.peak, deed.online)
            if deed.time >= self.online_at:
                self.online, self.online_at = deed.online, deed.time


def gifts(
    deeds: Sequence[Deed], added: Mapping[int, int], viewers: Iterable[str], chatters: Iterable[str]
) -> dict[int, list[Gift]]:
    """What these deeds of one room give to its minutes, in the order of the log.

    `added` has the ms that the deed at an offset adds to its user's watch time. `viewers` and `chatters` are known
    from before.
    """
    found: dict[int, list[Gift]] = {}
    seen, heard = set(viewers), set(chatters)
    for deed in deeds:
        user, watched = deed.user_id, added.get(deed.offset, 0)
        is_viewer, is_chatter = bool(user) and user not in seen, deed.says and bool(user) and user not in heard
        if is_viewer:
            seen.add(user)
        if is_chatter:
            heard.add(user)
        own = deed.time // MINUTE_MS
        spread = _spread(deed.credit.end, watched) if deed.credit and watched else {}
        here = Gift(deed.offset, deed.logged_at, spread.pop(own, 0), is_viewer, is_chatter, deed)
        found.setdefault(own, []).append(here)
        for minute, ms in spread.items():
            found.setdefault(minute, []).append(Gift(deed.offset, deed.logged_at, ms, False, False, None))
    return found


def _spread(end: int, watched: int) -> dict[int, int]:
    """The `watched` ms before `end`, minute by minute."""
    last = (end - 1) // MINUTE_MS
    in_last = end - last * MINUTE_MS
    if watched <= in_last:
        return {last: watched}
    parts, left = {last: in_last}, watched - in_last
    for minute in range(last - 1, last - MOST_MINUTES, -1):
        parts[minute] = min(left, MINUTE_MS)
        left -= parts[minute]
        if not left:
            return parts
    parts[last - MOST_MINUTES + 1] += left
    return parts
