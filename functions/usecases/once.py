"""Publishes an event under the id that its sender gave it: shown once and stored once, however often it is sent.

`first` is for the call that the state has accepted, `again` for a call whose id was accepted before. Both return the
seq under which the event is shown. Only a relay knows this seq if an earlier record of the id may be in the log
(rooms/results.py). Then the event is saved under that seq, whether it was saved before or not: what is saved twice
under one seq is stored once.
"""

import asyncio
from dataclasses import dataclass, replace

from functions.parts import RoomParts
from functions.rooms.events import Event
from functions.rooms.results import Result
from functions.rooms.settling import result_of
from functions.usecases.announcer import Undo, announce, show

# A repeated call waits in these steps until a relay has settled the id.
PATIENCE_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8, 0.8)


class Unsettled(Exception):
    """No relay has seen a record of the id yet."""


@dataclass(frozen=True)
class Once:
    """Methods raise StateUnavailable, LogUnavailable, OutcomeUnknown and Unsettled."""

    parts: RoomParts
    event: Event

    async def first(self, undo: Undo, *, freed: bool) -> int:
        """Publish the event. `freed`: an earlier record of its id may be in the log."""
        if freed:
            await show(self.parts.log, self.event, undo)
            return await self._save(self.event, await self._settled())
        seq = (await announce(self.parts.log, self.event, undo)).seq
        assert seq is not None
        return seq

    async def again(self, first: Result) -> int | None:
        """Save the event as it was accepted first; None if its id is that of a frame without a seq."""
        if first.accepted_at is None:
            return None
        settled = await self._settled() if first.is_pending else first
        if settled.digest == result_of(self.event, None).digest:
            return await self._save(replace(self.event, time=first.accepted_at), settled)
        # The id was used for another event, which must not be overwritten.
        return settled.seq

    async def _settled(self) -> Result:
        assert self.event.client_id is not None
        for seconds in PATIENCE_SECONDS:
            result = await self.parts.state.recall(self.event.activity_id, self.event.who.user_id, self.event.client_id)
            if result and result.seq is not None:
                return result
            await asyncio.sleep(seconds)
        raise Unsettled("the same id is still under way, try again")

    async def _save(self, event: Event, settled: Result) -> int:
        assert settled.seq is not None
        await self.parts.log.publish_saved(replace(event, seq=settled.seq))
        return settled.seq
