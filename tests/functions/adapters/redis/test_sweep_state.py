from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.sweep_state import FORGET_AFTER_MS, SEATS_A_CALL, SweepState, SweptRoom
from functions.rooms.identity import Identity
from functions.rooms.seats import Seat

NOW = 1_700_000_000_000
LEASE = 120_000


async def join(state: RoomState, user: str, connection: str, now: int, room: int = 42) -> Seat:
    identity = Identity(activity_id=room, user_id=user, username=user.title(), framing="live.v1")
    seat = Seat(connection, "live.v1", user)
    await state.join(seat, identity, now)
    await state.list_room(room, now)
    return seat


async def sweep(sweeper: SweepState, now: int, room: int = 42) -> SweptRoom:
    (swept,) = await sweeper.sweep([room], now=now, expired_before=now - LEASE, taken_before=now - 5000)
    return swept


async def test_only_lapsed_seats_are_given_up(state: RoomState, redis: RedisCluster) -> None:
    sweeper = SweepState(redis, heartbeat_seconds=60)
    gone = await join(state, "alice", "c1", NOW - LEASE - 1)
    await join(state, "bob", "c2", NOW - LEASE)
    swept = await sweep(sweeper, NOW)
    assert [(one.seat, one.left.username, one.left.last) for one in swept.departures] == [(gone, "Alice", True)]
    assert (swept.online, swept.seats, swept.removed) == (1, 1, 1)


async def test_a_user_stays_while_another_seat_lives(state: RoomState, redis: RedisCluster) -> None:
    await join(state, "alice", "c1", NOW - LEASE - 1)
    await join(state, "alice", "c2", NOW)
    swept = await sweep(SweepState(redis, heartbeat_seconds=60), NOW)
    assert [departure.left.last for departure in swept.departures] == [False]
    assert swept.online == 1


async def test_a_swept_seat_has_watched_until_its_last_sign_of_life(state: RoomState, redis: RedisCluster) -> None:
    await join(state, "alice", "c1", NOW)
    swept = await sweep(SweepState(redis, heartbeat_seconds=60), NOW + LEASE + 1)
    assert [departure.left.watched.earned for departure in swept.departures] == [0]


async def test_a_room_with_more_lapsed_seats_than_one_call_takes_is_swept_in_several(
    state: RoomState, redis: RedisCluster
) -> None:
    sweeper = SweepState(redis, heartbeat_seconds=60)
    for number in range(SEATS_A_CALL + 20):
        await join(state, f"u{number}", f"c{number}", NOW - LEASE - 1)
    first, second = await sweep(sweeper, NOW), await sweep(sweeper, NOW)
    assert (first.removed, second.removed) == (SEATS_A_CALL, 20)
    assert len({left.seat for left in (*first.departures, *second.departures)}) == SEATS_A_CALL + 20
    assert second.seats == second.online == 0


async def test_a_sweep_counts_a_room_anew(state: RoomState, redis: RedisCluster) -> None:
    await join(state, "alice", "c1", NOW)
    await redis.hset("room:{42}:figures", mapping={"online": 99, "seats": -3})
    await sweep(SweepState(redis, heartbeat_seconds=60), NOW)
    figures = await state.figures(42)
    assert (figures.online, figures.connections) == (1, 1)


async def test_newcomers_who_wait_for_their_welcome_are_counted(state: RoomState, redis: RedisCluster) -> None:
    sweeper = SweepState(redis, heartbeat_seconds=60)
    await join(state, "alice", "c1", NOW)
    assert (await sweep(sweeper, NOW + 4_000)).unwelcomed == 0
    assert (await sweep(sweeper, NOW + 6_000)).unwelcomed == 1


async def test_an_empty_room_is_forgotten_unless_somebody_came_lately(state: RoomState, redis: RedisCluster) -> None:
    sweeper = SweepState(redis, heartbeat_seconds=60)
    await state.list_room(1, NOW - FORGET_AFTER_MS - 1)
    await state.list_room(2, NOW)
    await sweeper.forget([1, 2, 3], NOW)
    assert await sweeper.rooms() == [2]
