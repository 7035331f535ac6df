"""Announces users who left without saying so: found dead by a relay, or swept."""

import asyncio
from collections.abc import Sequence

from functions.adapters.departure import Departure
from functions.adapters.room_log import LogUnavailable, RoomLog
from functions.adapters.room_state import RoomState
from functions.rooms import events

# A room that breaks off has thousands at once, and the last of them would wait for longer than a publish may take.
AT_ONCE = 200


async def announce(departures: Sequence[Departure], state: RoomState, log: RoomLog, now: int) -> None:
    """Publish each. What cannot be published is put back, for the next sweep, and LogUnavailable is raised."""
    turns = asyncio.Semaphore(AT_ONCE)
    results = await asyncio.gather(*(_publish(departure, log, now, turns) for departure in departures))
    unpublished = [departure for departure, done in zip(departures, results, strict=True) if not done]
    # The last first: a user's credits are taken back in the reverse of the order in which they were made.
    for departure in reversed(unpublished):
        await state.put_back(departure.seat, departure.activity_id, departure.left)
    if unpublished:
        raise LogUnavailable(f"{len(unpublished)} of {len(departures)} departures could not be published")


async def _publish(departure: Departure, log: RoomLog, now: int, turns: asyncio.Semaphore) -> bool:
    event = departure.to_event(now)
    async with turns:
        try:
            if event.type == events.LEAVE:
                await log.publish(event)
            elif departure.left.watched.ms:
                await log.publish_saved(event)
        except LogUnavailable:
            return False
    return True
