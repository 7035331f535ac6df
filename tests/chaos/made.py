"""Histories of a room in which every promise held, as the checker's tests need them."""

from collections.abc import Iterable
from typing import Any

from functions.rooms.events import CHAT, JOIN, LIKE, NOTICE
from functions.rooms.objects import COUNT, LEFT_OUT, LIKES, WELCOME
from tests.chaos.history import Heard, History, Link, Object, Outcome, Record, Screen, Sending, Stored

BEGAN = 1000.0
LIKED = 3
SETTINGS: Object = {"slowModeSeconds": 0, "frozen": False}
PROPERTIES: Object = {"pinned": {"n": 1}}


class Room:
    """A room whose log has `messages` public messages, with the seqs 1 to `messages`; the last one is a notice.

    Each is logged a second after the one before. The chats are sent by the users in turn, and all are acknowledged.
    """

    def __init__(self, *, users: int = 3, messages: int = 6) -> None:
        self.users = [f"u{number}" for number in range(users)]
        self.messages = messages
        self.watched: dict[str, float] = {}
        ended = BEGAN + messages + 10
        self.history = History(activity=42, heartbeat_seconds=5, ended=ended, settings=SETTINGS, likes=LIKED)
        self.history.properties = PROPERTIES
        for seq in range(1, messages):
            self._say(seq)
        self._log(messages, {"messageType": NOTICE, "name": "notice", "userId": "platform"})
        self.history.noticed = frozenset({messages})
        like = Sending(user="u0", id="l", kind="like", count=LIKED, tries=[BEGAN], settled=BEGAN + 1)
        like.outcome = Outcome.ACKNOWLEDGED
        self.history.sendings.append(like)
        self.history.live.append(record(messages + 1, {"messageType": LIKE, "userId": "u0", "id": "l"}))
        for user in self.users:
            self.watched[user] = messages + 10.0
            self.add(user)
        self.history.watched = self.watched

    def add(self, user: str, cursor: int = 0, *, name: str = "") -> Screen:
        """A screen that came when the log had reached `cursor`, and stayed to the end on one connection."""
        screen = Screen(name=name or user, user=user, is_there=True)
        screen.links.append(Link(number=0, began=BEGAN + cursor, welcomed=True))
        screen.heard.append(self.heard(welcome(cursor), BEGAN + cursor))
        screen.heard += [self.heard({"messageType": JOIN, "userId": one}, BEGAN + cursor) for one in self.users]
        screen.heard += [self.shown(seq) for seq in range(cursor + 1, self.messages + 1)]
        screen.heard.append(self.heard({"messageType": LIKES, "zanNumber": LIKED}, self.history.ended))
        self.history.screens.append(screen)
        for one in self.history.screens:
            one.heard.append(self.heard({"messageType": COUNT, "onlineNumber": len(self.users)}, self.history.ended))
        users = {one.user for one in self.history.screens}
        self.history.online, self.history.connections = len(users), len(self.history.screens)
        return screen

    def interrupt(self, screen: Screen, after: int, until: int, *, gap: bool = False) -> None:
        """The screen's connection was lost after one seq, and resumed when the log had reached another. With a `gap`
        the messages between are not shown any more, else they come with the welcome."""
        missed = range(after + 1, until + 1)
        at = BEGAN + until
        screen.links[0].ended = BEGAN + after
        self.watched[screen.user] -= until - after
        screen.links.append(Link(number=1, began=at, since=after, welcomed=True))
        history = [] if gap else [self.shown(seq, at) for seq in missed]
        before = [place for place, one in enumerate(screen.heard) if one.is_numbered and one.seq <= after]
        index = max(before, default=0) + 1
        rest = [one for one in screen.heard[index:] if not (one.is_numbered and one.seq in missed)]
        screen.heard[index:] = [self.heard(welcome(until, gap=gap), at), *history, *rest]

    def leave_out(self, screen: Screen, seqs: Iterable[int]) -> None:
        """A tick did not show these, and said so."""
        seqs = set(seqs)
        kept = [one for one in screen.heard if not (one.is_numbered and one.seq in seqs)]
        told: Object = {"messageType": LEFT_OUT, "dropped": {"chat": len(seqs)}}
        screen.heard = [*kept, self.heard(told, BEGAN + self.messages)]

    def send(self, number: int, outcome: Outcome, seq: int | None = None) -> Sending:
        """One more chat, of u0."""
        sending = Sending(user="u0", id=f"extra{number}", tries=[BEGAN + 1], settled=BEGAN + 2, outcome=outcome)
        sending.seq = seq
        self.history.sendings.append(sending)
        return sending

    def heard(self, one: Object, at: float, **flags: bool) -> Heard:
        return Heard(at=at, link=0, object=one, **flags)

    def shown(self, seq: int, at: float | None = None, **flags: bool) -> Heard:
        """The message of a seq as a screen gets it."""
        [logged] = [one for one in self.history.live if one.offset == seq]
        names = ("messageType", "userId", "id", "name")
        one = {name: logged.value[name] for name in names if name in logged.value}
        return self.heard({**one, "seq": seq}, BEGAN + seq if at is None else at, **flags)

    def _say(self, seq: int) -> None:
        user = self.users[seq % len(self.users)]
        chat = Sending(user=user, id=f"c{seq}", tries=[BEGAN + seq], settled=BEGAN + seq, seq=seq)
        chat.outcome = Outcome.ACKNOWLEDGED
        self.history.sendings.append(chat)
        self._log(seq, {"messageType": CHAT, "userId": user, "id": chat.id, "to": None})

    def _log(self, seq: int, value: dict[str, Any]) -> None:
        self.history.live.append(record(seq, value))
        self.history.saved.append(record(seq, {**value, "seq": seq}))
        self.history.stored.append(Stored(seq=seq, user=value["userId"], id=value.get("id")))


def record(offset: int, value: Object) -> Record:
    return Record(offset=offset, logged=BEGAN + offset, value=value)


def welcome(cursor: int, *, gap: bool = False, epoch: str = "e") -> Object:
    figures = {"onlineNumber": 0, "zanNumber": 0, "settings": SETTINGS, "properties": PROPERTIES}
    return {"messageType": WELCOME, "cursor": f"{epoch}.{cursor}", "gap": gap, **figures}
