import pytest

from functions.adapters.kafka.room_log import LogUnavailable
from functions.adapters.redis.client import StateUnavailable
from functions.aws_events.websocket import Misrouted
from functions.handlers import connect, disconnect
from functions.parts import MessageParts
from functions.rooms import events
from tests.functions.conftest import Clock, MemoryLog, route_event


async def test_the_user_has_left_with_the_last_seat(parts: MessageParts, log: MemoryLog, clock: Clock) -> None:
    await connect.main(route_event(), parts)
    clock.now += 30_000
    assert await disconnect.main(route_event(), parts) == {"statusCode": 200}
    left = log.live[-1]
    assert left == log.saved[-1]
    assert (left.type, left.who.user_id, left.online, left.watch_seconds) == (events.LEAVE, "alice", 0, 30.0)


async def test_a_user_with_another_seat_has_earned_watch_time_only(
    parts: MessageParts, log: MemoryLog, clock: Clock
) -> None:
    await connect.main(route_event(connection_id="c1"), parts)
    await connect.main(route_event(connection_id="c2"), parts)
    clock.now += 10_000
    await disconnect.main(route_event(connection_id="c1"), parts)
    assert [event.type for event in log.live] == [events.JOIN, events.SEATED]
    assert (log.saved[-1].type, log.saved[-1].watch_seconds) == (events.HEARTBEAT, 10.0)


async def test_a_close_that_comes_twice_is_one_leave(parts: MessageParts, log: MemoryLog) -> None:
    await connect.main(route_event(), parts)
    for _ in range(2):
        await disconnect.main(route_event(), parts)
    assert [event.type for event in log.live] == [events.JOIN, events.LEAVE]


async def test_a_frame_that_names_the_route_is_no_close(parts: MessageParts, log: MemoryLog) -> None:
    await connect.main(route_event(), parts)
    frame = route_event(body='{"action": "$disconnect"}')
    frame["requestContext"]["eventType"] = "MESSAGE"
    with pytest.raises(Misrouted):
        await disconnect.main(frame, parts)
    assert [event.type for event in log.live] == [events.JOIN]


async def test_the_close_of_a_connection_that_connect_refused_is_nothing(parts: MessageParts, log: MemoryLog) -> None:
    event = route_event()
    event["requestContext"]["authorizer"] = {"malformed": "username"}
    assert await disconnect.main(event, parts) == {"statusCode": 200}
    assert log.live == []


async def test_a_leave_that_cannot_be_published_is_left_to_the_sweep(parts: MessageParts, log: MemoryLog) -> None:
    for failing in ("live_is_away", "live_stands_still", "save_is_away", "save_stands_still"):
        user = f"u-{failing}"
        await connect.main(route_event(user), parts)
        before = await parts.state.figures(42)
        setattr(log, failing, True)
        with pytest.raises(LogUnavailable):
            await disconnect.main(route_event(user), parts)
        setattr(log, failing, False)
        assert await parts.state.figures(42) == before, failing


async def test_without_redis_the_close_fails(parts_without_redis: MessageParts) -> None:
    with pytest.raises(StateUnavailable):
        await disconnect.main(route_event(), parts_without_redis)
