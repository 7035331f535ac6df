"""Gives up the seats whose lease has expired, because a `$disconnect` was lost, and announces who left. It does so with
places in the gallery, too.

A sweep goes through the listed rooms, so many in one round trip. A room with more expired seats than one call may end
takes several passes. Rooms without seats leave the list. A seat that waits for its welcome for too long is announced
again, so that the relay welcomes it. So is a connection that waits for being cut off. A room whose keys were lost in
part is counted again, and its viewers are told.
"""

from dataclasses import dataclass

from functions.adapters.redis.client import StateUnavailable
from functions.adapters.redis.sweep_state import SweepState, SweptRoom
from functions.parts import RoomParts
from functions.rooms.events import Seated
from functions.rooms.seats import WELCOME_MS
from functions.runtime import metrics
from functions.runtime.metrics import SILENT, Meter
from functions.usecases.announcer import announce, announce_departures

ROOMS_A_CALL = 50


@dataclass(frozen=True)
class Sweeper:
    """A lease is `lease` ms."""

    room: RoomParts
    rooms: SweepState
    lease: int
    meter: Meter = SILENT

    async def sweep(self) -> dict[str, int]:
        """How many rooms were looked at, and seats given up; raises StateUnavailable and LogUnavailable."""
        listed = await self.rooms.rooms()
        swept: list[SweptRoom] = []
        for start in range(0, len(listed), ROOMS_A_CALL):
            swept += await self._sweep(listed[start : start + ROOMS_A_CALL])
        removed = sum(room.removed for room in swept)
        # The last pass through a room says what is left of it.
        left = {room.activity_id: room for room in swept}
        places = sum(room.places for room in left.values())
        removed_places = sum(room.removed_places for room in swept)
        if places or removed_places:
            await self.rooms.note_places(places)
        self.meter.emit(
            {
                metrics.ROOMS: sum(room.seats + room.places > 0 for room in left.values()),
                metrics.SEATS: sum(room.seats for room in left.values()),
                metrics.SEATS_SWEPT: removed,
                metrics.PLACES: places,
                metrics.ROOMS_READ: sum(room.places > 0 for room in left.values()),
                metrics.PLACES_SWEPT: removed_places,
                metrics.WELCOMES_LATE: sum(room.unwelcomed for room in left.values()),
            }
        )
        # A room that is away has not kept the sweep from the rooms after it.
        if unreached := len(set(listed) - left.keys()):
            raise StateUnavailable(f"{unreached} of {len(listed)} rooms could not be reached")
        return {"rooms": len(listed), "removed": removed + removed_places}

    async def _sweep(self, activity_ids: list[int]) -> list[SweptRoom]:
        """Sweep these rooms until no lease in them has expired; returns each pass through each room."""
        swept: list[SweptRoom] = []
        now = self.room.clock()
        while activity_ids:
            rooms = await self.rooms.sweep(
                activity_ids, now=now, expired_before=now - self.lease, taken_before=now - WELCOME_MS
            )
            found = [departure for room in rooms for departure in room.departures]
            await announce_departures(found, self.room.state, self.room.log, now)
            swept += rooms
            for room in rooms:
                if room.recounted:
                    figures = Seated(activity_id=room.activity_id, time=now, online=room.online, likes=room.likes)
                    await announce(self.room.log, figures)
                elif room.unwelcomed or room.uncut:
                    await announce(self.room.log, Seated(activity_id=room.activity_id, time=now))
            activity_ids = [room.activity_id for room in rooms if room.unfinished]
        await self.rooms.forget([room.activity_id for room in swept if room.seats + room.places == 0], now)
        return swept
