import asyncio
import random
from dataclasses import replace

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import StateUnavailable, connect
from functions.adapters.redis.keys import RoomKeys
from functions.adapters.redis.relay_state import RelayState
from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.sweep_state import SweepState
from functions.rooms.answers import (
    Accepted,
    Banned,
    CutOff,
    Gone,
    Joined,
    Left,
    Rate,
    Refused,
    Repeated,
    RoomFigures,
    Rules,
)
from functions.rooms.frames import Kind
from functions.rooms.history import History
from functions.rooms.identity import Identity
from functions.rooms.people import FIRST, Page, Place
from functions.rooms.results import PENDING_MS, Result
from functions.rooms.room_view import Posted
from functions.rooms.sanctions import FOR_GOOD, Sanction
from functions.rooms.seats import Seat
from functions.rooms.watch_time import Stretch
from tests.functions.conftest import UNLIMITED

NOW = 1_700_000_000_000
RATE = Rate(burst=5, per_second=1)
PLENTY = Rate(burst=10_000, per_second=10_000)


def identity(user: str = "alice", room: int = 42, name: str = "") -> Identity:
    return Identity(activity_id=room, user_id=user, username=name or user.title(), framing="live.v1")


def seat(user: str = "alice", connection: str = "") -> Seat:
    return Seat(connection or f"c-{user}", "live.v1", user)


def figures(*, online: int, connections: int, likes: int = 0) -> RoomFigures:
    return RoomFigures(activity_id=42, online=online, connections=connections, likes=likes, rules=Rules())


async def join(state: RoomState, user: str = "alice", connection: str = "", now: int = NOW, since: str = "") -> Joined:
    joined = await state.join(seat(user, connection), identity(user), now, since=since)
    assert isinstance(joined, Joined)
    return joined


async def send(
    state: RoomState,
    kind: Kind = "chat",
    *,
    user: str = "alice",
    now: int = NOW,
    rate: Rate = PLENTY,
    count: int = 0,
    client_id: str | None = None,
) -> Accepted | Refused | Repeated | Gone | CutOff:
    return await state.accept(
        seat(user),
        identity(user),
        now,
        connected_at=NOW,
        kind=kind,
        rate=rate,
        count=count,
        client_id=client_id,
    )


async def accepted(state: RoomState, kind: Kind = "chat", **arguments: object) -> Accepted:
    result = await send(state, kind, **arguments)  # type: ignore[arg-type]
    assert isinstance(result, Accepted), result
    return result


async def watched(state: RoomState, now: int) -> Stretch:
    """What a heartbeat at `now` tells of."""
    return (await accepted(state, "heartbeat", now=now)).watched


async def test_a_user_is_counted_once_however_many_seats_they_have(state: RoomState) -> None:
    assert await join(state, "alice", "c1") == Joined(first=True, online=1, likes=0)
    assert await join(state, "alice", "c2") == Joined(first=False, online=1, likes=0)
    assert await join(state, "bob", "c3") == Joined(first=True, online=2, likes=0)
    assert await state.figures(42) == figures(online=2, connections=3)


async def test_a_seat_taken_twice_is_one_seat(state: RoomState) -> None:
    await join(state)
    assert await join(state) == Joined(first=False, online=1, likes=0)
    assert (await state.figures(42)).connections == 1


async def test_a_user_leaves_with_the_last_seat(state: RoomState) -> None:
    await join(state, "alice", "c1")
    await join(state, "alice", "c2")
    first = await state.leave(seat("alice", "c1"), 42, NOW)
    last = await state.leave(seat("alice", "c2"), 42, NOW)
    assert first == Left(last=False, ended_at=NOW, watched=Stretch(NOW, NOW, 0), username="Alice", online=1, likes=0)
    assert last == Left(last=True, ended_at=NOW, watched=Stretch(NOW, NOW, 0), username="Alice", online=0, likes=0)


async def test_a_seat_can_be_given_up_once(state: RoomState) -> None:
    await join(state)
    assert await state.leave(seat(), 42, NOW) is not None
    assert await state.leave(seat(), 42, NOW) is None
    assert await state.figures(42) == figures(online=0, connections=0)


