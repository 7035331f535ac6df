"""Events, as tests make them."""

from dataclasses import fields
from typing import Any

from functions.rooms.deeds import Deed
from functions.rooms.events import CHAT, HEARTBEAT, KINDS, Event, Who
from functions.rooms.watch_time import Credit
from tests.functions.conftest import NOW

WHO = {field.name for field in fields(Who)}


def event(type: int = CHAT, **given: Any) -> Event:
    """An event; of room 42 at NOW if not given. Fields of `Who` go there; what the kind lacks is dropped."""
    kind: Any = KINDS[type]
    known = {field.name for field in fields(kind)}
    who = Who(**{name: value for name, value in given.items() if name in WHO})
    own = {name: value for name, value in given.items() if name in known}
    made: Event = kind(**({"activity_id": 42, "time": NOW, "who": who} | own))
    return made


def watching(credit: Credit) -> Deed:
    """The deed of a heartbeat that tells of nothing but this watch time."""
    return Deed(
        activity_id=credit.activity_id,
        offset=credit.offset,
        logged_at=credit.logged_at,
        time=credit.logged_at,
        type=HEARTBEAT,
        user_id=credit.user_id,
        username=credit.username,
        online=None,
        likes=None,
        says=False,
        credit=credit,
    )
