"""What comes too late to be shown: a relay that was away, or is new, must not play the past to the viewers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from functions.rooms import events
from functions.rooms.events import Event

# Older than this, what happened is in the room's history and its figures, and no longer worth a place on a screen.
SHOWN_MS = 60_000


def split(records: Sequence[Event], now: int) -> tuple[Sequence[Event], Sequence[Event]]:
    """Those at the front that are too old to be shown at `now`, and the rest.

    An old record behind a newer one was long under way itself; it is shown with its neighbours.
    """
    for index, record in enumerate(records):
        if now - record.logged_at <= SHOWN_MS:
            return records[:index], records[index:]
    return records, ()


def lasting(late: Sequence[Event], settings: Mapping[str, Any]) -> list[Event]:
    """What is shown of late records nevertheless: chats that were removed, and if the room's settings were changed,
    what these are now."""
    removed = [record for record in late if record.type == events.REMOVED]
    changed = [replace(record, data=dict(settings)) for record in late if record.type == events.SETTINGS]
    return removed + changed[-1:]
