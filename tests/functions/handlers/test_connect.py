import asyncio
import json
from dataclasses import replace

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import StateUnavailable
from functions.adapters.redis.keys import RoomKeys
from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.sweep_state import SweepState
from functions.handlers import connect, disconnect
from functions.parts import MessageParts
from functions.rooms import events
from functions.rooms.answers import Banned, Joined, Rate, TooOften
from functions.rooms.identity import Identity
from functions.rooms.limits import Limits
from functions.rooms.sanctions import FOR_GOOD, Sanction
from functions.rooms.seats import Seat
from functions.rooms.words import Lists
from functions.usecases.sweeper import Sweeper
from tests.functions.conftest import NOW, Clock, MemoryLog, route_event


async def test_who_connects_has_a_seat_and_is_announced_on_both_topics(parts: MessageParts, log: MemoryLog) -> None:
    assert await connect.main(route_event(), parts) == {
        "statusCode": 200,
        "headers": {"Sec-WebSocket-Protocol": "live.v1"},
    }
    (live,), (saved,) = log.live, log.saved
    assert live == saved
    assert (live.type, live.who.user_id, live.who.username, live.who.avatar) == (events.JOIN, "alice", "Alice", "face")
    assert (live.who.connection_id, live.online, live.likes, live.time) == ("c-alice", 1, 0, NOW)
    assert (await parts.state.figures(42)).online == 1


async def test_a_classic_client_is_told_no_subprotocol(parts: MessageParts) -> None:
    assert await connect.main(route_event(framing="classic"), parts) == {"statusCode": 200, "headers": {}}


async def test_a_further_seat_is_not_announced_but_the_relay_is_told_of_it(parts: MessageParts, log: MemoryLog) -> None:
    await connect.main(route_event(connection_id="c1"), parts)
    await connect.main(route_event(connection_id="c2"), parts)
    assert [event.type for event in log.live] == [events.JOIN, events.SEATED]
    assert [event.type for event in log.saved] == [events.JOIN]


async def test_a_malformed_query_is_refused_with_its_reason(parts: MessageParts, log: MemoryLog) -> None:
    event = route_event()
    event["requestContext"]["authorizer"] = {"malformed": "username must have 1-32 characters"}
    answer = await connect.main(event, parts)
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"]) == {"message": "username must have 1-32 characters"}
    assert log.live == []


async def test_without_redis_nobody_is_let_in(parts_without_redis: MessageParts, log: MemoryLog) -> None:
    assert (await connect.main(route_event(), parts_without_redis))["statusCode"] == 503
    assert log.live == []


async def test_without_kafka_nobody_is_let_in_and_no_seat_is_kept(parts: MessageParts, log: MemoryLog) -> None:
    log.live_is_away = True
    assert (await connect.main(route_event(), parts))["statusCode"] == 503
    figures = await parts.state.figures(42)
    assert (figures.online, figures.connections) == (0, 0)


async def test_who_may_have_been_announced_and_is_refused_is_said_to_have_left_by_the_next_sweep(
    parts: MessageParts, log: MemoryLog, redis: RedisCluster, clock: Clock
) -> None:
    sweeper = Sweeper(parts, SweepState(redis, heartbeat_seconds=60), lease=120_000)
    for failing in ("live_stands_still", "save_is_away", "save_stands_still"):
        log.live.clear()
        setattr(log, failing, True)
        assert (await connect.main(route_event(), parts))["statusCode"] == 503, failing
        setattr(log, failing, False)
        log.wake()
        await sweeper.sweep()
        assert [event.type for event in log.live] == [events.JOIN, events.LEAVE], failing
        assert (await parts.state.figures(42)).connections == 0, failing


async def test_who_comes_again_after_such_a_refusal_is_announced(parts: MessageParts, log: MemoryLog) -> None:
    log.live_stands_still = True
    assert (await connect.main(route_event(), parts))["statusCode"] == 503
    log.live_stands_still = False
    assert (await connect.main(route_event(connection_id="c2"), parts))["statusCode"] == 200
    assert [event.type for event in log.live] == [events.JOIN]


