from redis.asyncio.cluster import RedisCluster

from functions.adapters.relay_state import SEATS_A_CALL, RelayState, RoomAfter, RoomBefore
from functions.adapters.room_answers import Left
from functions.adapters.room_state import RoomState
from functions.rooms import events
from functions.rooms.events import Event
from functions.rooms.identity import Identity
from functions.rooms.marks import Mark
from functions.rooms.seats import Seat
from functions.rooms.watch_time import Earned

NOW = 1_700_000_000_000


def relay(redis: RedisCluster, slice_: int = 0, slices: int = 1) -> RelayState:
    return RelayState(redis, slice_=slice_, slices=slices, heartbeat_seconds=60)


async def look(redis: RedisCluster, room: int = 42, slice_: int = 0, slices: int = 1) -> RoomBefore:
    """The room as a slice sees it whose batch holds one like."""
    like = Event(activity_id=room, type=events.LIKE, time=NOW, seq=1000, logged_at=NOW)
    (before,) = await relay(redis, slice_, slices).before({room: [like]}, NOW)
    return before


async def join(state: RoomState, number: int, room: int = 42) -> Seat:
    identity = Identity(activity_id=room, user_id=f"u{number}", username=f"U{number}", framing="live.v1")
    seat = Seat(f"connection-{number}", "live.v1", f"u{number}")
    await state.join(seat, identity, NOW)
    return seat


async def test_a_room_that_nobody_has_been_to_is_empty_and_stays_so(redis: RedisCluster) -> None:
    room = await look(redis, 7)
    assert (room.online, room.likes, room.mark, room.seats, room.newcomers, room.cursors) == (0, 0, None, [], {}, {})
    assert room.settings == {"slowModeSeconds": 0, "frozen": False}
    assert (room.history.epoch, room.history.entries) == ("", [])
    assert [key async for key in redis.scan_iter("*")] == []


async def test_slices_share_a_rooms_seats_and_newcomers(state: RoomState, redis: RedisCluster) -> None:
    seats = {await join(state, number) for number in range(50)}
    shares = [await look(redis, slice_=slice_, slices=4) for slice_ in range(4)]
    assert sorted(seat.connection_id for share in shares for seat in share.seats) == sorted(
        seat.connection_id for seat in seats
    )
    assert all(set(share.newcomers) == set(share.seats) for share in shares)
    assert all(len(share.seats) > 0 for share in shares)


async def test_the_number_of_slices_can_change_at_any_time(state: RoomState, redis: RedisCluster) -> None:
    seats = {await join(state, number) for number in range(50)}
    for slices in (1, 3, 8):
        shares = [await look(redis, slice_=slice_, slices=slices) for slice_ in range(slices)]
        assert {seat for share in shares for seat in share.seats} == seats


async def test_rooms_come_back_in_the_order_asked_for(state: RoomState, redis: RedisCluster) -> None:
    await join(state, 1, room=5)
    await join(state, 1, room=6)
    await join(state, 2, room=6)
    batch = {room: [Event(activity_id=room, type=events.LIKE, time=NOW, seq=1, logged_at=NOW)] for room in (6, 9, 5)}
    rooms = await relay(redis).before(batch, NOW)
    assert [room.online for room in rooms] == [2, 0, 1]


async def test_a_rooms_rules_are_read(redis: RedisCluster) -> None:
    await redis.hset("room:{42}:figures", mapping={"slow": "5", "frozen": "1"})
    assert (await look(redis)).settings == {"slowModeSeconds": 5, "frozen": True}


async def test_a_mark_is_each_slices_own(state: RoomState, redis: RedisCluster) -> None:
    await join(state, 1)
    await relay(redis, 0, 2).after([RoomAfter(activity_id=42, mark=Mark(17, NOW))], NOW)
    assert (await look(redis, slice_=0, slices=2)).mark == Mark(17, NOW)
    assert (await look(redis, slice_=1, slices=2)).mark is None


async def test_a_mark_of_a_log_that_was_lost_is_none(state: RoomState, redis: RedisCluster) -> None:
    await join(state, 1)
    await relay(redis).after([RoomAfter(activity_id=42, mark=Mark(17, NOW))], NOW)

    async def mark(seq: int, logged_at: int) -> Mark | None:
        like = Event(activity_id=42, type=events.LIKE, time=NOW, seq=seq, logged_at=logged_at)
        return (await relay(redis).before({42: [like]}, NOW))[0].mark

    assert await mark(18, NOW + 60_000) == Mark(17, NOW)
    # What was shown comes again; the clock that stamped it may be a little ahead.
    assert await mark(17, NOW) == await mark(12, NOW + 1000) == Mark(17, NOW)
    assert await mark(17, NOW + 1001) is None


async def test_a_welcomed_seat_is_no_newcomer_any_more(state: RoomState, redis: RedisCluster) -> None:
    alice, bob = await join(state, 1), await join(state, 2)
    await relay(redis).after([RoomAfter(activity_id=42, mark=None, welcomed=[alice])], NOW)
    room = await look(redis)
    assert room.newcomers == {bob: NOW}
    assert set(room.seats) == {alice, bob}


async def test_dead_seats_are_given_up_once(state: RoomState, redis: RedisCluster) -> None:
    alice, bob = await join(state, 1), await join(state, 2)
    dead = [RoomAfter(activity_id=42, mark=None, gone=[alice])]
    (departure,), _ = await relay(redis).after(dead, NOW)
    assert (departure.activity_id, departure.seat) == (42, alice)
    assert departure.left == Left(last=True, watched=Earned(0, NOW, NOW), username="U1", online=1, likes=0)
    assert await relay(redis).after(dead, NOW) == ([], None)
    assert (await look(redis)).seats == [bob]


async def test_many_dead_seats_take_few_calls(state: RoomState, redis: RedisCluster) -> None:
    seats = [await join(state, number) for number in range(SEATS_A_CALL + 7)]
    room = RoomAfter(activity_id=42, mark=None, welcomed=seats, gone=seats)
    departures, _ = await relay(redis).after([room], NOW)
    assert {departure.seat for departure in departures} == set(seats)
    assert (await state.figures(42)).connections == 0