async def test_a_name_may_hold_what_separates_the_fields(state: RoomState) -> None:
    odd = Identity(activity_id=42, user_id="a:b\\{42}", username="1:2:%s", framing="classic")
    odd_seat = Seat.of("c1", odd)
    await state.join(odd_seat, odd, NOW)
    page = await state.who(42, limit=5)
    assert (page.users, page.online) == ([("a:b\\{42}", "1:2:%s", {})], 1)
    left = await state.leave(odd_seat, 42, NOW)
    assert left is not None
    assert left.username == "1:2:%s"


async def test_seats_that_come_and_go_at_once_never_make_the_count_drift(redis: RedisCluster) -> None:
    state = RoomState(redis, heartbeat_seconds=60, limits=UNLIMITED)
    dice = random.Random(7)
    users = [f"u{number}" for number in range(20)]
    numbers = iter(range(300))

    async def come_and_go() -> None:
        for number in numbers:
            user = dice.choice(users)
            await state.join(seat(user, f"c{number}"), identity(user), NOW)
            if number % 3:
                await asyncio.gather(*(state.leave(seat(user, f"c{number}"), 42, NOW) for _ in range(2)))

    await asyncio.gather(*(come_and_go() for _ in range(20)))
    found = await state.figures(42)
    page = await state.who(42, limit=200)
    assert found.connections == 100
    assert found.online == page.online == len(page.users)


async def test_likes_add_up_to_one_total(state: RoomState) -> None:
    await join(state)
    assert (await accepted(state, "like", count=3)).likes == 3
    assert (await accepted(state, "like", count=1)).likes == 4


async def test_five_chats_at_once_then_one_a_second(state: RoomState) -> None:
    await join(state)
    for _ in range(5):
        await accepted(state, rate=RATE)
    assert await send(state, rate=RATE) == Refused("rate_limited", 1000)
    assert await send(state, rate=RATE, now=NOW + 400) == Refused("rate_limited", 600)
    await accepted(state, rate=RATE, now=NOW + 1000)
    assert isinstance(await send(state, rate=RATE, now=NOW + 1000), Refused)


async def test_chat_and_other_frames_have_a_bucket_each(state: RoomState) -> None:
    await join(state)
    for _ in range(5):
        await accepted(state, rate=RATE)
    assert isinstance(await send(state, rate=RATE), Refused)
    await accepted(state, "like", rate=RATE, count=1)


async def test_a_rate_is_per_user_and_room(state: RoomState) -> None:
    one = Rate(burst=1, per_second=1)
    await accepted(state, rate=one)
    await accepted(state, user="bob", rate=one)
    elsewhere = await state.accept(seat(), identity(room=43), NOW, connected_at=NOW, kind="chat", rate=one)
    assert isinstance(elsewhere, Accepted)


async def test_a_refused_frame_changes_nothing(state: RoomState) -> None:
    await join(state)
    one = Rate(burst=1, per_second=1)
    await accepted(state, "like", rate=one, count=1)
    assert isinstance(await send(state, "like", rate=one, count=50, client_id="x"), Refused)
    assert (await state.figures(42)).likes == 1
    assert await state.recall(42, "alice", "x") is None


async def test_the_same_id_is_taken_once(state: RoomState) -> None:
    await join(state)
    await accepted(state, "like", count=2, client_id="x")
    assert await send(state, "like", count=2, client_id="x") == Repeated(Result())
    assert (await state.figures(42)).likes == 2


async def test_an_id_belongs_to_its_user(state: RoomState) -> None:
    await accepted(state, client_id="x")
    await accepted(state, user="bob", client_id="x")


async def test_a_chat_is_pending_until_its_id_is_free_again(state: RoomState) -> None:
    first = Result(accepted_at=NOW, digest="")
    assert not (await accepted(state, client_id="x")).freed
    for now in (NOW, NOW + PENDING_MS):
        assert await send(state, now=now, client_id="x") == Repeated(first)
    assert await state.recall(42, "alice", "x") == first
    assert (await accepted(state, client_id="x", now=NOW + PENDING_MS + 1)).freed
    assert await state.recall(42, "alice", "x") == Result(accepted_at=NOW + PENDING_MS + 1, digest="")