async def test_a_further_seat_of_which_nobody_is_told_is_given_up_at_once(parts: MessageParts, log: MemoryLog) -> None:
    await connect.main(route_event(), parts)
    log.live_stands_still = True
    assert (await connect.main(route_event(connection_id="c2"), parts))["statusCode"] == 503
    assert (await parts.state.figures(42)).connections == 1


class NoList(RoomState):
    """Redis of which the node with the list of rooms is away, while that with the room is slow."""

    async def join(self, seat: Seat, identity: Identity, now: int, *, since: str = "") -> Joined | Banned | TooOften:
        await super().figures(identity.activity_id)
        return await super().join(seat, identity, now, since=since)

    async def list_room(self, activity_id: int, now: int) -> None:
        raise StateUnavailable("no list")


async def test_who_cannot_be_listed_is_not_let_in_and_has_no_seat(
    parts: MessageParts, redis: RedisCluster, log: MemoryLog
) -> None:
    without = replace(parts, state=NoList(redis, heartbeat_seconds=60))
    assert (await connect.main(route_event(), without))["statusCode"] == 503
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert (await parts.state.figures(42)).connections == 0
    assert log.live == []


async def test_a_second_tab_that_cannot_be_announced_costs_no_watch_time(
    parts: MessageParts, log: MemoryLog, clock: Clock
) -> None:
    await connect.main(route_event(connection_id="c1"), parts)
    clock.now += 50_000
    log.live_is_away = True
    assert (await connect.main(route_event(connection_id="c2"), parts))["statusCode"] == 503
    log.live_is_away = False
    clock.now += 10_000
    await disconnect.main(route_event(connection_id="c1"), parts)
    assert log.saved[-1].watch_seconds == 60.0


@pytest.mark.parametrize("till", [FOR_GOOD, NOW + 1000])
async def test_who_is_banned_is_not_let_in(parts: MessageParts, log: MemoryLog, redis: RedisCluster, till: int) -> None:
    await ModerationState(redis).sanction("bans", 42, "alice", Sanction(until=till))
    answer = await connect.main(route_event(), parts)
    assert answer["statusCode"] == 403
    assert json.loads(answer["body"]) == {"message": "you are banned from this room"}
    assert log.live == log.saved == []
    assert (await connect.main(route_event("bob"), parts))["statusCode"] == 200


async def test_who_comes_too_often_is_told_to_wait_and_nobody_hears_of_it(
    parts: MessageParts, log: MemoryLog, redis: RedisCluster
) -> None:
    limits = Limits(joins=Rate(burst=1, per_second=0.1))
    strict = replace(parts, state=RoomState(redis, heartbeat_seconds=60, limits=limits))
    assert (await connect.main(route_event(connection_id="c1"), strict))["statusCode"] == 200
    log.live.clear()
    answer = await connect.main(route_event(connection_id="c2"), strict)
    assert answer["statusCode"] == 429
    assert json.loads(answer["body"]) == {"message": "you open connections to this room too often, try again later"}
    assert log.live == []
    assert (await parts.state.figures(42)).connections == 1


async def test_a_name_with_a_rejected_word_is_refused_and_one_with_a_masked_word_is_masked(
    parts: MessageParts, log: MemoryLog
) -> None:
    await parts.words.write(Lists(mask=("bob",), reject=("alice",)))
    answer = await connect.main(route_event("alice"), parts)
    assert answer["statusCode"] == 400
    assert log.live == []
    assert (await connect.main(route_event("bob"), parts))["statusCode"] == 200
    assert [event.who.username for event in log.live] == ["***"]


async def test_the_cursor_that_a_client_resumes_from_is_kept_with_its_seat(
    parts: MessageParts, redis: RedisCluster
) -> None:
    await connect.main(route_event() | {"queryStringParameters": {"activityId": "42", "since": "e1.17"}}, parts)
    assert list((await redis.hgetall(RoomKeys(42).since)).values()) == ["e1.17"]
