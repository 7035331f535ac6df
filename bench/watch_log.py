"""A room log in memory that adds up the watch time in its records, by the rule of the archive."""

from collections import Counter
from dataclasses import replace

from bench.memory_log import MemoryLog
from functions.rooms.events import Event
from functions.rooms.watch_time import additions, credit_of


class WatchLog(MemoryLog):
    """`watched`: the ms of each user, by user id. `saved`: how many records the save topic has got."""

    def __init__(self) -> None:
        super().__init__()
        self.watched: Counter[str] = Counter()
        self.saved = 0
        self._ends: dict[str, int] = {}

    async def publish_saved(self, event: Event) -> None:
        """Add the record's watch time, if it has some."""
        self.saved += 1
        credit = credit_of(replace(event, logged_at=event.time), self.saved)
        if credit is None:
            return
        user_id = credit.user_id
        # Of this user alone: the ends are copied.
        (added,) = additions([credit], {user_id: self._ends[user_id]} if user_id in self._ends else {})
        self.watched[user_id] += added
        self._ends[user_id] = max(credit.end, self._ends.get(user_id, credit.end))
