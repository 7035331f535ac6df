import json
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.room_state import RoomState
from functions.handlers import connect, message
from functions.parts import MessageParts
from functions.rooms import events
from functions.rooms.answers import Rate
from functions.rooms.cuts import FLOOD_BAN_MS
from functions.rooms.limits import Limits
from tests.functions.conftest import Clock, MemoryLog, route_event

BAD_FRAMES = (
    ("{", "bad_json"),
    ('{"messageType":5}', "bad_type"),
    ('{"messageType":4}', "bad_field"),
    ('{"messageType":4,"message":"' + "x" * 501 + '"}', "too_long"),
)
BAN = {"action": "banned", "seconds": 60, "reason": "flooding"}


@pytest.fixture
async def strict(parts: MessageParts, redis: RedisCluster) -> MessageParts:
    """A room in which four refusals are a flood; alice is there."""
    limits = Limits(refusals=4, joins=Rate(burst=100, per_second=1))
    room = replace(parts, state=RoomState(redis, heartbeat_seconds=60, limits=limits))
    await connect.main(route_event(), room)
    return room


async def send(parts: MessageParts, body: str, **who: Any) -> list[Any]:
    answer = await message.main(route_event(body=body, **who), parts)
    return json.loads(answer["body"]) if "body" in answer else []


async def test_whatever_is_refused_counts_and_the_ban_is_announced_once(strict: MessageParts, log: MemoryLog) -> None:
    for frame, code in BAD_FRAMES:
        (reply,) = await send(strict, frame)
        assert reply["error"] == code
    (ban,) = [event for event in log.live if event.type == events.SANCTION]
    assert (ban.to, ban.data, ban.who.user_id) == ("alice", BAN, "platform")
    assert ban in log.saved
    assert await send(strict, BAD_FRAMES[0][0]) == []
    assert await send(strict, '{"messageType":6,"id":"x"}') == []
    assert (await connect.main(route_event(connection_id="c2"), strict))["statusCode"] == 403


async def test_likes_above_the_rate_are_a_flood(strict: MessageParts, log: MemoryLog) -> None:
    replies = [await send(strict, '{"messageType":6}') for _ in range(12)]
    assert [reply[0]["error"] for reply in replies if reply] == ["rate_limited"] * 4
    assert [event.type for event in log.live].count(events.SANCTION) == 1


async def test_a_capability_that_is_missing_is_a_refusal_like_others(strict: MessageParts, log: MemoryLog) -> None:
    for _ in range(4):
        await send(strict, '{"messageType":6}', caps=frozenset())
    assert log.live[-1].data == BAN


async def test_what_still_comes_from_a_connection_that_has_ended_asks_nobody(
    strict: MessageParts, parts_without_redis: MessageParts, clock: Clock
) -> None:
    for frame, _ in BAD_FRAMES:
        await send(strict, frame)
    away = replace(parts_without_redis, ended=strict.ended)
    assert await send(away, '{"messageType":6,"id":"x"}') == []
    clock.now += FLOOD_BAN_MS
    assert (await send(away, '{"messageType":6,"id":"x"}'))[0]["error"] == "unavailable"


async def test_a_refusal_that_cannot_be_counted_is_told(parts_without_redis: MessageParts) -> None:
    for frame, code in BAD_FRAMES:
        assert (await send(parts_without_redis, frame))[0]["error"] == code


async def test_a_ban_that_cannot_be_announced_holds(strict: MessageParts, log: MemoryLog, redis: RedisCluster) -> None:
    log.live_is_away = True
    for frame, code in BAD_FRAMES:
        assert (await send(strict, frame))[0]["error"] == code
    other_process = replace(strict, state=RoomState(redis, heartbeat_seconds=60), ended=type(strict.ended)())
    assert await send(other_process, '{"messageType":6,"id":"x"}') == []


async def test_the_question_who_is_here_announces_somebody_whose_seat_had_lapsed(
    strict: MessageParts, log: MemoryLog
) -> None:
    log.live.clear()
    event = route_event("bob", body='{"messageType":3}')
    await message.main(event, strict)
    assert [(event.type, event.who.user_id) for event in log.live] == [(events.JOIN, "bob")]
