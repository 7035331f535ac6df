import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.aws.connections import Outcome
from functions.adapters.redis.keys import RoomKeys
from functions.adapters.redis.room_state import RoomState
from functions.handlers import connect, relay
from functions.rooms import events
from functions.rooms.answers import Rate
from functions.rooms.identity import Identity
from functions.rooms.limits import Limits
from functions.rooms.seats import Seat
from functions.usecases.cutter import CLOSED_MS
from tests.functions.conftest import NOW, Clock, MemoryLog, RelayParts, route_event
from tests.functions.handlers.test_relay import Screens, batch, relay_parts, screens

__all__ = ["relay_parts", "screens"]

ALICE = Identity(activity_id=42, user_id="alice", username="Alice")
REPLACED = {"messageType": 11, "action": "kicked", "seconds": None, "reason": "replaced"}
FLOODING = {"messageType": 11, "action": "banned", "seconds": 60, "reason": "flooding"}


@pytest.fixture
def state(redis: RedisCluster) -> RoomState:
    """In which a user has one seat, and one refusal is a flood."""
    return RoomState(redis, heartbeat_seconds=60, limits=Limits(seats=1, refusals=1))


async def tick(relay_parts: RelayParts, log: MemoryLog) -> None:
    """Show what was published, or that there is something to do."""
    published = log.live or [events.Seated(activity_id=42, time=NOW)]
    await relay.main(batch(*published, first=100 + len(log.saved) * 10), relay_parts)
    log.live.clear()


async def test_a_replaced_connection_is_told_and_closed_and_hears_nothing_else(
    relay_parts: RelayParts, state: RoomState, screens: Screens, log: MemoryLog, redis: RedisCluster
) -> None:
    for connection_id, framing in (("c1", "classic"), ("c2", "live.v1")):
        seat = Seat(connection_id, "classic" if framing == "classic" else "live.v1", "alice")
        await state.join(seat, ALICE, NOW)
    await tick(relay_parts, log)
    assert (screens.shown["c1"], screens.closed) == ([REPLACED], ["c1"])
    assert screens.types("c2")[0] == 8
    await tick(relay_parts, log)
    assert screens.closed == ["c1"]
    assert not await redis.exists(RoomKeys(42).closing)


async def test_who_floods_is_closed_on_all_connections_and_leaves(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog, redis: RedisCluster
) -> None:
    for connection_id in ("c1", "c2"):
        await connect.main(route_event(connection_id=connection_id), relay_parts.room)
    await tick(relay_parts, log)
    strict = RoomState(redis, heartbeat_seconds=60, limits=Limits(refusals=1, joins=Rate(burst=9, per_second=1)))
    await strict.refuse(Seat("c1", "live.v1", "alice"), ALICE, NOW)
    await tick(relay_parts, log)
    assert sorted(screens.closed) == ["c1", "c2"]
    assert all(screens.shown[one][-1] == FLOODING for one in ("c1", "c2"))
    assert [event.type for event in log.saved].count(events.LEAVE) == 1
    assert (await relay_parts.room.state.figures(42)).connections == 0


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.THROTTLED, Outcome.FORBIDDEN])
async def test_who_cannot_be_closed_is_tried_again_and_then_given_up(
    relay_parts: RelayParts,
    state: RoomState,
    screens: Screens,
    log: MemoryLog,
    clock: Clock,
    outcome: Outcome,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for connection_id in ("c1", "c2"):
        await state.join(Seat(connection_id, "live.v1", "alice"), ALICE, NOW)
    screens.close_outcome = outcome
    for _ in range(2):
        await tick(relay_parts, log)
    assert (screens.closed, caplog.text) == (["c1"] * 2, "")
    clock.now += CLOSED_MS
    for _ in range(2):
        await tick(relay_parts, log)
    assert screens.closed == ["c1"] * 3
    assert "c1 could not be closed" in caplog.text


async def test_a_connection_that_is_gone_need_not_be_closed_again(
    relay_parts: RelayParts, state: RoomState, screens: Screens, log: MemoryLog
) -> None:
    for connection_id in ("c1", "c2"):
        await state.join(Seat(connection_id, "live.v1", "alice"), ALICE, NOW)
    screens.outcome = lambda connection_id: Outcome.GONE if connection_id == "c1" else Outcome.DELIVERED
    screens.close_outcome = Outcome.GONE
    for _ in range(2):
        await tick(relay_parts, log)
    assert screens.closed == ["c1"]
