"""A tick: what one relay batch tells the viewers of one room.

Two steps make it. `fold` turns the records of a batch into encoded objects, far fewer than there were records. Chats
keep the order of the log. Many joins become one object, and so do all likes: only the newest total matters. Of 3 joins,
2 chats and 40 likes these objects are left:

    join join join chat chat count likes

`fit` (bulletin.py) then cuts the objects to what one viewer may get. An object in front says how many were dropped. An
object that is too large for any frame was replaced before, by one that says so.

Nearly all viewers of a room get the same objects, so these are folded, fitted and encoded once. The few `exceptions`
are the users with a private message, and those whose own chat was dropped: each of these is fitted alone.
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from functions.rooms import events, objects
from functions.rooms.bulletin import Bulletin, Part, fit
from functions.rooms.crowd import Crowd, crowd_of
from functions.rooms.current import is_about_mute, is_recount, up_to_date
from functions.rooms.events import Event
from functions.rooms.properties import Properties, parted
from functions.rooms.room_view import RoomNow

# A tick names up to so many users who joined, and as many who left. More become one object with `others`.
NAMED_AT_MOST = 5


@dataclass(frozen=True)
class Tick:
    """The folded records of one room, in the order of the log. A viewer gets at most `most` objects.

    `missed` counts the chats and notices that were too late to be shown. `folded` counts the records without an object
    of their own, as `likes` and as `crowd`. `crowd` has those who joined and left.
    """

    parts: Sequence[Part]
    most: int = sys.maxsize
    missed: Mapping[str, int] = field(default_factory=dict)
    folded: Mapping[str, int] = field(default_factory=dict, compare=False)
    crowd: Crowd = field(default_factory=Crowd, compare=False)

    @cached_property
    def too_large(self) -> int:
        """How many objects no frame has room for."""
        return sum(part.is_too_large for part in self.parts)

    def limited_to(self, most: int) -> "Tick":
        """This tick for viewers who get at most `most` objects."""
        return replace(self, most=most)

    @cached_property
    def bulletin(self) -> Bulletin:
        """What every viewer gets who is not among the `exceptions`."""
        return self._fitted(None)

    @cached_property
    def exceptions(self) -> frozenset[str]:
        """The users who do not get `bulletin`: somebody wrote to them in private, or their own chat was left out."""
        kept = set(map(id, self.bulletin.parts))
        cut = [part for part in self.parts if id(part) not in kept]
        users = {user for part in cut for user in ((part.owner,) if part.readers is None else part.readers)}
        return frozenset(user for user in users if user is not None)

    def bulletin_for(self, user_id: str) -> Bulletin:
        return self._fitted(user_id) if user_id in self.exceptions else self.bulletin

    def _fitted(self, user_id: str | None) -> Bulletin:
        parts = [part for part in self.parts if part.readers is None or user_id in part.readers]
        return fit(parts, owner=user_id, most=self.most, missed=self.missed)


def fold(records: Sequence[Event], room: RoomNow, late: Sequence[Event] = ()) -> Tick:
    """Fold a room's records into one tick.

    Joins and leaves come first, then chats and the platform's objects in the order of the log, then the newest count
    and likes. The `late` records are not shown. They only make sure that the count and the likes are sent, and how many
    chats and notices they had.
    """
    crowd = crowd_of(records, room.users)
    parts = _crowd(crowd.joined) + _crowd(crowd.left)
    kinds = Counter(record.type for record in records)
    moves = kinds[events.JOIN] + kinds[events.LEAVE]
    folded = {"likes": max(0, kinds[events.LIKE] - 1), "crowd": max(0, moves - len(parts))}
    shown = [record for record in up_to_date(records, room) if record.type in _ORDERED]
    parts += [part for record in shown for part in _parts(record)]
    is_recounted = any(map(is_recount, records))
    if is_recounted:
        parts.append(Part(objects.encode(objects.settings(room.settings))))
        parts += _properties(room.properties)
    if moves or late or is_recounted:
        parts.append(Part(objects.encode(objects.count(room.online))))
    if kinds[events.LIKE] or late or is_recounted:
        parts.append(Part(objects.encode(objects.likes(room.likes))))
    missed = Counter(
        objects.LEFT_OUT_NAMES[record.type] for record in late if record.to is None and record.type in _KEPT
    )
    return Tick(parts, missed=missed, folded=folded, crowd=crowd)


_KEPT = frozenset({events.CHAT, events.NOTICE})
_ORDERED = frozenset({events.CHAT, events.REMOVED, events.NOTICE, events.SANCTION, events.SETTINGS, events.PROPERTIES})


def _crowd(people: Sequence[Event]) -> list[Part]:
    """One part for each user who joined (or left). For many users it is one part: the newest, and how many others."""
    if len(people) > NAMED_AT_MOST:
        return [_crowd_part(people[-1], others=len(people) - 1)]
    return [_crowd_part(person) for person in people]


def _crowd_part(person: Event, others: int = 0) -> Part:
    whole = objects.encode(objects.joined_or_left(person, others))
    encoded = objects.in_a_frame(whole, person.type, count=1 + others)
    return Part(encoded, objects.LEFT_OUT_NAMES[person.type], is_too_large=encoded is not whole)


def _parts(event: Event) -> list[Part]:
    """What is shown of an event: one part, or one for each reader of a notice to some. Properties are in one part, in
    several if they are very many, and in none if there are none."""
    if isinstance(event, events.Properties):
        return _properties(event.data)
    if isinstance(event, events.Notice) and event.targets:
        # Each sees it as a notice to themselves: nobody learns who else has got it.
        return [_part(event, frozenset({user}), user) for user in event.targets]
    return [_part(event, _readers(event))]


def _part(event: Event, readers: frozenset[str] | None, reader: str | None = None) -> Part:
    whole = objects.encode(objects.of_event(event, reader))
    encoded = objects.in_a_frame(whole, event.type, event.seq)
    if encoded is not whole:
        return Part(encoded, readers=readers, is_too_large=True)
    kind = objects.LEFT_OUT_NAMES[event.type] if event.type in _KEPT else None
    owner = event.who.user_id if event.type == events.CHAT else None
    return Part(encoded, kind, owner, readers)


def _properties(changes: Properties) -> list[Part]:
    return [Part(objects.encode(objects.properties(part))) for part in parted(changes)]


def _readers(event: Event) -> frozenset[str] | None:
    """The users that a chat or a sanction is for, or None if it is for all."""
    if isinstance(event, events.Sanction):
        # A user who is kicked or banned was told before the connections were closed (functions/usecases/eviction.py).
        # If the user has come back since then, this must not be told again.
        return frozenset(event.targets if is_about_mute(event) else ())
    # A private chat is also shown to its sender, on all of the sender's connections.
    return frozenset({*event.targets, event.who.user_id}) if event.targets else None
