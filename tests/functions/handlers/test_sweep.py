import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.kafka.room_log import LogUnavailable
from functions.adapters.redis.client import StateUnavailable
from functions.adapters.redis.sweep_state import SweepState, SweptRoom
from functions.handlers import connect, sweep
from functions.parts import MessageParts
from functions.rooms import events
from functions.rooms.identity import Identity
from functions.rooms.seats import Seat
from functions.runtime.metrics import Meter
from functions.usecases.sweeper import ROOMS_A_CALL, Sweeper
from tests.functions.conftest import NOW, Clock, MemoryLog, route_event
from tests.functions.galleries import gallery_state, open_gallery, place_of, taken

LEASE = 120_000


@dataclass(frozen=True)
class SweepParts(Sweeper):
    """The sweep's parts, in a room where the other functions run too."""

    room: MessageParts


@pytest.fixture
def sweep_parts(parts: MessageParts, redis: RedisCluster) -> SweepParts:
    return SweepParts(parts, SweepState(redis, heartbeat_seconds=60), LEASE)


async def test_a_lost_close_is_made_up_for_when_the_lease_runs_out(
    sweep_parts: SweepParts, log: MemoryLog, clock: Clock
) -> None:
    await connect.main(route_event(), sweep_parts.room)
    clock.now += LEASE
    assert await sweep.main({}, sweep_parts) == {"rooms": 1, "removed": 0}
    clock.now += 1
    assert await sweep.main({}, sweep_parts) == {"rooms": 1, "removed": 1}
    left = log.live[-1]
    assert (left.type, left.who.user_id, left.who.connection_id, left.online) == (events.LEAVE, "alice", "c-alice", 0)
    assert log.saved[-1] == left


async def test_a_leave_is_published_by_one_sweep_only(sweep_parts: SweepParts, log: MemoryLog, clock: Clock) -> None:
    await connect.main(route_event(), sweep_parts.room)
    clock.now += LEASE + 1
    for _ in range(2):
        await sweep.main({}, sweep_parts)
    assert [event.type for event in log.live].count(events.LEAVE) == 1


async def test_a_leave_that_cannot_be_published_is_left_to_a_later_sweep(
    sweep_parts: SweepParts, log: MemoryLog, clock: Clock
) -> None:
    await connect.main(route_event(), sweep_parts.room)
    clock.now += LEASE + 1
    log.live_is_away = True
    with pytest.raises(LogUnavailable):
        await sweep.main({}, sweep_parts)
    log.live_is_away = False
    assert await sweep.main({}, sweep_parts) == {"rooms": 1, "removed": 1}
    assert log.live[-1].type == events.LEAVE


class HalfAway(SweepState):
    """Redis of which the node with the room 42 is away."""

    async def sweep(self, activity_ids: Sequence[int], **times: int) -> list[SweptRoom]:
        return await super().sweep([number for number in activity_ids if number != 42], **times)


async def test_a_room_that_cannot_be_reached_keeps_no_other_from_being_swept(
    sweep_parts: SweepParts, redis: RedisCluster, log: MemoryLog, clock: Clock
) -> None:
    for activity_id in range(42, 42 + ROOMS_A_CALL + 1):
        identity = Identity(activity_id=activity_id, user_id="u", username="U", avatar="", framing="live.v1")
        seat = Seat.of(f"c{activity_id}", identity)
        await sweep_parts.room.state.join(seat, identity, clock.now)
        await sweep_parts.room.state.list_room(activity_id, clock.now)
    clock.now += LEASE + 1
    with pytest.raises(StateUnavailable, match="1 of 51 rooms"):
        await sweep.main({}, replace(sweep_parts, rooms=HalfAway(redis, heartbeat_seconds=60)))
    assert [event.type for event in log.live].count(events.LEAVE) == ROOMS_A_CALL


async def test_two_tabs_that_are_swept_while_the_log_is_away_have_watched_as_long_as_they_did(
    sweep_parts: SweepParts, log: MemoryLog, clock: Clock
) -> None:
    for connection_id in ("c1", "c2", "c3"):
        await connect.main(route_event(connection_id=connection_id), sweep_parts.room)
        clock.now += 30_000
    clock.now += LEASE
    log.save_is_away = True
    with pytest.raises(LogUnavailable):
        await sweep.main({}, sweep_parts)
    log.save_is_away = False
    await sweep.main({}, sweep_parts)
    assert {(event.watch_from, event.watch_to) for event in log.saved if event.watch_to} == {(NOW, NOW + 60_000)}


async def test_who_waits_for_a_welcome_is_brought_to_the_relays_notice(
    sweep_parts: SweepParts, log: MemoryLog, clock: Clock
) -> None:
    await connect.main(route_event(), sweep_parts.room)
    clock.now += 6_000
    await sweep.main({}, sweep_parts)
    assert [event.type for event in log.live] == [events.JOIN, events.SEATED]


async def test_a_room_that_was_left_long_ago_is_forgotten(sweep_parts: SweepParts, clock: Clock) -> None:
    await connect.main(route_event(), sweep_parts.room)
    clock.now += 3_600_000
    assert await sweep.main({}, sweep_parts) == {"rooms": 1, "removed": 1}
    assert await sweep.main({}, sweep_parts) == {"rooms": 0, "removed": 0}


async def test_the_rooms_that_somebody_reads_are_counted_apart(
    sweep_parts: SweepParts, redis: RedisCluster, clock: Clock
) -> None:
    lines: list[str] = []
    elsewhere = Identity(activity_id=43, user_id="u", username="U", avatar="", framing="live.v1")
    await sweep_parts.room.state.join(Seat.of("c43", elsewhere), elsewhere, clock.now)
    await open_gallery(redis)
    for number in (1, 2):
        await taken(gallery_state(redis), place_of(f"reader{number}", number), clock.now)
    for activity_id in (42, 43):
        await sweep_parts.room.state.list_room(activity_id, clock.now)
    await sweep.main({}, replace(sweep_parts, meter=Meter(write=lines.append)))
    (line,) = map(json.loads, lines)
    assert [line[name] for name in ("Rooms", "RoomsWithPlaces", "Places", "Seats")] == [2, 1, 2, 1]
