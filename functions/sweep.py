"""Each minute: gives up the seats whose lease ran out, because a `$disconnect` was lost."""

from dataclasses import dataclass

from functions import departures, metrics
from functions.adapters.redis_client import StateUnavailable, connect_to_rooms
from functions.adapters.sweep_state import SEATS_A_CALL, SweepState, SweptRoom
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
    rooms = SweepState(connect_to_rooms(settings), heartbeat_seconds=settings.heartbeat_seconds)
    return Parts(await build_room(settings), rooms, LEASE_HEARTBEATS * settings.heartbeat_seconds * 1000)


async def main(event: JsonObject, parts: Parts) -> JsonObject:
    """How many rooms were looked at, and seats given up; raises StateUnavailable and LogUnavailable."""
    listed = await parts.rooms.rooms()
    swept: list[SweptRoom] = []
    for start in range(0, len(listed), ROOMS_A_CALL):
        swept += await sweep(listed[start : start + ROOMS_A_CALL], parts)
    removed = sum(room.removed for room in swept)
    # A room that took several passes is there once for each, the last one telling what is left.
    left = {room.activity_id: room for room in swept}
    parts.room.meter.emit(
        {
            metrics.ROOMS: sum(room.seats > 0 for room in left.values()),
            metrics.SEATS: sum(room.seats for room in left.values()),
            metrics.SEATS_SWEPT: removed,
            metrics.WELCOMES_LATE: sum(room.unwelcomed for room in left.values()),
        }
    )
    # One that is away has not kept the sweep from the rooms behind it.
    if unreached := len(set(listed) - left.keys()):
        raise StateUnavailable(f"{unreached} of {len(listed)} rooms could not be reached")
    return {"rooms": len(listed), "removed": removed}


async def sweep(activity_ids: list[int], parts: Parts) -> list[SweptRoom]:
    """Sweep these rooms until no lapsed seat is left; returns each pass through each."""
    swept: list[SweptRoom] = []
    now = parts.room.clock()
    while activity_ids:
        rooms = await parts.rooms.sweep(activity_ids, lapsed_before=now - parts.lease, taken_before=now - WELCOME_MS)
        found = [departure for room in rooms for departure in room.departures]
        await departures.announce(found, parts.room.state, parts.room.log, now)
        swept += rooms
        for room in rooms:
            if room.unwelcomed:
                seated = Event(activity_id=room.activity_id, type=events.SEATED, time=now)
                await parts.room.log.publish_live(seated)
        activity_ids = [room.activity_id for room in rooms if room.removed == SEATS_A_CALL]
    await parts.rooms.forget([room.activity_id for room in swept if room.seats == 0], now)
    return swept


handler = Entry(main, build)
