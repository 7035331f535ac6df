from dataclasses import replace
from typing import Any

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.keys import EMPTY_SECONDS, RoomKeys
from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.redis.relay_state import SEATS_A_CALL, USERS_A_CALL, RelayState
from functions.adapters.redis.room_state import RoomState
from functions.rooms.answers import Left
from functions.rooms.events import CHAT, JOIN, LEAVE, SEATED, Like
from functions.rooms.history import NOWHERE
from functions.rooms.identity import Identity
from functions.rooms.marks import Mark
from functions.rooms.room_view import Posted, RoomView, Standing, Told
from functions.rooms.seats import HANDSHAKE_MS, Seat
from functions.rooms.watch_time import Stretch
from tests.functions.made import event

NOW = 1_700_000_000_000


def relay(redis: RedisCluster, slice_: int = 0, slices: int = 1) -> RelayState:
    return RelayState(redis, slice_=slice_, slices=slices, heartbeat_seconds=60)


async def look(redis: RedisCluster, room: int = 42, slice_: int = 0, slices: int = 1) -> RoomView:
    """The room as a slice sees it whose batch holds one like."""
    like = Like(activity_id=room, time=NOW, seq=1000, logged_at=NOW)
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
    batch = {room: [Like(activity_id=room, time=NOW, seq=1, logged_at=NOW)] for room in (6, 9, 5)}
    rooms = await relay(redis).before(batch, NOW)
    assert [room.online for room in rooms] == [2, 0, 1]


async def test_a_rooms_rules_are_read(redis: RedisCluster) -> None:
    await redis.hset("room:{42}:figures", mapping={"slow": "5", "frozen": "1"})
    assert (await look(redis)).settings == {"slowModeSeconds": 5, "frozen": True}


async def test_a_mark_is_each_slices_own(state: RoomState, redis: RedisCluster) -> None:
    await join(state, 1)
    await relay(redis, 0, 2).after([Posted(activity_id=42, mark=Mark(17, NOW))], NOW)
    assert (await look(redis, slice_=0, slices=2)).mark == Mark(17, NOW)
    assert (await look(redis, slice_=1, slices=2)).mark is None


async def test_a_mark_of_a_log_that_was_lost_is_none(state: RoomState, redis: RedisCluster) -> None:
    await join(state, 1)
    await relay(redis).after([Posted(activity_id=42, mark=Mark(17, NOW))], NOW)

    async def mark(seq: int, logged_at: int) -> Mark | None:
        like = Like(activity_id=42, time=NOW, seq=seq, logged_at=logged_at)
        return (await relay(redis).before({42: [like]}, NOW))[0].mark

    assert await mark(18, NOW + 60_000) == Mark(17, NOW)
    # What was shown comes again; the clock that stamped it may be a little ahead.
    assert await mark(17, NOW) == await mark(12, NOW + 1000) == Mark(17, NOW)
    assert await mark(17, NOW + 1001) is None


async def test_a_welcomed_seat_is_no_newcomer_any_more(state: RoomState, redis: RedisCluster) -> None:
    alice, bob = await join(state, 1), await join(state, 2)
    await relay(redis).after([Posted(activity_id=42, mark=None, welcomed=[alice])], NOW)
    room = await look(redis)
    assert room.newcomers == {bob: NOW}
    assert set(room.seats) == {alice, bob}


async def test_dead_seats_are_given_up_once(state: RoomState, redis: RedisCluster) -> None:
    alice, bob = await join(state, 1), await join(state, 2)
    dead = [Posted(activity_id=42, mark=None, gone=[alice])]
    (departure,), _ = await relay(redis).after(dead, NOW)
    assert (departure.activity_id, departure.seat) == (42, alice)
    assert departure.left == Left(
        last=True, ended_at=NOW, watched=Stretch(NOW, NOW, 0), username="U1", online=1, likes=0
    )
    assert await relay(redis).after(dead, NOW) == ([], None)
    assert (await look(redis)).seats == [bob]


async def test_many_dead_seats_take_few_calls(state: RoomState, redis: RedisCluster) -> None:
    seats = [await join(state, number) for number in range(SEATS_A_CALL + 7)]
    room = Posted(activity_id=42, mark=None, welcomed=seats, gone=seats)
    departures, _ = await relay(redis).after([room], NOW)
    assert {departure.seat for departure in departures} == set(seats)
    assert (await state.figures(42)).connections == 0


