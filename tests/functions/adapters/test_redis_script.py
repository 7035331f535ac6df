"""A script whose answer is lost is run again, and changes everything once."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.relay_state import RelayState, RoomAfter
from functions.adapters.room_answers import Accepted, Joined, Kind, Left, Rate
from functions.adapters.room_state import RoomState
from functions.adapters.sweep_state import SweepState
from functions.rooms.identity import Identity
from functions.rooms.seats import Seat
from functions.rooms.watch_time import Earned
from tests.functions.adapters.lossy_redis import LossyRedis, lossy
from tests.functions.conftest import NOW

ALICE = Identity(activity_id=42, user_id="alice", username="Alice", avatar="", framing="live.v1")
SEAT = Seat.of("c1", ALICE)
LEFT = Left(last=True, watched=Earned(30_000, NOW + 30_000, NOW), username="Alice", online=0, likes=0)


@pytest.fixture
async def proxy(clean_redis: str) -> AsyncIterator[LossyRedis]:
    async with lossy(clean_redis) as proxy:
        yield proxy


@pytest.fixture
async def redis(proxy: LossyRedis) -> AsyncIterator[RedisCluster]:
    async with aclosing(proxy.client()) as redis:
        await redis.ping()
        yield redis


@pytest.fixture
def state(redis: RedisCluster) -> RoomState:
    return RoomState(redis, heartbeat_seconds=60)


async def accept(state: RoomState, kind: Kind, now: int, count: int = 0) -> Accepted:
    rate = Rate(burst=5, per_second=2)
    accepted = await state.accept(SEAT, ALICE, now, kind=kind, rate=rate, count=count)
    assert isinstance(accepted, Accepted)
    return accepted


async def test_who_joins_is_the_first(state: RoomState, proxy: LossyRedis) -> None:
    proxy.lose = 1
    assert await state.join(SEAT, ALICE, NOW) == Joined(first=True, online=1, likes=0)
    assert proxy.lost == 1


async def test_a_heartbeat_earns_what_it_earns_and_likes_count_once(state: RoomState, proxy: LossyRedis) -> None:
    await state.join(SEAT, ALICE, NOW)
    await accept(state, "who", NOW)
    proxy.lose = 1
    assert (await accept(state, "heartbeat", NOW + 60_000)).watched.ms == 60_000
    proxy.lose = 1
    assert (await accept(state, "like", NOW + 61_000, count=10)).likes == 10
    assert (proxy.lost, (await state.figures(42)).likes) == (2, 10)


async def test_who_leaves_has_left(state: RoomState, proxy: LossyRedis) -> None:
    await state.join(SEAT, ALICE, NOW)
    proxy.lose = 1
    assert await state.leave(SEAT, 42, NOW + 30_000) == LEFT
    assert await state.leave(SEAT, 42, NOW + 30_000) is None


async def test_what_is_put_back_and_undone_is_so_once(state: RoomState, proxy: LossyRedis) -> None:
    await state.join(SEAT, ALICE, NOW)
    left = await state.leave(SEAT, 42, NOW + 30_000)
    assert left is not None
    proxy.lose = 1
    await state.put_back(SEAT, 42, left)
    assert (await state.figures(42)).connections == 1
    left = await state.leave(SEAT, 42, NOW + 30_000)
    assert left == LEFT


async def test_who_is_swept_is_told_of(state: RoomState, redis: RedisCluster, proxy: LossyRedis) -> None:
    await state.join(SEAT, ALICE, NOW)
    proxy.lose = 1
    [swept] = await SweepState(redis, heartbeat_seconds=60).sweep([42], lapsed_before=NOW + 1, taken_before=NOW)
    assert [departure.seat for departure in swept.departures] == [SEAT]
    assert proxy.lost == 1


async def test_whom_a_relay_found_gone_is_told_of(state: RoomState, redis: RedisCluster, proxy: LossyRedis) -> None:
    await state.join(SEAT, ALICE, NOW)
    relay = RelayState(redis, slice_=0, slices=1, heartbeat_seconds=60)
    proxy.lose = 1
    departed, failure = await relay.after([RoomAfter(activity_id=42, mark=None, gone=[SEAT])], NOW + 30_000)
    assert [departure.left for departure in departed] == [LEFT]
    assert failure is None


async def test_an_answer_is_kept_for_as_long_as_it_may_be_asked_for(state: RoomState, redis: RedisCluster) -> None:
    await state.join(SEAT, ALICE, NOW)
    [call] = [key async for key in redis.scan_iter("room:{42}:call:*")]
    assert 0 < await redis.pttl(call) <= 15_000
