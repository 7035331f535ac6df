"""Cuts a user off: tells each of their connections why, and closes it."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from functions import departures
from functions.adapters.connections import Connections, Outcome
from functions.adapters.departure import Departure
from functions.parts import RoomParts
from functions.rooms import objects
from functions.rooms.payload import Payload
from functions.rooms.seats import Seat
from functions.together import every

log = logging.getLogger(__name__)

# A connection whose handshake is under way can be neither told nor closed: until it is over, or can be given up.
HANDSHAKE_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8)
# A user may have any number of connections.
AT_ONCE = 50
# Well below the API's 15 seconds, of which publishing may have taken some.
SECONDS = 5.0


class Parts(Protocol):
    """What it takes."""

    @property
    def room(self) -> RoomParts:
        """The rooms."""
        ...

    @property
    def connections(self) -> Connections:
        """The way to them."""
        ...


async def evict(parts: Parts, activity_id: int, seats: Sequence[Seat], action: str, seconds: int | None) -> None:
    """Tell these seats' connections, and close them. A seat whose connection cannot be closed in time is given up all
    the same, so that it hears and says nothing more. Raises StateUnavailable and LogUnavailable, when that fails."""
    if not seats:
        return
    await parts.connections.prepare()
    sanction = objects.encode(objects.sanction(action, seconds))
    turns = asyncio.Semaphore(AT_ONCE)
    tasks = {asyncio.create_task(_cut_off(parts.connections, turns, seat, sanction)): seat for seat in seats}
    done, late = await asyncio.wait(tasks, timeout=SECONDS)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    if late:
        log.error("%d of %d connections could not be closed in %s s", len(late), len(seats), SECONDS)
    closed = {tasks[task] for task in done if task.result()}
    await _give_up(parts.room, activity_id, [seat for seat in seats if seat not in closed])


async def _cut_off(connections: Connections, turns: asyncio.Semaphore, seat: Seat, sanction: bytes) -> bool:
    """Tell it, then close it; False if it was not there to be closed, so that nothing will tell of its end."""
    frame = Payload.of(objects.array([sanction]) if seat.framing == "live.v1" else sanction)
    for wait in (*HANDSHAKE_SECONDS, None):
        async with turns:
            told = await connections.post(seat.connection_id, frame)
        if told is not Outcome.GONE or wait is None:
            break
        await asyncio.sleep(wait)
    async with turns:
        closed = await connections.delete(seat.connection_id)
    if closed not in (Outcome.DELIVERED, Outcome.GONE):
        log.error("connection %s could not be closed: %s", seat.connection_id, closed.value)
    return closed is Outcome.DELIVERED


async def _give_up(room: RoomParts, activity_id: int, seats: Sequence[Seat]) -> None:
    now = room.clock()
    ended = await every(room.state.leave(seat, activity_id, now) for seat in seats)
    departed = [Departure(activity_id, seat, left) for seat, left in zip(seats, ended, strict=True) if left is not None]
    await departures.announce(departed, room.state, room.log, now)
