"""What the platform and moderators do to a room, as events on both topics: an audit trail that says who did it."""

import hashlib
from functools import partial
from typing import Any

from functions.api.auth import Caller
from functions.api.parts import ApiParts
from functions.rooms.answers import Repeated
from functions.rooms.events import Event, Who
from functions.rooms.identity import Malformed
from functions.rooms.text import ID_LENGTH
from functions.usecases.announcer import announce
from functions.usecases.once import Once


def part_of(call_id: str | None, part: str) -> str | None:
    """The id of one event of a call that makes several: of two events under one id the second would be a duplicate."""
    return None if call_id is None else hashlib.sha256(f"{part} {call_id}".encode()).hexdigest()[:ID_LENGTH]


async def publish(
    parts: ApiParts,
    caller: Caller,
    activity_id: int,
    kind: type[Event],
    *,
    call_id: str | None,
    **fields: Any,
) -> None:
    """Announce an event with these fields; its `who` is the caller. Raises LogUnavailable.

    A call that failed and is made again under its `call_id` does again what it does. But it is shown once, and stored
    once.
    """
    await announce(parts.room.log, _event(parts, caller, activity_id, kind, call_id, fields))


async def publish_once(
    parts: ApiParts, caller: Caller, activity_id: int, kind: type[Event], *, call_id: str | None, **fields: Any
) -> int:
    """As `publish`; returns the seq, which is the first one's if the call is made again. Raises Unsettled too."""
    event = _event(parts, caller, activity_id, kind, call_id, fields)
    if call_id is None:
        seq = (await announce(parts.room.log, event)).seq
    else:
        match await parts.room.state.claim(event):
            case Repeated(first):
                seq = await Once(parts.room, event).again(first)
            case claimed:
                undo = partial(parts.room.state.release, event, claimed)
                seq = await Once(parts.room, event).first(undo, freed=claimed.freed)
    if seq is None:
        raise Malformed("header.Idempotency-Key: it was used for another call")
    return seq


def _event(
    parts: ApiParts, caller: Caller, activity_id: int, kind: type[Event], call_id: str | None, fields: dict[str, Any]
) -> Event:
    who = Who(user_id=caller.sub, username=caller.name)
    return kind(activity_id=activity_id, time=parts.room.clock(), who=who, client_id=call_id, **fields)
