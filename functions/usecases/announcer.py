"""Publishes what happened in a room, or takes it back.

A change is made in the room's state first and announced then. `announce` publishes the event to the topics of its kind.
It returns the event once every topic has it, with its seq if the live topic is one of them. Else it raises:

- LogUnavailable: no topic has the event, and none will. `undo` has been awaited, so the state is as before. (Without
  `undo` the change stays.)
- OutcomeUnknown: the live topic may have the event, now or later, or has it while the save topic has not. It is too
  late to take the change back. The caller leaves the state such that it is settled by who reads the log or the leases.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from functions.adapters.kafka.room_log import LogUnavailable, OutcomeUnknown, RoomLog
from functions.adapters.redis.room_state import RoomState
from functions.rooms.answers import Departure
from functions.rooms.events import Event

# A room that breaks off has thousands of departures at once, and the last would wait longer than a publish may take.
AT_ONCE = 200

A = TypeVar("A")
Undo = Callable[[], Awaitable[object]]


async def announce(log: RoomLog, event: Event, undo: Undo | None = None) -> Event:
    """Publish an event to the topics of its kind; the promise stands at the top of this file."""
    if not event.is_live:
        await _certain(log.publish_saved(event), undo)
        return event
    event = await show(log, event, undo)
    try:
        if event.is_saved:
            await log.publish_saved(event)
    except LogUnavailable as error:
        raise OutcomeUnknown(f"shown, and not saved: {error}") from error
    return event


async def show(log: RoomLog, event: Event, undo: Undo | None = None) -> Event:
    """As `announce`, to the live topic alone."""
    return await _certain(log.publish_live(event), undo)


async def _certain(publishing: Awaitable[A], undo: Undo | None) -> A:
    try:
        return await publishing
    except OutcomeUnknown:
        raise
    except LogUnavailable:
        if undo:
            await undo()
        raise


async def announce_departures(departures: Sequence[Departure], state: RoomState, log: RoomLog, now: int) -> None:
    """Announce seats that were given up without a `$disconnect`. A seat whose departure cannot be published is put back
    for the next sweep, and LogUnavailable is raised."""
    turns = asyncio.Semaphore(AT_ONCE)
    results = await asyncio.gather(*(_is_published(departure, log, now, turns) for departure in departures))
    unpublished = [departure for departure, done in zip(departures, results, strict=True) if not done]
    for departure in unpublished:
        await state.put_back(departure.seat, departure.activity_id, departure.left)
    if unpublished:
        raise LogUnavailable(f"{len(unpublished)} of {len(departures)} departures could not be published")


async def _is_published(departure: Departure, log: RoomLog, now: int, turns: asyncio.Semaphore) -> bool:
    if not departure.left.last and departure.left.watched.is_empty:
        return True
    async with turns:
        try:
            for event in departure.to_events(now):
                await announce(log, event)
        except LogUnavailable:
            return False
    return True
