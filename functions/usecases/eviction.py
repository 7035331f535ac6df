"""Cuts a user off: tells each of their connections why, and closes it."""

import asyncio
import logging
from collections.abc import Sequence

from functions.adapters.aws.connections import Connections, Outcome
from functions.parts import RoomParts
from functions.rooms import objects
from functions.rooms.answers import Departure
from functions.rooms.payload import Payload
from functions.rooms.seats import Seat
from functions.runtime.together import every, succeeded_within
from functions.usecases.announcer import announce_departures

log = logging.getLogger(__name__)

# A connection can be neither told nor closed while its handshake is under way. So it is tried again after these waits.
HANDSHAKE_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8)
# A user may have any number of connections.
AT_ONCE = 50
# Well below the API's 15 seconds, of which publishing may have taken some.
SECONDS = 5.0


async def evict(
    room: RoomParts,
    connections: Connections,
    activity_id: int,
    seats: Sequence[Seat],
    action: str,
    seconds: int | None,
    reason: str | None = None,
) -> None:
    """Tell these seats' connections, and close them.

    A seat is given up even if its connection cannot be closed in time: it hears and says nothing more. Raises
    StateUnavailable and LogUnavailable if seats cannot be given up.
    """
    if not seats:
        return
    await connections.prepare()
    sanction = objects.encode(objects.sanction(action, seconds, reason))
    turns = asyncio.Semaphore(AT_ONCE)
    work = {seat: _cut_off(connections, turns, seat, sanction) for seat in seats}
    closed, late = await succeeded_within(SECONDS, work)
    if late:
        log.error("%d of %d connections could not be closed in %s s", len(late), len(seats), SECONDS)
    unclosed, now = [seat for seat in seats if seat not in closed], room.clock()
    ended = await every(room.state.leave(seat, activity_id, now) for seat in unclosed)
    departed = [Departure(activity_id, seat, left) for seat, left in zip(unclosed, ended, strict=True) if left]
    await announce_departures(departed, room.state, room.log, now)


async def _cut_off(connections: Connections, turns: asyncio.Semaphore, seat: Seat, sanction: bytes) -> bool:
    """Tell a connection, then close it; False if there was none to close, so that no `$disconnect` will follow."""
    frame = Payload.of(objects.frame([sanction], seat.framing))
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