async def test_what_is_settled_meanwhile_is_not_undone(state: RoomState, redis: RedisCluster) -> None:
    await accepted(state, client_id="x")
    settled = Result(seq=17, accepted_at=NOW - 60_000)
    await redis.set(RoomKeys(42).sent_id("alice", "x"), settled.pack())
    await state.undo(identity(), NOW, kind="chat", rate=PLENTY, client_id="x")
    assert await state.recall(42, "alice", "x") == settled


async def test_an_id_that_was_free_again_is_so_after_its_chat_was_taken_back(state: RoomState) -> None:
    await accepted(state, client_id="x")
    later = NOW + PENDING_MS + 1
    for _ in range(2):
        assert (await accepted(state, client_id="x", now=later)).freed
        await state.undo(identity(), later, kind="chat", rate=PLENTY, client_id="x", freed=True)


async def test_a_viewer_of_whose_return_nobody_knows_is_announced_with_the_next_heartbeat(state: RoomState) -> None:
    assert (await accepted(state)).retaken == "first"
    await state.undo(identity(), NOW, kind="chat", rate=PLENTY, unsure=True)
    assert await state.figures(42) == figures(online=1, connections=1)
    assert (await accepted(state)).retaken is None
    assert [(await accepted(state, "heartbeat")).retaken for _ in range(2)] == ["first", None]


async def test_a_seat_in_doubt_is_swept_at_once_and_its_user_is_said_to_have_left(
    state: RoomState, redis: RedisCluster
) -> None:
    await join(state)
    await state.doubt(seat(), 42)
    [swept] = await SweepState(redis, heartbeat_seconds=60).sweep([42], now=NOW, expired_before=1, taken_before=0)
    [departure] = swept.departures
    assert (departure.seat, departure.left.last, departure.left.watched.earned) == (seat(), True, 0)
    assert await state.figures(42) == figures(online=0, connections=0)


async def test_who_comes_again_after_a_doubt_is_announced_and_stays(state: RoomState, redis: RedisCluster) -> None:
    await join(state)
    await state.doubt(seat(), 42)
    assert (await join(state, connection="c2")).first
    assert not (await join(state, connection="c3")).first
    assert (await state.who(42, limit=5)).users == [("alice", "Alice", {})]
    [swept] = await SweepState(redis, heartbeat_seconds=60).sweep([42], now=NOW, expired_before=1, taken_before=0)
    assert [departure.left.last for departure in swept.departures] == [False]
    assert await state.figures(42) == figures(online=1, connections=2)


async def welcome(redis: RedisCluster, connection: str, user: str = "alice") -> None:
    posted = Posted(activity_id=42, mark=None, welcomed=[seat(user, connection)])
    await RelayState(redis, slice_=0, slices=1, heartbeat_seconds=60).after([posted], NOW)


async def test_who_comes_again_after_a_handshake_whose_answer_was_lost_is_announced(state: RoomState) -> None:
    await join(state)
    assert (await join(state, connection="c2", now=NOW + 1000)).first
    assert await state.figures(42) == figures(online=1, connections=2)
    assert not (await join(state, connection="c3", now=NOW + 1500)).first


async def test_who_was_welcomed_once_is_not_announced_with_another_seat(state: RoomState, redis: RedisCluster) -> None:
    await join(state)
    await join(state, connection="c2")
    await welcome(redis, "c2")
    assert not (await join(state, connection="c3", now=NOW + 60_000)).first


async def test_there_is_no_doubt_about_who_was_there_before_or_has_left(state: RoomState) -> None:
    await join(state)
    await join(state, connection="c2")
    await state.doubt(seat(connection="c2"), 42)
    assert not (await join(state, connection="c3")).first
    await state.doubt(seat("bob"), 42)
    assert (await join(state, "bob")).first


async def test_what_could_not_be_published_is_taken_back(state: RoomState) -> None:
    await join(state)
    one = Rate(burst=1, per_second=0.001)
    for _ in range(2):
        await accepted(state, "like", rate=one, count=5, client_id="x")
        await state.undo(identity(), NOW, kind="like", rate=one, count=5, client_id="x")
    assert (await state.figures(42)).likes == 0