async def test_a_room_whose_first_chat_has_an_id_has_it_in_its_history(
    redis: RedisCluster, admin: RedisCluster
) -> None:
    """The server knows the other scripts of the batch, and not yet the one that settles ids."""
    slice_ = relay(redis)
    await admin.script_flush()
    await slice_.before({42: [event(JOIN, seq=1, logged_at=NOW)]}, NOW)
    said: dict[str, Any] = {"user_id": "u", "logged_at": NOW}
    batch = [event(seq=2, client_id="c1", **said), event(seq=3, client_id="c1", **said), event(seq=4, **said)]
    [view] = await slice_.before({42: batch}, NOW)
    assert view.duplicates == {3}
    assert [seq for seq, _ in await redis.xrange("room:{42}:history") or []] == ["2-0", "4-0"]


async def test_a_seat_that_missed_a_frame_is_a_newcomer_again_with_a_cursor(
    state: RoomState, redis: RedisCluster
) -> None:
    alice, bob = await join(state, 1), await join(state, 2)
    await relay(redis).after([Posted(activity_id=42, mark=None, welcomed=[alice, bob])], NOW)
    await relay(redis).after([Posted(activity_id=42, mark=Mark(17, NOW), missed={alice: "e1.9!"})], NOW)
    room = await look(redis)
    # Its handshake has long been over.
    assert room.newcomers == {alice: NOW - HANDSHAKE_MS}
    assert (room.cursors, room.mark) == ({alice: "e1.9!"}, Mark(17, NOW))
    assert await redis.ttl("room:{42}:since") > 0


async def test_a_newcomer_that_missed_its_welcome_came_when_it_came(state: RoomState, redis: RedisCluster) -> None:
    alice = await join(state, 1)
    await relay(redis).after([Posted(activity_id=42, mark=None, missed={alice: "e1.9"})], NOW + 5)
    room = await look(redis)
    assert (room.newcomers, room.cursors) == ({alice: NOW}, {alice: "e1.9"})


async def test_a_seat_that_was_given_up_meanwhile_does_not_come_back(state: RoomState, redis: RedisCluster) -> None:
    alice = await join(state, 1)
    await state.leave(alice, 42, NOW)
    await relay(redis).after([Posted(activity_id=42, mark=None, missed={alice: "e1.9"})], NOW)
    room = await look(redis)
    assert (room.newcomers, room.cursors, room.seats, room.online) == ({}, {}, [], 0)
    assert await redis.exists("room:{42}:since") == 0


async def test_many_seats_that_missed_a_frame_take_few_calls(state: RoomState, redis: RedisCluster) -> None:
    seats = [await join(state, number) for number in range(SEATS_A_CALL + 7)]
    await relay(redis).after([Posted(activity_id=42, mark=None, welcomed=seats)], NOW)
    await relay(redis).after([Posted(activity_id=42, mark=None, missed=dict.fromkeys(seats, "e1.9"))], NOW)
    room = await look(redis)
    assert (set(room.newcomers), set(room.cursors)) == (set(seats), set(seats))


async def test_a_seat_that_is_put_back_is_welcomed_again_and_told_of_a_gap(
    state: RoomState, redis: RedisCluster
) -> None:
    """It was given up, and ticks went by, until it was known that its leave could not be published."""
    alice = await join(state, 1)
    await relay(redis).after([Posted(activity_id=42, mark=Mark(9, NOW), welcomed=[alice])], NOW)
    left = await state.leave(alice, 42, NOW)
    assert left is not None
    assert (await look(redis)).seats == []
    await state.put_back(alice, 42, left)
    room = await look(redis)
    assert (room.newcomers, room.cursors, room.seats) == ({alice: NOW - HANDSHAKE_MS}, {alice: NOWHERE}, [alice])
    assert await redis.ttl("room:{42}:since") > 0


async def test_what_was_told_of_a_user_is_unsure_once_redis_has_forgotten_it(
    state: RoomState, redis: RedisCluster
) -> None:
    alice, mine = await join(state, 1), relay(redis)
    seated = replace(event(SEATED, user_id="u1", seq=11), logged_at=NOW)
    (view,) = await mine.before({42: [replace(event(CHAT, user_id="u1", seq=10), logged_at=NOW)]}, NOW)
    mine.telling(42, {"u1": "left"})
    await mine.after([Posted(activity_id=42, mark=Mark(10, NOW), told={"u1": "left"})], NOW)
    (view,) = await mine.before({42: [seated]}, NOW)
    assert view.users["u1"] == Standing(is_present=True, told="left")
    await redis.delete(*[key async for key in redis.scan_iter("*")])
    await state.join(alice, Identity(activity_id=42, user_id="u1", username="U1", framing="live.v1"), NOW)
    (view,) = await mine.before({42: [seated]}, NOW)
    assert view.users["u1"] == Standing(is_present=True, told="unsure")
    # Another process has told nobody of her.
    (view,) = await relay(redis).before({42: [seated]}, NOW)
    assert view.users == {}


