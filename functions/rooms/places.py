"""A reader's place in the gallery: its id, its lease, and what the reader is told who takes or renews it."""

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from functions.rooms import objects
from functions.rooms.answers import Rules
from functions.rooms.gallery import SLOT_MS
from functions.rooms.history import RECENT, REPLAY_POSTS, History, Replay
from functions.rooms.identity import Malformed
from functions.rooms.marks import Mark
from functions.rooms.payload import FRAME_BYTES
from functions.rooms.properties import Properties, read_properties
from functions.rooms.sanctions import Mute
from functions.rooms.watch_time import Stretch

# The longest interval of renewals, in seconds: 2 million places at 500 renewals a second.
MOST_BEAT = 4095
# A reader's watch time is stored once in so many of the shortest intervals: it costs several times what a renewal does.
TOLD_BEATS = 5
# An address is valid for the time slot that it was made in, and for the next one.
ADDRESS_MS = 600_000
# Until then somebody may hold a valid address.
READING_MS = 2 * ADDRESS_MS
# What is for one reader alone waits so long, and so many objects.
MAIL_MS = 2 * ADDRESS_MS
MOST_MAIL = 100
# Of the hash by which a slot calls a reader. Two readers of a large room hardly ever have the same, and then one of
# them renews its place in vain.
HASH_DIGITS = 10

# When it was taken, in ms, and what nobody can guess.
PLACE_ID = "g[0-9]{13}[0-9a-f]{16}"


def new_place_id(now: int) -> str:
    return f"g{now:013d}{secrets.token_hex(8)}"


def parse_place_id(text: str) -> tuple[str, int]:
    """An id, and the ms at which the place was first taken; else Malformed."""
    if not re.fullmatch(PLACE_ID, text):
        raise Malformed("place must be one that was given")
    return text, int(text[1:14])


@dataclass(frozen=True)
class Taken:
    """A place was taken, or renewed if `renewed`. `first`: the user's coming is to be announced. `beat`: the seconds
    after which it is to be renewed. `watched`: what a renewal has earned."""

    first: bool
    renewed: bool
    online: int
    likes: int
    beat: int
    watched: Stretch


@dataclass(frozen=True)
class SeatFree:
    """The room has a seat for the user, who has no place."""

    online: int
    likes: int


@dataclass(frozen=True)
class Opening:
    """The gallery was opened in this second: ask again after so many ms."""

    wait: int


@dataclass(frozen=True)
class Kicked:
    """The user was cut off since the place was taken."""


@dataclass(frozen=True)
class Given:
    """The place was given up."""


@dataclass(frozen=True, kw_only=True)
class PlaceView:
    """The room as a reader is told of it at `at` (ms of Redis's clock), up to the seq `newest`. Behind that the history
    may have a tick that the gallery has not been told.

    `hash` names this reader in slots. `letters` are encoded objects for this reader alone, those up to the seq `read`;
    `lacks_letters`: there were too many of them.
    """

    at: int
    hash: str
    online: int
    likes: int
    rules: Rules
    mute: Mute | None
    properties: Properties
    history: History
    newest: int
    letters: Sequence[bytes]
    read: int
    lacks_letters: bool

    def with_names(self, shown_as: Callable[[str], str]) -> "PlaceView":
        """The view, in which each sender's name in the history is what `shown_as` makes of it."""
        return replace(self, history=self.history.with_names(shown_as))

    @property
    def cursor(self) -> str:
        """The cursor behind all that the gallery has been told."""
        return f"{self.history.epoch}.{max(0, self.newest)}"


def told_to_reader(
    activity_id: int,
    user_id: str,
    place: str,
    taken: Taken,
    view: PlaceView,
    *,
    ticks: str,
    asked: bool,
    since: str,
    lapsed: bool,
) -> bytes:
    """The answer to a reader, as JSON. With `asked` it has the room's properties, and the history behind the cursor
    `since`, or the newest of it. A reader whose place had `lapsed` may have missed what it does not ask for."""
    replay = view.history.replay(since or None, view.newest) if asked else Replay((), gap=lapsed)
    if sum(len(entry.encoded) for entry in replay.entries) > REPLAY_POSTS * FRAME_BYTES:
        replay = Replay(replay.entries[-RECENT:], gap=True)
    head: objects.Object = {
        "lane": "gallery",
        "activityId": activity_id,
        "userId": user_id,
        "place": place,
        "onlineNumber": taken.online,
        "zanNumber": view.likes,
        "settings": view.rules.to_object(),
    }
    head |= {"mute": view.mute.to_object()} if view.mute else {}
    head |= {
        "cursor": view.cursor,
        "gap": replay.gap or view.lacks_letters,
        "beatSeconds": taken.beat,
        "ticks": ticks,
        "next": view.at // SLOT_MS,
        "now": view.at,
        "hash": view.hash,
        "mail": str(max(0, view.read)),
    }
    body = objects.with_member(objects.encode(head), "objects", objects.array(view.letters))
    if not asked:
        return body
    body = objects.with_member(body, "properties", objects.encode(dict(view.properties)))
    return objects.with_member(body, "history", objects.array([entry.encoded for entry in replay.entries]))


def read_place_view(found: Sequence[Any]) -> PlaceView:
    """What `place_view.lua` answered."""
    at, hash_, (online, likes, slow, frozen), epoch, (log, *upto), (muted, why), properties, entries, *mail = found
    trimmed, newest = upto
    letters, read, lacking = mail
    return PlaceView(
        at=at,
        hash=hash_,
        online=online,
        likes=likes,
        rules=Rules.read(slow, frozen),
        mute=Mute.read(muted, why),
        properties=read_properties(properties),
        history=History.read(epoch, Mark.unpack(log), trimmed, entries),
        newest=newest,
        letters=[letter.encode() for letter in letters],
        read=read,
        lacks_letters=lacking == 1,
    )
