from redis.asyncio.cluster import RedisCluster

from functions.adapters.relay_state import SEATS_A_CALL, RelayState, RoomAfter
from functions.adapters.room_state import RoomState
from functions.rooms.identity import Identity
from functions.rooms.marks import Mark
from functions.rooms.seats import Seat

NOW = 1_700_000_000_000


def relay(redis: RedisCluster, slice_: int = 0, slices: int = 1) -> RelayState:
    return RelayState(redis, slice_=slice_, slices=slices, heartbeat_seconds=60)


async def join(state: RoomState, number: int, room: int = 42) -> Seat:
    identity = Identity(activity_id=room, user_id=f"u{number}", username=f"U{number}", framing="live.v1")
    seat = Seat(f"connection-{number}", "live.v1", f"u{number}")
    await state.join(seat, identity, NOW)
    return seat


async def test_a_room_that_nobody_has_been_to_is_empty(redis: RedisCluster) -> None:
    (room,) = await relay(redis).before([7])
    assert (room.online, room.likes, room.epoch, room.mark, room.seats, room.newcomers) == (0, 0, "", None, [], {})


async def test_slices_share_a_rooms_seats_and_newcomers(state: RoomState, redis: RedisCluster) -> None:
    seats = {await join(state, number) for number in range(50)}
    shares = [(await relay(redis, slice_, 4).before([42]))[0] for slice_ in range(4)]
    assert sorted(seat.connection_id for share in shares for seat in share.seats) == sorted(
        seat.connection_id for seat in seats
    )
    assert all(set(share.newcomers) == set(share.seats) for share in shares)
    assert all(len(share.seats) > 0 for share in shares)


async def test_the_number_of_slices_can_change_at_any_time(state: RoomState, redis: RedisCluster) -> None:
    seats = {await join(state, number) for number in range(50)}
    for slices in (1, 3, 8):
        shares = [(await relay(redis, slice_, slices).before([42]))[0] for slice_ in range(slices)]
        assert {seat for share in shares for seat in share.seats} == seats


async def test_rooms_come_back_in_the_order_asked_for(state: RoomState, redis: RedisCluster) -> None:
    await join(state, 1, room=5)
    await join(state, 1, room=6)
    await join(state, 2, room=6)
    rooms = await relay(redis).before([6, 9, 5])
    assert [room.online for room in rooms] == [2, 0, 1]


async def test_a_mark_is_each_slices_own(state: RoomState, redis: RedisCluster) -> None:
    await join(state, 1)
    await relay(redis, 0, 2).after([RoomAfter(activity_id=42, mark=Mark(17, NOW))], NOW)
    (first,) = await relay(redis, 0, 2).before([42])
    (second,) = await relay(redis, 1, 2).before([42])
    assert (first.mark, second.mark) == (Mark(17, NOW), None)


async def test_a_welcomed_seat_is_no_newcomer_any_more(state: RoomState, redis: RedisCluster) -> None:
    alice, bob = await join(state, 1), await join(state, 2)
    await relay(redis).after([RoomAfter(activity_id=42, mark=None, welcomed=[alice])], NOW)
    (room,) = await relay(redis).before([42])
    assert room.newcomers == {bob: NOW}
    assert set(room.seats) == {alice, bob}


async def test_a_new_epoch_replaces_the_old_one(state: RoomState, redis: RedisCluster) -> None:
    await join(state, 1)
    (before,) = await relay(redis).before([42])
    await relay(redis).after([RoomAfter(activity_id=42, mark=None, epoch="abc")], NOW)
    (after,) = await relay(redis).before([42])
    assert before.epoch
    assert after.epoch == "abc"


async def test_dead_seats_are_given_up_once(state: RoomState, redis: RedisCluster) -> None:
    alice, bob = await join(state, 1), await join(state, 2)
    dead = [RoomAfter(activity_id=42, mark=None, gone=[alice])]
    (departure,) = await relay(redis).after(dead, NOW)
    assert (departure.activity_id, departure.seat, departure.username, departure.last) == (42, alice, "U1", True)
    assert departure.online == 1
    assert await relay(redis).after(dead, NOW) == []
    assert (await relay(redis).before([42]))[0].seats == [bob]


async def test_many_dead_seats_take_few_calls(state: RoomState, redis: RedisCluster) -> None:
    seats = [await join(state, number) for number in range(SEATS_A_CALL + 7)]
    room = RoomAfter(activity_id=42, mark=None, welcomed=seats, gone=seats)
    departures = await relay(redis).after([room], NOW)
    assert {departure.seat for departure in departures} == set(seats)
    assert (await state.figures(42)).connections == 0
