"""A show that is played, and what it has come to by the book of whoever plays it."""

import random
from collections import Counter
from dataclasses import dataclass, field

from functions.rooms import events
from functions.rooms.archive import MINUTE_MS
from functions.rooms.events import Event
from functions.rooms.watch_time import Stretch
from tests.functions.made import event

START = 1_700_000_040_000  # a whole minute
LEASE_MS = 120_000


@dataclass
class Visit:
    """A user is in the room since `since` with so many `tabs`, and gave the last sign of life at `sign`."""

    since: int
    sign: int
    tabs: int = 1


@dataclass
class Show:
    """A room of so many `users` for so many `minutes`. `log` has the records of the save topic, in order."""

    dice: random.Random
    users: int = 12
    minutes: int = 12
    steps: int = 25
    log: list[Event] = field(default_factory=list)
    joins: Counter[int] = field(default_factory=Counter)
    leaves: Counter[int] = field(default_factory=Counter)
    liked: Counter[int] = field(default_factory=Counter)
    said: Counter[int] = field(default_factory=Counter)
    chats: Counter[str] = field(default_factory=Counter)
    watched: Counter[str] = field(default_factory=Counter)
    online_at_end: dict[int, int] = field(default_factory=dict)
    peak: int = 0
    viewers: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._here: dict[str, Visit] = {}
        self._vanished: dict[str, Visit] = {}
        self._likes = 0
        self._seq = 0
        self._sent: list[Event] = []
        for number in range(self.minutes * self.steps):
            self._now = START + number * MINUTE_MS // self.steps
            self._sweep()
            if number % self.steps == 0:
                for user in self._here.keys() - self._vanished.keys():
                    self._beat(user)
            self._act(f"u{self.dice.randrange(self.users)}")
            self.online_at_end[self._minute] = len(self._here)
        for user in self._here.keys() - self._vanished.keys():
            self._leave(user, self._now)
        self.online_at_end[self._minute] = len(self._here)
        self._now += LEASE_MS
        self._sweep()
        self.online_at_end[self._minute] = 0

    @property
    def _minute(self) -> int:
        return self._now // MINUTE_MS

    def _act(self, user: str) -> None:
        if user not in self._here:
            self._come(user)
            return
        if user in self._vanished:
            return
        self.dice.choice([self._open_tab, self._close, self._close, self._vanish, self._chat, self._chat, self._like])(
            user
        )

    def _come(self, user: str) -> None:
        self._here[user] = Visit(self._now, self._now)
        self.viewers.add(user)
        self.peak = max(self.peak, len(self._here))
        self.joins[self._minute] += 1
        self._record(events.JOIN, user)

    def _open_tab(self, user: str) -> None:
        self._here[user].tabs += 1

    def _close(self, user: str) -> None:
        visit = self._here[user]
        visit.tabs -= 1
        if visit.tabs:
            self._beat(user)
        else:
            self._leave(user, self._now)

    def _leave(self, user: str, end: int) -> None:
        visit = self._here.pop(user)
        self.leaves[self._minute] += 1
        self.watched[user] += end - visit.since
        self._record(events.LEAVE, user, **Stretch(visit.since, end, end - visit.sign).fields())

    def _beat(self, user: str) -> None:
        visit = self._here[user]
        stretch = Stretch(visit.since, self._now, self._now - visit.sign)
        visit.sign = self._now
        self._record(events.HEARTBEAT, user, **stretch.fields())

    def _vanish(self, user: str) -> None:
        """The close is lost: nobody knows until the lease has run out."""
        self._vanished[user] = self._here[user]

    def _sweep(self) -> None:
        for user, visit in list(self._vanished.items()):
            if visit.sign + LEASE_MS <= self._now:
                del self._vanished[user]
                self._leave(user, visit.sign)

    def _chat(self, user: str) -> None:
        said = self._record(events.CHAT, user, content="hi", client_id=f"c{self._seq}")
        self.said[self._minute] += 1
        self.chats[user] += 1
        match self.dice.randrange(5):
            case 0:  # sent again, and saved under its seq again
                self.log.append(said)
            case 1:  # sent again, and in the log under another seq
                self._seq += 1
                self.log.append(event(events.CHAT, **told(said) | {"seq": self._seq}))
            case 2:
                self._record(events.CHAT, user, content="psst", to="u0")

    def _like(self, user: str) -> None:
        count = self.dice.randint(1, 9)
        self._likes += count
        self.liked[self._minute] += count
        self._record(events.LIKE, user)

    def _record(self, type_: int, user: str, **fields: object) -> Event:
        seq = None
        if type_ not in (events.HEARTBEAT, events.LIKE):
            self._seq += 1
            seq = self._seq
        figures = {"online": len(self._here), "likes": self._likes}
        made = event(type_, user_id=user, username=user.title(), time=self._now, seq=seq, **figures, **fields)
        self.log.append(made)
        return made


def told(said: Event) -> dict[str, object]:
    """What a chat says, as arguments of `event`."""
    fields = ("time", "client_id", "online", "likes", "content")
    return {name: getattr(said, name) for name in fields} | {
        "user_id": said.who.user_id,
        "username": said.who.username,
    }
