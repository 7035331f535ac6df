"""Attributes in a room's state: they stand in the user's line, and go with it."""

from collections.abc import Mapping
from typing import Any

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.keys import RoomKeys
from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.sweep_state import SweepState
from functions.rooms import objects
from functions.rooms.answers import Accepted, Rate
from functions.rooms.identity import Identity
from functions.rooms.payload import FRAME_BYTES
from functions.rooms.people import FIRST, Place
from functions.rooms.seats import Seat, bucket_of
from tests.functions.adapters.redis.test_room_state import NOW

HOST = {"role": "host", "quote": '"\\{}', "徽章": "👑"}
PLENTY = Rate(burst=10_000, per_second=10_000)


def person(user: str, attributes: Mapping[str, str], name: str = "") -> Identity:
    return Identity(activity_id=42, user_id=user, username=name or user.title(), attributes=attributes)


async def join(state: RoomState, who: Identity, connection: str = "c1", now: int = NOW) -> Seat:
    seat = Seat.of(connection, who)
    await state.join(seat, who, now)
    return seat


async def beat(state: RoomState, who: Identity, connection: str = "c1", now: int = NOW) -> None:
    taken = await state.accept(Seat.of(connection, who), who, now, connected_at=NOW, kind="heartbeat", rate=PLENTY)
    assert isinstance(taken, Accepted)


async def shown(state: RoomState) -> list[Any]:
    return list((await state.who(42, limit=200)).users)


async def line(redis: RedisCluster, users: str) -> str:
    return str(await redis.hget(users, "alice"))


async def test_who_is_here_has_a_user_s_attributes_and_a_heartbeat_keeps_them(state: RoomState) -> None:
    alice = person("alice", HOST)
    await join(state, alice)
    await beat(state, alice, now=NOW + 30_000)
    assert await shown(state) == [("alice", "Alice", HOST)]


async def test_the_newest_seat_s_attributes_count_until_the_user_leaves(state: RoomState) -> None:
    first, second = person("alice", {"role": "host"}), person("alice", {"role": "guest"}, "Al")
    old, new = await join(state, first), await join(state, second, "c2")
    await beat(state, first, now=NOW + 1000)
    assert await shown(state) == [("alice", "Al", {"role": "guest"})]
    assert (await state.leave(new, 42, NOW + 2000)) is not None
    left = await state.leave(old, 42, NOW + 3000)
    assert left is not None
    assert (left.last, left.username, left.attributes) == (True, "Al", {"role": "guest"})


async def test_a_newest_seat_without_attributes_shows_none(state: RoomState) -> None:
    await join(state, person("alice", HOST))
    await join(state, person("alice", {}), "c2")
    assert await shown(state) == [("alice", "Alice", {})]


async def test_too_many_seats_and_a_departure_that_is_put_back_leave_them_as_they_are(state: RoomState) -> None:
    alice = person("alice", HOST)
    seats = [await join(state, alice, f"c{number}") for number in range(7)]
    assert await shown(state) == [("alice", "Alice", HOST)]
    for seat in seats[:5]:
        await state.leave(seat, 42, NOW)
    left = [await state.leave(seat, 42, NOW) for seat in seats[5:]]
    assert left[1] is not None
    assert await shown(state) == []
    await state.put_back(seats[6], 42, left[1])
    assert await shown(state) == [("alice", "Alice", HOST)]


async def test_a_departure_that_is_put_back_does_not_bring_older_attributes_back(state: RoomState) -> None:
    old = await join(state, person("alice", {"role": "host"}))
    left = await state.leave(old, 42, NOW)
    await join(state, person("alice", {"role": "guest"}), "c2")
    assert left is not None
    await state.put_back(old, 42, left)
    assert await shown(state) == [("alice", "Alice", {"role": "guest"})]


async def test_a_lost_line_is_harmless_and_a_heartbeat_brings_it_back(state: RoomState, redis: RedisCluster) -> None:
    alice = person("alice", HOST)
    await join(state, alice)
    (users,) = RoomKeys(42).users([bucket_of("alice")])
    await redis.delete(users)
    await beat(state, alice, now=NOW + 1000)
    assert await shown(state) == [("alice", "Alice", HOST)]
    await redis.delete(users)
    await SweepState(redis, heartbeat_seconds=60).sweep([42], now=NOW, expired_before=1, taken_before=0)
    assert await shown(state) == [("alice", "alice", {})]
    await beat(state, alice, now=NOW + 2000)
    assert await shown(state) == [("alice", "Alice", HOST)]


async def test_who_is_swept_leaves_with_attributes(state: RoomState, redis: RedisCluster) -> None:
    await join(state, person("alice", HOST))
    [swept] = await SweepState(redis, heartbeat_seconds=60).sweep([42], now=NOW, expired_before=NOW + 1, taken_before=0)
    assert [departure.left.attributes for departure in swept.departures] == [HOST]
    assert [event.who.attributes for event in swept.departures[0].to_events(NOW)] == [HOST]


async def test_a_user_without_attributes_takes_not_a_byte_more(state: RoomState, redis: RedisCluster) -> None:
    await join(state, person("alice", {}))
    (users,) = RoomKeys(42).users([bucket_of("alice")])
    assert await line(redis, users) == f"1:{NOW}:{NOW}:Alice\tc{bucket_of('c1')},c1"
    await join(state, person("alice", {"a": "b"}), "c2")
    assert (await line(redis, users)).startswith(f'2:{NOW}:{NOW}:Alice\t{{"a":"b"}}\tc')
    assert await redis.ttl(users) > 0


async def test_however_large_users_are_a_page_fits_into_a_frame_and_nobody_is_left_out(state: RoomState) -> None:
    people = [f"{'“' * 60}{number:03}" for number in range(80)] + [f'"\\{number:03}' for number in range(40)]
    for number, user in enumerate(people):
        await join(state, person(user, {"a": '"' * 250, "b": "é" * (number % 200)}, '"' * 32), f"c{number}")
    seen: list[str] = []
    after: Place | None = FIRST
    pages = 0
    while after is not None:
        page = await state.who(42, limit=200, after=after)
        reply = objects.accepted("x" * 64)
        told = objects.who_is_here(page.users, page.online, page.cursor) | {"id": "“" * 64}
        assert len(objects.array([objects.encode(reply), objects.encode(told)])) <= FRAME_BYTES
        assert page.users
        seen += [user.user_id for user in page.users]
        after, pages = page.following, pages + 1
    assert sorted(seen) == sorted(people)
    assert pages > 1