async def test_what_was_told_of_a_user_and_could_not_be_noted_is_unsure(state: RoomState, redis: RedisCluster) -> None:
    await join(state, 1)
    mine = relay(redis)
    left, joined = event(LEAVE, user_id="u1", seq=10), event(JOIN, user_id="u1", seq=11)
    await mine.before({42: [left]}, NOW)
    mine.telling(42, {"u1": "left"})
    (view,) = await mine.before({42: [left, joined]}, NOW)
    assert view.users["u1"] == Standing(is_present=True, told="unsure")
    await mine.after([Posted(activity_id=42, mark=Mark(11, NOW), told={"u1": "joined"})], NOW)
    (view,) = await mine.before({42: [joined]}, NOW)
    assert view.users["u1"] == Standing(is_present=True)


async def test_no_call_has_more_arguments_than_elasticache_takes(redis: RedisCluster) -> None:
    seats = [Seat(f"c{number}", "live.v1", "u") for number in range(2 * SEATS_A_CALL)]
    posted = Posted(activity_id=42, mark=None, welcomed=seats, gone=seats, missed=dict.fromkeys(seats, "e1.9"))
    told: dict[str, Told] = {f"u{number}": "left" for number in range(2 * USERS_A_CALL)}
    posted = replace(posted, told=told)
    joins = [event(JOIN, user_id=f"u{number}", seq=number) for number in range(2 * USERS_A_CALL)]
    slice_ = relay(redis)
    for call in (*slice_._calls_after(posted, NOW), *slice_._calls_before(slice_._batch(joins), NOW)):
        assert len(call.keys) + len(call.arguments) < 3_999


async def test_a_mark_that_is_noted_late_moves_nothing_back(state: RoomState, redis: RedisCluster) -> None:
    """By a process that was frozen while another one went on."""
    await join(state, 1)
    await relay(redis).after([Posted(activity_id=42, mark=Mark(2000, NOW + 5))], NOW)
    await relay(redis).after([Posted(activity_id=42, mark=Mark(1500, NOW))], NOW)
    assert (await look(redis)).mark == Mark(2000, NOW + 5)
    # In a new log a lower seq is a later one.
    await relay(redis).after([Posted(activity_id=42, mark=Mark(3, NOW + 60_000))], NOW)
    assert (await look(redis)).mark == Mark(3, NOW + 60_000)


async def kept_for(redis: RedisCluster) -> int:
    """The seconds for which the figures are kept, after a slice has posted once more."""
    mark = Mark(2000, NOW)
    await relay(redis).after([Posted(activity_id=42, mark=mark)], NOW)
    found = await redis.ttl(RoomKeys(42).figures)
    assert (await look(redis)).mark == mark
    return int(found)


async def test_a_room_that_nobody_has_been_to_is_soon_forgotten_whatever_is_recorded_of_it(
    redis: RedisCluster,
) -> None:
    assert EMPTY_SECONDS - 60 < await kept_for(redis) <= EMPTY_SECONDS


async def test_a_room_is_kept_while_somebody_sits_there_and_soon_forgotten_when_nobody_does(
    state: RoomState, redis: RedisCluster
) -> None:
    seat = await join(state, 1)
    assert await kept_for(redis) > EMPTY_SECONDS
    await state.leave(seat, 42, NOW)
    assert await kept_for(redis) <= EMPTY_SECONDS
    await join(state, 2)
    assert await redis.ttl(RoomKeys(42).figures) > EMPTY_SECONDS
    assert (await look(redis)).mark == Mark(2000, NOW)


async def test_likes_and_settings_of_an_empty_room_are_kept(state: RoomState, redis: RedisCluster) -> None:
    moderation = ModerationState(redis)
    await moderation.change_rules(42, slow_mode_seconds=5, frozen=None)
    assert await kept_for(redis) > EMPTY_SECONDS
    await moderation.change_rules(42, slow_mode_seconds=0, frozen=True)
    assert await kept_for(redis) > EMPTY_SECONDS
    await moderation.change_rules(42, slow_mode_seconds=None, frozen=False)
    assert await kept_for(redis) <= EMPTY_SECONDS
    await redis.hset(RoomKeys(42).figures, "likes", "1")
    assert await kept_for(redis) > EMPTY_SECONDS
