"""The names of users, and the words that they may not hold.

State, log and archive keep a name as it was when it was written, and a word may be listed later. So names are masked
where they are read: by whoever shows them.

This file is apart from admission.py because of the packages: connect and message have the words and no tokens,
authorize has the tokens and no words.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from functions.adapters.redis.words import WordList, Words
from functions.rooms.events import Event
from functions.rooms.identity import Identity
from functions.rooms.people import Page
from functions.rooms.room_view import RoomView


class NameNotAllowed(Exception):
    """A newcomer's name holds a word that is to be rejected."""


async def admit(identity: Identity, words: Words) -> Identity:
    """As `masked`, for a newcomer; raises NameNotAllowed."""
    if (await words.current()).check(identity.username).rejected:
        raise NameNotAllowed
    return await masked(identity, words)


async def masked(identity: Identity, words: Words) -> Identity:
    """An identity with the listed words in its name masked.

    The authorizer's context rides on a connection's events as it was when the connection was opened. So the name is
    checked with each event, and a word that is listed later takes effect too.
    """
    name = (await words.current()).masked_name(identity.username)
    return identity if name == identity.username else replace(identity, username=name)


async def masked_page(page: Page, words: Words) -> Page:
    """A page of users with the listed words in their names masked."""
    current = await words.current()
    return replace(page, users=[user._replace(username=current.masked_name(user.username)) for user in page.users])


def masked_rooms(rooms: Mapping[int, Sequence[Event]], words: WordList) -> dict[int, Sequence[Event]]:
    """The events of each room, with the listed words in names masked."""
    return {activity_id: [masked_event(event, words) for event in events] for activity_id, events in rooms.items()}


def masked_views(views: Sequence[RoomView], words: WordList) -> list[RoomView]:
    """Rooms with the listed words masked in the names of the history that newcomers get."""
    return [
        replace(view, history=view.history.with_names(words.masked_name)) if view.newcomers else view for view in views
    ]


def masked_event(event: Event, words: WordList) -> Event:
    """An event with the listed words in its user's name masked."""
    name = words.masked_name(event.who.username)
    return event if name == event.who.username else replace(event, who=replace(event.who, username=name))
