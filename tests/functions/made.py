"""Events, as tests make them."""

from dataclasses import fields
from typing import Any

from functions.rooms.events import CHAT, KINDS, Event, Who
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
