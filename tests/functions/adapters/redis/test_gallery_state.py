"""Places and slots on a real Redis."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import connect
from functions.adapters.redis.gallery_state import SlotState
from functions.adapters.redis.keys import RoomKeys
from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.sweep_state import SweepState, SweptRoom
from functions.rooms.answers import Accepted, Banned, Joined, Rate, TooOften
from functions.rooms.gallery import SLOTS_MS
from functions.rooms.limits import Limits
from functions.rooms.places import Given, Kicked, Opening, SeatFree, Taken
from functions.rooms.sanctions import FOR_GOOD, Sanction
from functions.rooms.seats import Seat
from functions.rooms.watch_time import Stretch
from tests.functions.adapters.redis.snapshot import lose_all
from tests.functions.conftest import NOW, UNLIMITED
from tests.functions.galleries import (
    entries,
    gallery_state,
    identity_of,
    open_gallery,
    place_of,
    server_ms,
    take,
    taken,
)

BEAT_MS = 60_000
LEASE_MS = 2 * BEAT_MS


async def sweep(redis: RedisCluster, now: int) -> SweptRoom:
    sweeper = SweepState(redis, heartbeat_seconds=60)
    (swept,) = await sweeper.sweep([42], now=now, expired_before=now - LEASE_MS, taken_before=now - 5000)
    return swept


async def online(state: RoomState) -> tuple[int, int, int]:
    found = await state.figures(42)
    return found.online, found.connections, found.places


async def test_a_reader_has_a_place_and_is_one_user_with_a_seat(redis: RedisCluster, state: RoomState) -> None:
    await open_gallery(redis)
    gallery = gallery_state(redis)
    assert (await taken(gallery, place_of("alice"))).first
    assert await online(state) == (1, 0, 1)
    seat = Seat("c1", "live.v1", "alice")
    joined = await state.join(seat, identity_of("alice"), NOW)
    assert isinstance(joined, Joined)
    assert not joined.first
    assert await online(state) == (1, 1, 1)
    left = await state.leave(place_of("alice"), 42, NOW)
    assert left is not None
    assert not left.last
    assert await online(state) == (1, 1, 0)
    assert not (await taken(gallery, place_of("alice", 2))).first
    left = await state.leave(seat, 42, NOW)
    assert left is not None
    assert not left.last
    left = await state.leave(place_of("alice", 2), 42, NOW)
    assert left is not None
    assert left.last
    assert await online(state) == (0, 0, 0)


async def test_a_room_with_seats_to_spare_has_no_places(redis: RedisCluster, state: RoomState) -> None:
    await open_gallery(redis)
    gallery = gallery_state(redis, seats_before=1)
    answer, _ = await take(gallery, place_of("bob"))
    assert answer == SeatFree(0, 0)
    assert await online(state) == (0, 0, 0)
    await state.join(Seat("c1", "live.v1", "alice"), identity_of("alice"), NOW)
    await taken(gallery, place_of("bob"))
    # Who has a place keeps it.
    await state.leave(Seat("c1", "live.v1", "alice"), 42, NOW)
    assert (await taken(gallery, place_of("bob"))).renewed


async def test_nobody_begins_to_read_in_the_second_in_which_the_gallery_is_opened(redis: RedisCluster) -> None:
    gallery = gallery_state(redis)
    answer, _ = await take(gallery, place_of("alice"))
    assert isinstance(answer, Opening)
    assert 0 < answer.wait <= 1000
    await open_gallery(redis)
    await taken(gallery, place_of("alice"))


async def test_a_renewal_earns_watch_time_by_the_interval_that_was_told(redis: RedisCluster, state: RoomState) -> None:
    await open_gallery(redis)
    slow = gallery_state(redis, per_second=1)
    first = await taken(slow, place_of("alice"), everywhere=200)
    assert first.beat == 200
    renewed = await taken(gallery_state(redis), place_of("alice"), NOW + 250_000)
    assert (renewed.renewed, renewed.first, renewed.beat, renewed.watched.earned) == (True, False, 60, 250_000)
    late = await taken(gallery_state(redis), place_of("alice"), NOW + 250_000 + 100_000)
    assert late.watched.earned == 90_000
    left = await state.leave(place_of("alice"), 42, NOW + 400_000)
    assert left is not None
    assert left.watched.earned == 50_000


async def test_intervals_grow_with_the_places_of_all_rooms_and_of_this_one(redis: RedisCluster) -> None:
    await open_gallery(redis)
    gallery = gallery_state(redis, per_second=1)
    assert (await taken(gallery, place_of("u0"), everywhere=99)).beat == 99
    for number in range(1, 62):
        last = await taken(gallery, place_of(f"u{number}", number))
    assert last.beat == 62


async def test_a_place_is_swept_when_its_own_lease_has_run_out(redis: RedisCluster, state: RoomState) -> None:
    await open_gallery(redis)
    gallery = gallery_state(redis, per_second=1)
    await taken(gallery, place_of("slow"), everywhere=100)
    await taken(gallery, place_of("quick"))
    assert (await sweep(redis, NOW + LEASE_MS)).places == 2
    swept = await sweep(redis, NOW + LEASE_MS + 1)
    assert [(one.seat, one.left.last, one.left.watched.is_empty) for one in swept.departures] == [
        (place_of("quick"), True, True)
    ]
    assert (swept.places, swept.removed, swept.removed_places, swept.recounted) == (1, 0, 1, False)
    assert [one.seat for one in (await sweep(redis, NOW + 200_001)).departures] == [place_of("slow")]
    assert await online(state) == (0, 0, 0)


async def test_a_lapsed_place_is_taken_again_by_its_renewal(redis: RedisCluster, state: RoomState) -> None:
    await open_gallery(redis)
    gallery = gallery_state(redis)
    await taken(gallery, place_of("alice"))
    await sweep(redis, NOW + LEASE_MS + 1)
    again = await taken(gallery, place_of("alice"), NOW + LEASE_MS + 2)
    assert (again.renewed, again.first) == (False, True)
    assert await online(state) == (1, 0, 1)


async def test_a_departure_that_could_not_be_published_is_swept_again(redis: RedisCluster, state: RoomState) -> None:
    await open_gallery(redis)
    await taken(gallery_state(redis), place_of("alice"))
    left = await state.leave(place_of("alice"), 42, NOW + 1)
    assert left is not None
    await state.put_back(place_of("alice"), 42, left)
    assert await online(state) == (1, 0, 1)
    swept = await sweep(redis, NOW + 2)
    assert [(one.seat, one.left.last) for one in swept.departures] == [(place_of("alice"), True)]


async def test_a_user_has_so_many_places_and_the_oldest_goes(redis: RedisCluster, state: RoomState) -> None:
    await open_gallery(redis)
    gallery = gallery_state(redis, limits=Limits(seats=2, joins=UNLIMITED.joins))
    for number in range(4):
        await taken(gallery, place_of("alice", number), NOW + number)
    assert await online(state) == (1, 0, 2)
    assert await state.leave(place_of("alice", 1), 42, NOW + 9) is None
    assert await state.leave(place_of("alice", 2), 42, NOW + 9) is not None


async def test_bans_kicks_and_rates_hold_for_places(redis: RedisCluster, state: RoomState) -> None:
    await open_gallery(redis)
    moderation, gallery = ModerationState(redis), gallery_state(redis)
    await taken(gallery, place_of("alice"))
    await moderation.kick(42, "alice", NOW + 5)
    assert (await take(gallery, place_of("alice"), NOW + 9))[0] == Kicked()
    await taken(gallery, place_of("alice", 2), NOW + 9, taken_at=NOW + 9)
    ban = Sanction(until=FOR_GOOD, reason="spam")
    await moderation.sanction("bans", 42, "alice", ban)
    assert (await take(gallery, place_of("alice", 2), NOW + 10, taken_at=NOW + 9))[0] == Banned(ban)
    await taken(gallery, place_of("bob", 3))
    await state.leave(place_of("bob", 3), 42, NOW)
    assert (await take(gallery, place_of("bob", 3)))[0] == Given()
    seldom = gallery_state(redis, limits=Limits(joins=Rate(burst=1, per_second=0.1)))
    await taken(seldom, place_of("carol", 4))
    assert (await take(seldom, place_of("carol", 4), NOW + 1))[0] == TooOften(9_999)


async def test_a_reader_who_is_called_is_named_by_a_hash_that_only_the_reader_knows(redis: RedisCluster) -> None:
    await open_gallery(redis)
    moderation, gallery = ModerationState(redis), gallery_state(redis)
    _, view = await take(gallery, place_of("alice"))
    _, other = await take(gallery, place_of("bob"))
    assert view.hash != other.hash
    assert await moderation.places_of(42, "alice") == [place_of("alice")]
    assert await entries(redis) == []
    assert await moderation.places_of(42, "alice", calling=True) == [place_of("alice")]
    assert await moderation.places_of(42, "nobody", calling=True) == []
    assert await entries(redis) == [{"said": "", "for": view.hash}]


async def test_slots_are_told_only_while_all_of_them_are_known(redis: RedisCluster) -> None:
    slots, now = SlotState(redis), server_ms() // 1000
    assert (await slots.read(42, now - 1)).since == -1
    await open_gallery(redis, since=(now - 10) * 1000)
    assert (await slots.read(42, now - 5)).since == (now - 10) * 1000
    await open_gallery(redis)
    found = await slots.read(42, now - 5)
    assert 0 <= found.at - SLOTS_MS - found.since < 5_000
    # Another epoch, as after Redis has lost something.
    await redis.hset(RoomKeys(42).figures, "epoch", "e2")
    assert (await slots.read(42, now - 5)).since == -1


async def test_slots_that_were_evicted_are_a_gap(redis: RedisCluster) -> None:
    await open_gallery(redis)
    await taken(gallery_state(redis), place_of("alice"))
    await ModerationState(redis).places_of(42, "alice", calling=True)
    assert (await SlotState(redis).read(42, server_ms() // 1000)).since > 0
    await redis.delete(RoomKeys(42).slots)
    assert (await SlotState(redis).read(42, server_ms() // 1000)).since == -1


async def test_no_entry_is_dated_into_a_slot_that_was_told(redis: RedisCluster) -> None:
    await open_gallery(redis)
    await taken(gallery_state(redis), place_of("alice"))
    ahead = server_ms() + 30_000
    # As a server has told whose clock was ahead.
    await redis.hset(RoomKeys(42).gallery, "read", str(ahead))
    await ModerationState(redis).places_of(42, "alice", calling=True)
    found: Any = await redis.xrange(RoomKeys(42).slots)
    (entry,) = found
    assert entry[0] == f"{ahead}-0"


async def test_a_lost_room_is_opened_anew_and_a_reader_comes_back(redis: RedisCluster, state: RoomState) -> None:
    await open_gallery(redis)
    gallery = gallery_state(redis)
    await taken(gallery, place_of("alice"))
    await lose_all(redis, "room:*")
    answer, _ = await take(gallery, place_of("alice"), NOW + 1)
    assert isinstance(answer, Opening)
    await open_gallery(redis)
    again, view = await take(gallery, place_of("alice"), NOW + 1, since="e0.7")
    assert isinstance(again, Taken)
    assert (again.first, again.renewed) == (True, False)
    assert view.history.replay("e0.7", view.newest).gap
    assert await online(state) == (1, 0, 1)


@pytest.mark.parametrize("lost", ["figures", "users", "places"])
async def test_a_lost_key_is_made_up_for(redis: RedisCluster, state: RoomState, lost: str) -> None:
    await open_gallery(redis)
    gallery = gallery_state(redis)
    for number in range(20):
        await taken(gallery, place_of(f"u{number}", number))
    await lose_all(redis, f"room:{{42}}:{lost}*")
    await open_gallery(redis)
    for number in range(20):
        await taken(gallery, place_of(f"u{number}", number), NOW + 1000)
    await sweep(redis, NOW + 2000)
    assert await online(state) == (20, 0, 20)
    await sweep(redis, NOW + 1000 + LEASE_MS + 1)
    assert await online(state) == (0, 0, 0)


async def test_who_lost_a_place_that_is_seldom_renewed_stays_until_it_would_have_been(
    redis: RedisCluster, state: RoomState
) -> None:
    await open_gallery(redis)
    seldom = gallery_state(redis, per_second=1)
    for number in range(20):
        await taken(seldom, place_of(f"u{number}", number), everywhere=200)
    await lose_all(redis, "room:{42}:places*")
    for ms in (LEASE_MS + 1, 199_000):
        assert (await sweep(redis, NOW + ms)).departures == []
    for number in range(10):
        assert not (await taken(seldom, place_of(f"u{number}", number), NOW + 200_000, everywhere=200)).first
    assert await online(state) == (20, 0, 10)
    assert len((await sweep(redis, NOW + 400_001)).departures) == 10
    assert await online(state) == (10, 0, 10)


async def test_a_place_that_was_lost_costs_no_watch_time(redis: RedisCluster, state: RoomState) -> None:
    await open_gallery(redis)
    seldom = gallery_state(redis, per_second=1)
    await taken(seldom, place_of("alice"), everywhere=200)
    await lose_all(redis, "room:{42}:places*")
    assert not (await taken(seldom, place_of("alice"), NOW + 200_000, everywhere=200)).renewed
    renewed = await taken(seldom, place_of("alice"), NOW + 400_000, everywhere=200)
    assert (renewed.watched.start, renewed.watched.end) == (NOW, NOW + 400_000)


async def test_a_stretch_of_watching_that_ends_while_its_user_has_a_place_is_returned(
    redis: RedisCluster, state: RoomState
) -> None:
    await open_gallery(redis)
    gallery, seat = gallery_state(redis), Seat("c1", "live.v1", "alice")
    await state.join(seat, identity_of("alice"), NOW)

    async def heartbeat(now: int) -> Stretch:
        beat = await state.accept(
            seat, identity_of("alice"), now, connected_at=NOW, kind="heartbeat", rate=Rate(burst=100, per_second=100)
        )
        assert isinstance(beat, Accepted)
        return beat.watched

    # Of a seat each stretch has been told.
    assert (await heartbeat(NOW + 60_000)).before is None
    assert (await heartbeat(NOW + 300_000)).before is None
    await taken(gallery, place_of("alice"), NOW + 310_000)
    assert (await heartbeat(NOW + 500_000)).before == Stretch(NOW + 210_000, NOW + 300_000, 0)
    late = (await taken(gallery, place_of("alice"), NOW + 600_000)).watched
    assert late == Stretch(NOW + 510_000, NOW + 600_000, 90_000, Stretch(NOW + 410_000, NOW + 500_000, 0))
    left = await state.leave(place_of("alice"), 42, NOW + 700_000)
    assert left is not None
    assert left.watched == Stretch(NOW + 610_000, NOW + 700_000, 90_000, Stretch(NOW + 510_000, NOW + 600_000, 0))


async def test_twenty_thousand_places_are_counted_right_after_a_lease(redis: RedisCluster, state: RoomState) -> None:
    """The places are written as a room has them, in one call for each bucket, to be quick; then half are left alone."""
    await open_gallery(redis)
    gallery = gallery_state(redis)
    places = [place_of(f"u{number}", number) for number in range(20_000)]
    for place in places[:100]:
        await taken(gallery, place)
    room, pipeline = RoomKeys(42), redis.pipeline()
    for place in places[100:]:
        keys = room.of_seat(place)
        bucket = keys["seats"].rpartition(":")[2]
        pipeline.zadd(keys["seats"], {place.pack(): NOW + LEASE_MS + 60 / 4096})
        line = f"1:{NOW}:{NOW}:{place.user_id}\tg{bucket},{place.connection_id}"
        pipeline.hset(keys["users"], place.user_id, line)
    await pipeline.execute()
    await redis.hset(room.figures, mapping={"places": 20_000, "online": 20_000})
    assert not (await sweep(redis, NOW + LEASE_MS)).recounted
    for place in places[::20]:
        await taken(gallery, place, NOW + LEASE_MS)
    swept = [await sweep(redis, NOW + LEASE_MS + 1) for _ in range(20)]
    assert sum(one.removed_places for one in swept) == 19_000
    assert [one.recounted for one in swept] == [False] * 20
    assert await online(state) == (1_000, 0, 1_000)


@settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["place", "leave place", "seat", "leave seat", "wait", "sweep"]),
            st.integers(0, 2),
            st.integers(0, 1),
        ),
        max_size=25,
    )
)
async def test_counts_are_right_whatever_happens(clean_redis: str, steps: list[tuple[str, int, int]]) -> None:
    redis = connect(clean_redis)
    await lose_all(redis)
    await open_gallery(redis)
    state, gallery, now = RoomState(redis, heartbeat_seconds=60, limits=UNLIMITED), gallery_state(redis), NOW
    leases: dict[Seat, int] = {}
    for what, user, tab in steps:
        name = f"u{user}"
        place, seat = place_of(name, 10 * user + tab), Seat(f"c{now}{user}{tab}", "live.v1", name)
        if what == "place" and isinstance((await take(gallery, place, now))[0], Taken):
            leases[place] = now
        elif what == "seat":
            await state.join(seat, identity_of(name), now)
            leases[seat] = now
        elif what == "wait":
            now += 50_000
        elif what == "sweep":
            swept = await sweep(redis, now)
            gone = {one for one, since in leases.items() if now - since > LEASE_MS}
            assert {one.seat for one in swept.departures} == gone
            leases = {one: since for one, since in leases.items() if one not in gone}
        else:
            held = [one for one in leases if one.user_id == name and one.is_place == (what == "leave place")]
            for one in held[:1]:
                left = await state.leave(one, 42, now)
                del leases[one]
                assert left is not None
                assert left.last == all(other.user_id != name for other in leases)
        places = sum(one.is_place for one in leases)
        assert await online(state) == (len({one.user_id for one in leases}), len(leases) - places, places)
    await redis.aclose()
