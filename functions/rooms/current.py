"""Brings records up to date that tell of a state which may have changed again: settings, properties, mutes.

Two moderators may change the same thing at once, and the log may have their records in the other order than the state
had the changes. So a tick tells such a thing once, at its last record, as it is when the tick is made. The archive
keeps the records as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from functions.rooms import events
from functions.rooms.events import Event
from functions.rooms.properties import Properties
from functions.rooms.room_view import RoomNow, Standing


def up_to_date(records: Sequence[Event], room: RoomNow) -> list[Event]:
    """The records without those that a later one replaces, the others with the present settings, mutes, and properties
    that any of the records names."""
    last = {_subject(record): index for index, record in enumerate(records)}
    return [
        _now(record, room, records)
        for index, record in enumerate(records)
        if (subject := _subject(record)) is None or last[subject] == index
    ]


def is_recount(record: Event) -> bool:
    """Whether the sweep says that the room has lost a key, so that anything may have been told wrongly."""
    return record.type == events.SEATED and not record.who.user_id and record.online is not None


def needs_properties(records: Iterable[Event]) -> bool:
    """Whether a tick of these records tells properties."""
    return any(isinstance(record, events.Properties) or is_recount(record) for record in records)


def is_about_mute(record: Event) -> bool:
    """Whether the record says that somebody was muted or unmuted. Another system's record may name nobody."""
    return isinstance(record, events.Sanction) and isinstance(record.to, str) and record.named("action") in _MUTES


_MUTES = ("muted", "unmuted")


def _subject(record: Event) -> tuple[str, ...] | None:
    """What the record tells the state of, None if it tells of something that happened."""
    if isinstance(record, events.Settings):
        return ("settings",)
    if isinstance(record, events.Properties):
        return ("properties",)
    return ("mute", str(record.to)) if is_about_mute(record) else None


def _now(record: Event, room: RoomNow, records: Sequence[Event]) -> Event:
    if isinstance(record, events.Settings):
        return replace(record, data=dict(room.settings))
    if isinstance(record, events.Properties):
        return replace(record, data=_changes(records, room.properties))
    if isinstance(record, events.Sanction) and is_about_mute(record):
        return replace(record, data=_mute(room.users, record))
    return record


def _changes(records: Sequence[Event], present: Properties) -> Properties:
    """What the properties are that the records name, null for one that is not there."""
    changes = [record.data for record in records if isinstance(record, events.Properties)]
    return {name: present.get(name) for named in changes for name in named}


def _mute(users: Mapping[str, Standing], record: events.Sanction) -> dict[str, Any]:
    mute = users.get(str(record.to), Standing()).mute
    if mute:
        return {"action": "muted", **mute.to_object()}
    # Why a mute was lifted stands in its record alone. A mute that is over by now was not lifted.
    reason = record.reason if record.named("action") == "unmuted" else None
    return {"action": "unmuted", "seconds": None} | ({"reason": reason} if reason else {})