async def test_heartbeats_tell_of_a_stretch_that_grows_until_nobody_beats_for_one_and_a_half_intervals(
    state: RoomState,
) -> None:
    await join(state)
    assert await watched(state, NOW + 60_000) == Stretch(NOW, NOW + 60_000, 60_000)
    assert await watched(state, NOW + 150_000) == Stretch(NOW, NOW + 150_000, 90_000)
    assert await watched(state, NOW + 150_000) == Stretch(NOW, NOW + 150_000, 0)
    assert await watched(state, NOW + 240_001) == Stretch(NOW + 150_001, NOW + 240_001, 90_000)


async def test_a_clock_that_jumps_back_earns_nothing_and_loses_nothing(state: RoomState) -> None:
    await join(state)
    assert await watched(state, NOW - 50_000) == Stretch(NOW, NOW, 0)
    assert await watched(state, NOW + 10_000) == Stretch(NOW, NOW + 10_000, 10_000)


async def test_a_user_with_two_seats_earns_once(state: RoomState) -> None:
    await join(state, "alice", "c-alice")
    await join(state, "alice", "c2")
    assert await watched(state, NOW + 30_000) == Stretch(NOW, NOW + 30_000, 30_000)
    left = await state.leave(seat("alice", "c2"), 42, NOW + 40_000)
    assert left is not None
    assert left.watched == Stretch(NOW, NOW + 40_000, 10_000)
    assert (await state.who(42, limit=5)).users == [("alice", "Alice", {})]


async def test_who_comes_anew_begins_a_stretch(state: RoomState) -> None:
    await join(state)
    await state.leave(seat(), 42, NOW + 30_000)
    await join(state, "alice", "c2", NOW + 40_000)
    left = await state.leave(seat("alice", "c2"), 42, NOW + 60_000)
    assert left is not None
    assert left.watched == Stretch(NOW + 40_000, NOW + 60_000, 20_000)


async def test_a_frame_that_is_no_heartbeat_tells_of_no_stretch(state: RoomState) -> None:
    await join(state)
    assert (await accepted(state, "like", now=NOW + 60_000)).watched.is_empty


async def test_a_heartbeat_that_could_not_be_published_is_told_of_by_the_next(state: RoomState) -> None:
    await join(state)
    await watched(state, NOW + 60_000)
    await state.undo(identity(), NOW, kind="heartbeat", rate=PLENTY)
    assert await watched(state, NOW + 61_000) == Stretch(NOW, NOW + 61_000, 1_000)


async def test_a_leave_that_could_not_be_published_is_put_back(state: RoomState) -> None:
    await join(state)
    left = await state.leave(seat(), 42, NOW + 30_000)
    assert left is not None
    await state.put_back(seat(), 42, left)
    assert await state.figures(42) == figures(online=1, connections=1)
    again = await state.leave(seat(), 42, NOW + 30_000)
    assert again == replace(left, watched=Stretch(NOW, NOW + 30_000, 0))


async def test_seats_that_are_put_back_in_any_order_tell_of_the_same_stretch(state: RoomState) -> None:
    for between, start in ((20_000, NOW), (200_000, NOW + 120_000)):
        for order in (1, -1):
            await join(state, "alice", "c1")
            await join(state, "alice", "c2")
            leaves = [(seat("alice", "c1"), NOW + 10_000), (seat("alice", "c2"), NOW + 10_000 + between)]
            left = [(one, await state.leave(one, 42, now)) for one, now in leaves]
            for one, each in left[::order]:
                assert each is not None
                await state.put_back(one, 42, each)
            again = [await state.leave(one, 42, now) for one, now in leaves]
            assert again[-1] is not None
            assert (again[-1].last, again[-1].watched.start, again[-1].watched.end) == (True, start, leaves[-1][1])


async def test_a_seat_that_is_put_back_when_its_user_is_here_again_gives_no_time_that_nobody_watched(
    state: RoomState,
) -> None:
    await join(state, "alice", "c1")
    left = await state.leave(seat("alice", "c1"), 42, NOW + 30_000)
    assert left is not None
    await join(state, "alice", "c-alice", NOW + 40_000)
    await state.put_back(seat("alice", "c1"), 42, left)
    assert await watched(state, NOW + 70_000) == Stretch(NOW + 40_000, NOW + 70_000, 30_000)


