"""Each minute: gives up the seats whose lease ran out, because a `$disconnect` was lost."""

from dataclasses import dataclass

from functions import departures
from functions.adapters.redis_client import connect
from functions.adapters.sweep_state import SEATS_A_CALL, SweepState
from functions.entry import Entry, JsonObject
from functions.parts import RoomParts
from functions.parts import build as build_room
from functions.rooms import events
from functions.rooms.events import Event
from functions.rooms.seats import LEASE_HEARTBEATS
from functions.settings import Settings

ROOMS_A_CALL = 50
# A seat that is not welcomed by then has missed its tick, or had a slow handshake.
WELCOME_MS = 5_000


@dataclass(frozen=True)
class Parts:
    """What the sweep works with; `lease` in ms."""

    room: RoomParts
    rooms: SweepState
    lease: int


async def build(settings: Settings) -> Parts:
    """The parts as the settings say."""
    rooms = SweepState(connect(settings.redis_url), heartbeat_seconds=settings.heartbeat_seconds)
    return Parts(await build_room(settings), rooms, LEASE_HEARTBEATS * settings.heartbeat_seconds * 1000)


async def main(event: JsonObject, parts: Parts) -> JsonObject:
    """How many rooms were looked at, and seats given up; raises StateUnavailable and LogUnavailable."""
    listed = await parts.rooms.rooms()
    removed = 0
    for start in range(0, len(listed), ROOMS_A_CALL):
        removed += await sweep(listed[start : start + ROOMS_A_CALL], parts)
    return {"rooms": len(listed), "removed": removed}


async def sweep(activity_ids: list[int], parts: Parts) -> int:
    """Sweep these rooms until no lapsed seat is left; returns how many were given up."""
    removed, empty, now = 0, [], parts.room.clock()
    while activity_ids:
        rooms = await parts.rooms.sweep(activity_ids, lapsed_before=now - parts.lease, taken_before=now - WELCOME_MS)
        found = [departure for room in rooms for departure in room.departures]
        await departures.announce(found, parts.room.state, parts.room.log, now)
        for room in rooms:
            removed += room.removed
            if room.unwelcomed:
                seated = Event(activity_id=room.activity_id, type=events.SEATED, time=now)
                await parts.room.log.publish_live(seated)
        empty += [room.activity_id for room in rooms if room.seats == 0]
        activity_ids = [room.activity_id for room in rooms if room.removed == SEATS_A_CALL]
    await parts.rooms.forget(empty, now)
    return removed


handler = Entry(main, build)
