import asyncio

import pytest

from functions import connect, departures
from functions.adapters.departure import Departure
from functions.adapters.room_answers import Left
from functions.adapters.room_log import LogUnavailable
from functions.parts import RoomParts
from functions.rooms.events import Event
from functions.rooms.seats import Seat
from functions.rooms.watch_time import Earned
from tests.functions.conftest import NOW, MemoryLog, route_event


class CrowdedLog(MemoryLog):
    """Notes how many publish at a time."""

    at_once = 0
    most = 0

    async def publish(self, event: Event) -> Event:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        return await super().publish(event)


def departure(number: int) -> Departure:
    left = Left(last=True, watched=Earned(0, NOW, NOW), username=f"U{number}", online=0, likes=0)
    return Departure(42, Seat(f"c{number}", "live.v1", f"u{number}"), left)


async def test_thousands_who_leave_at_once_are_announced_a_few_at_a_time(parts: RoomParts) -> None:
    log = CrowdedLog()
    await departures.announce([departure(number) for number in range(5000)], parts.state, log, NOW)
    assert len(log.live) == 5000
    assert log.most == departures.AT_ONCE


async def test_what_cannot_be_announced_is_as_before(parts: RoomParts, log: MemoryLog) -> None:
    await connect.main(route_event("u1", "c1"), parts)
    left = await parts.state.leave(Seat("c1", "live.v1", "u1"), 42, NOW)
    assert left is not None
    log.live_is_away = True
    with pytest.raises(LogUnavailable):
        await departures.announce([Departure(42, Seat("c1", "live.v1", "u1"), left)], parts.state, log, NOW)
    assert (await parts.state.figures(42)).connections == 1