async def test_a_seat_that_could_not_be_announced_earns_nothing(state: RoomState) -> None:
    await join(state, "alice", "c1")
    await join(state, "alice", "c2", NOW + 50_000)
    await state.unseat(seat("alice", "c2"), 42, NOW + 50_000)
    left = await state.leave(seat("alice", "c1"), 42, NOW + 60_000)
    assert left is not None
    assert left.watched == Stretch(NOW, NOW + 60_000, 60_000)


async def test_a_seat_that_is_put_back_has_the_lease_it_had(state: RoomState, redis: RedisCluster) -> None:
    await join(state)
    sweeper = SweepState(redis, heartbeat_seconds=60)
    for _ in range(2):
        [swept] = await sweeper.sweep([42], now=NOW, expired_before=NOW + 1, taken_before=NOW)
        [departure] = swept.departures
        assert (departure.left.ended_at, departure.left.watched) == (NOW, Stretch(NOW, NOW, 0))
        await state.put_back(departure.seat, 42, departure.left)


async def test_a_frame_of_a_seat_that_lapsed_takes_it_anew(state: RoomState) -> None:
    assert (await accepted(state)).retaken == "first"
    assert (await accepted(state)).retaken is None
    assert await state.figures(42) == figures(online=1, connections=1)


async def test_a_frame_that_comes_after_the_close_brings_nobody_back(state: RoomState) -> None:
    await join(state)
    await state.leave(seat(), 42, NOW)
    assert await send(state, now=NOW + 100) == Gone()
    assert await state.figures(42) == figures(online=0, connections=0)


async def test_a_seat_that_nobody_welcomed_says_so(state: RoomState) -> None:
    await join(state)
    assert not (await accepted(state, now=NOW + 4_000)).unwelcomed
    assert (await accepted(state, now=NOW + 6_000)).unwelcomed


@pytest.mark.parametrize("limit", [1, 3, 7, 200])
async def test_pages_hold_everybody_once(state: RoomState, limit: int) -> None:
    users = {f"user-{number}" for number in range(40)}
    await asyncio.gather(*(join(state, user) for user in users))
    seen: list[str] = []
    after: Place | None = FIRST
    while after is not None:
        page = await state.who(42, limit=limit, after=after)
        assert len(page.users) <= limit
        assert page.online == 40
        seen += [user.user_id for user in page.users]
        after = page.following
    assert sorted(seen) == sorted(users)


async def test_the_cursor_that_a_seat_resumes_from_is_kept_for_the_relay(state: RoomState, redis: RedisCluster) -> None:
    await join(state, "alice", since="e1.17")
    await join(state, "bob")
    assert await redis.hgetall(RoomKeys(42).since) == {seat("alice").pack(): "e1.17"}


async def test_a_seat_taken_anew_by_a_frame_has_missed_it_knows_not_what(state: RoomState, redis: RedisCluster) -> None:
    await accepted(state)
    (cursor,) = (await redis.hgetall(RoomKeys(42).since)).values()
    assert History(epoch="e1", newest=5).replay(str(cursor), 5).gap


async def test_bans_live_on_while_the_room_is_used(state: RoomState, redis: RedisCluster) -> None:
    bans = RoomKeys(42).bans
    await redis.hset(bans, "bob", Sanction(until=FOR_GOOD).pack())
    await redis.expire(bans, 10)
    await join(state, "alice")
    assert await redis.ttl(bans) > 10
    assert await state.join(seat("bob"), identity("bob"), NOW) == Banned()


async def test_an_empty_room_has_one_empty_page(state: RoomState) -> None:
    assert await state.who(7, limit=5) == Page([], 0, None)


async def test_every_key_has_a_time_to_live(state: RoomState, redis: RedisCluster) -> None:
    await join(state, since="e1.17")
    await accepted(state, "like", count=1, client_id="x")
    await state.leave(seat(), 42, NOW)
    await join(state, "bob")
    keys = [key async for key in redis.scan_iter("room:*")]
    assert len(keys) >= 6
    lives = {key: await redis.ttl(key) for key in keys}
    assert all(seconds > 0 for seconds in lives.values()), lives


async def test_a_server_that_is_away_is_said_to_be_away() -> None:
    away = RoomState(connect("redis://127.0.0.1:1"), heartbeat_seconds=60)
    with pytest.raises(StateUnavailable):
        await join(away)
    with pytest.raises(StateUnavailable):
        await away.ping()
