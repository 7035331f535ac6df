"""Closes connections that a room has cut off, and tells them why: see functions/rooms/cuts.py.

The room's state lists them. A slice does this for its own, beside the tick of its batch and out of the same rate of
POSTs. A connection that cannot be told is closed all the same. One that cannot be closed stays on the list for the
room's next tick, for a while. A flood's seats are given up here, whatever becomes of their connections.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from functions.adapters.aws.connections import Outcome
from functions.rooms import objects
from functions.rooms.cuts import Cut
from functions.rooms.payload import Payload
from functions.rooms.room_view import Posted, RoomView
from functions.usecases.fanout import Delivery, Fanout

log = logging.getLogger(__name__)

# So many are closed at once.
AT_ONCE = 20
# After so long a connection is given up that could not be closed. Its frames are ignored for longer.
CLOSED_MS = 30_000


class Closer(Protocol):
    async def delete(self, connection_id: str) -> Outcome:
        """Close one connection. Errors are outcomes, never raised."""
        ...


@dataclass(frozen=True)
class Cutter:
    """Tells through `fanout`, and closes through `closer`."""

    fanout: Fanout
    closer: Closer

    async def cut_off(self, views: Sequence[RoomView], now: int) -> list[Posted]:
        """Tell and close the connections that these rooms have cut off; returns what is to be noted of each room."""
        told = [Delivery(view.activity_id, cut.seat, [_told(cut)]) for view in views for cut in view.cut]
        await self.fanout.deliver(told)
        turns = asyncio.Semaphore(AT_ONCE)
        return [await self._close(view, turns, now) for view in views if view.cut]

    async def _close(self, view: RoomView, turns: asyncio.Semaphore, now: int) -> Posted:
        async def close(cut: Cut) -> Outcome:
            async with turns:
                return await self.closer.delete(cut.seat.connection_id)

        outcomes = await asyncio.gather(*map(close, view.cut))
        closed = [cut for cut, outcome in zip(view.cut, outcomes, strict=True) if _is_over(cut, outcome, now)]
        return Posted(activity_id=view.activity_id, mark=None, gone=[cut.seat for cut in view.cut], closed=closed)


def _told(cut: Cut) -> Payload:
    return Payload.of(objects.frame([objects.encode(cut.to_object())], cut.seat.framing))


def _is_over(cut: Cut, outcome: Outcome, now: int) -> bool:
    """Whether nothing more is to be done about a connection."""
    if outcome in (Outcome.DELIVERED, Outcome.GONE):
        return True
    if now - cut.at < CLOSED_MS:
        return False
    log.error("connection %s could not be closed: %s", cut.seat.connection_id, outcome.value)
    return True
