"""What one user may take of a room: seats, joins, frames, repeats, refusals."""

import asyncio

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.keys import RoomKeys
from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.redis.relay_state import RelayState
from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.sweep_state import SweepState
from functions.rooms.answers import Accepted, Banned, CutOff, Gone, Joined, Rate, Refused, Repeated, TooOften
from functions.rooms.cuts import FLOOD_BAN_MS, Cut
from functions.rooms.events import Seated
from functions.rooms.frames import Kind
from functions.rooms.history import NO_HISTORY
from functions.rooms.identity import Identity
from functions.rooms.limits import Limits
from functions.rooms.people import FIRST, Place
from functions.rooms.room_view import Posted
from functions.rooms.sanctions import Sanction
from functions.rooms.seats import Seat
from tests.functions.conftest import NOW

FEW = Rate(burst=2, per_second=1)
KINDS: tuple[Kind, ...] = ("chat", "like", "heartbeat", "who")


def identity(user: str = "alice") -> Identity:
    return Identity(activity_id=42, user_id=user, username=user.title(), framing="live.v1")


def seat(connection: str, user: str = "alice") -> Seat:
    return Seat(connection, "live.v1", user)


@pytest.fixture
def state(redis: RedisCluster) -> RoomState:
    return RoomState(redis, heartbeat_seconds=60)


async def join(state: RoomState, connection: str, user: str = "alice", now: int = NOW) -> Joined | Banned | TooOften:
    return await state.join(seat(connection, user), identity(user), now, since="e1.5")


async def send(
    state: RoomState,
    connection: str,
    kind: Kind = "like",
    *,
    now: int = NOW,
    rate: Rate = FEW,
    client_id: str | None = None,
    exempt: bool = False,
) -> Accepted | Refused | Repeated | Gone | CutOff:
    return await state.accept(
        seat(connection),
        identity(),
        now,
        connected_at=NOW,
        kind=kind,
        rate=rate,
        client_id=client_id,
        exempt=exempt,
        limit=10,
    )


async def cut(redis: RedisCluster, slice_: int = 0, slices: int = 1) -> list[Cut]:
    """What a slice finds that it is to cut off."""
    relay = RelayState(redis, slice_=slice_, slices=slices, heartbeat_seconds=60)
    (view,) = await relay.before({42: [Seated(activity_id=42, time=NOW, seq=1, logged_at=NOW)]}, NOW)
    assert not {each.seat for each in view.cut} & {*view.seats, *view.newcomers}
    return list(view.cut)


async def test_the_oldest_seat_goes_when_a_user_takes_too_many(state: RoomState, redis: RedisCluster) -> None:
    joined = [await join(state, f"c{number}") for number in range(7)]
    assert [one.replaced for one in joined if isinstance(one, Joined)] == [0] * 5 + [1] * 2
    figures = await state.figures(42)
    assert (figures.online, figures.connections) == (1, 5)
    left = await ModerationState(redis).seats_of(42, "alice")
    assert {one.connection_id for one in left} == {f"c{number}" for number in range(2, 7)}
    for kind in KINDS:
        assert await send(state, "c0", kind) == Gone()
    assert isinstance(await send(state, "c2"), Accepted)
    assert await cut(redis) == [Cut("replaced", seat("c0"), NOW), Cut("replaced", seat("c1"), NOW)]


async def test_seats_that_were_given_up_make_room_for_others(state: RoomState, redis: RedisCluster) -> None:
    for number in range(8):
        await join(state, f"c{number}")
        await state.leave(seat(f"c{number}"), 42, NOW)
    assert await cut(redis) == []
    assert (await state.figures(42)).connections == 0


async def test_a_seat_that_is_replaced_takes_no_watch_time_with_it(state: RoomState) -> None:
    for number in range(5):
        await join(state, f"c{number}")
    await join(state, "c5", now=NOW + 30_000)
    beat = await send(state, "c5", "heartbeat", now=NOW + 60_000)
    assert isinstance(beat, Accepted)
    assert (beat.watched.start, beat.watched.end) == (NOW, NOW + 60_000)


async def test_a_lapsed_seat_does_not_come_back_beside_as_many_as_there_may_be(
    state: RoomState, redis: RedisCluster
) -> None:
    await join(state, "old")
    await SweepState(redis, heartbeat_seconds=60).sweep([42], now=NOW, expired_before=NOW + 1, taken_before=NOW)
    for number in range(5):
        await join(state, f"c{number}")
    assert await send(state, "old") == Gone()
    assert (await state.figures(42)).connections == 5
    assert await cut(redis) == [Cut("replaced", seat("old"), NOW)]


async def test_joins_are_limited_and_the_first_half_of_them_alone_are_told_the_history(
    state: RoomState, redis: RedisCluster
) -> None:
    found = []
    for number in range(11):
        found.append(await join(state, f"c{number}"))
        await state.leave(seat(f"c{number}"), 42, NOW)
    assert isinstance(found[9], Joined)
    assert found[10] == TooOften()
    assert isinstance(await join(state, "bobs", "bob"), Joined)
    assert isinstance(await join(state, "later", now=NOW + 5_000), Joined)
    cursors = await redis.hgetall(RoomKeys(42).since)
    told = {Seat.unpack(str(packed)).connection_id: cursor for packed, cursor in cursors.items()}
    assert [told[f"c{number}"] for number in range(10)] == ["e1.5"] * 5 + [NO_HISTORY] * 5
    assert (told["bobs"], told["later"]) == ("e1.5", NO_HISTORY)


async def test_who_is_here_reads_nothing_when_it_is_refused_and_costs_one_call(
    state: RoomState, admin: RedisCluster
) -> None:
    await join(state, "c1")
    pages = [await send(state, "c1", "who") for _ in range(3)]
    assert [page.page and list(page.page.users) for page in pages if isinstance(page, Accepted)] == [
        [("alice", "Alice", {})]
    ] * 2
    assert isinstance(pages[2], Refused)
    before = await hscans(admin)
    assert isinstance(await send(state, "c1", "who"), Refused)
    assert await hscans(admin) == before


async def hscans(admin: RedisCluster) -> int:
    """How often HSCAN ran, on all nodes."""
    found = [await admin.info("commandstats", target_nodes=node) for node in admin.get_primaries()]
    return sum(int(each.get("cmdstat_hscan", {}).get("calls", 0)) for each in found)


async def test_a_page_costs_what_it_holds_however_large_the_room_is(
    state: RoomState, redis: RedisCluster, admin: RedisCluster
) -> None:
    room, costs = RoomKeys(42), []
    for count in (2_000, 20_000):
        (users,) = room.users([3])
        await redis.hset(users, mapping={f"user-{number}": f"1:{NOW}:{NOW}:Name" for number in range(count)})
        before = await hscans(admin)
        page = await state.who(42, limit=50, after=Place(3))
        assert len(page.users) == 50
        costs.append(await hscans(admin) - before)
    assert max(costs) <= 60


async def test_pages_of_a_large_bucket_hold_everybody_who_stays_while_others_come(
    state: RoomState, redis: RedisCluster
) -> None:
    (users,) = RoomKeys(42).users([0])
    await redis.hset(users, mapping={f"user-{number}": f"1:{NOW}:{NOW}:Name" for number in range(1_000)})
    seen: list[str] = []
    after: Place | None = FIRST
    while after is not None:
        page = await state.who(42, limit=7, after=after)
        seen += [user.user_id for user in page.users]
        after = page.following
        await redis.hset(users, f"new-{len(seen)}", f"1:{NOW}:{NOW}:New")
    stayed = [user for user in seen if user.startswith("user-")]
    assert set(stayed) == {f"user-{number}" for number in range(1_000)}
    assert len(stayed) < 1_010


@pytest.mark.parametrize("kind", ["chat", "like"])
async def test_a_frame_that_is_sent_again_costs_what_a_frame_costs(state: RoomState, kind: Kind) -> None:
    await join(state, "c1")
    assert isinstance(await send(state, "c1", kind, client_id="x"), Accepted)
    assert isinstance(await send(state, "c1", kind, client_id="x"), Repeated)
    # "rate_limited" would say that the first one was not published.
    assert await send(state, "c1", kind, client_id="x") == Refused("unavailable", 1000)
    assert isinstance(await send(state, "c1", kind, client_id="x", now=NOW + 1000), Repeated)


async def refused(state: RoomState, times: int, now: int = NOW) -> list[Refused]:
    """So many refusals, by turns on two connections."""
    found = [await send(state, f"c{number % 2}", now=now) for number in range(times)]
    return [one for one in found if isinstance(one, Refused)]


@pytest.fixture
async def full(state: RoomState) -> RoomState:
    """A room in which alice has two connections and has sent all that she may."""
    for number in range(2):
        await join(state, f"c{number}")
        await send(state, f"c{number}")
    return state


async def test_a_flood_ends_all_connections_of_the_user_and_bans_for_a_while(
    full: RoomState, redis: RedisCluster
) -> None:
    await join(full, "b1", "bob")
    found = await refused(full, 100)
    assert [one.flood for one in found] == [False] * 99 + [True]
    assert {each.seat for each in await cut(redis)} == {seat("c0"), seat("c1")}
    assert {each.reason for each in await cut(redis)} == {"flooding"}
    for number in range(2):
        assert await send(full, f"c{number}", now=NOW + 1_000) == Gone()
    assert await join(full, "c9", now=NOW + FLOOD_BAN_MS - 1) == Banned()
    assert isinstance(await join(full, "c9", now=NOW + FLOOD_BAN_MS), Joined)
    assert await redis.hgetall(RoomKeys(42).bans) == {}


async def test_a_moderator_may_lift_the_ban(full: RoomState, redis: RedisCluster) -> None:
    await refused(full, 100)
    ban = await ModerationState(redis).lift("bans", 42, "alice", NOW)
    assert ban == Sanction(until=NOW + FLOOD_BAN_MS, since=NOW, by="platform", by_name="platform", reason="flooding")
    assert isinstance(await join(full, "c9"), Joined)


async def test_refusals_of_a_long_time_are_no_flood(full: RoomState) -> None:
    for second in range(3):
        found = await refused(full, 99, NOW + second * 10_000 - second)
        assert not any(one.flood for one in found)
        await send(full, "c0", now=NOW + second * 10_000)


async def test_frames_that_are_none_count_as_well(full: RoomState) -> None:
    found = [await full.refuse(seat("c0"), identity(), NOW) for _ in range(50)]
    found += [await full.refuse(seat("c1"), identity(), NOW) for _ in range(51)]
    assert found == ["refused"] * 99 + ["flood", "gone"]


async def test_a_moderator_is_not_refused_and_can_flood_all_the_same(full: RoomState) -> None:
    found = [await send(full, "c0", exempt=True) for _ in range(100)]
    assert all(isinstance(one, Accepted) for one in found[:99])
    assert isinstance(found[99], Refused)
    assert found[99].flood


async def test_many_at_once_make_one_flood(full: RoomState) -> None:
    found = [one for _ in range(3) for one in await asyncio.gather(*(send(full, "c0") for _ in range(50)))]
    assert sum(isinstance(one, Refused) and one.flood for one in found) == 1
    assert sum(isinstance(one, Gone) for one in found) == 50


async def test_each_slice_cuts_off_its_own_and_what_is_closed_leaves_the_list(
    state: RoomState, redis: RedisCluster
) -> None:
    for number in range(10):
        await join(state, f"c{number}")
    first, second = await cut(redis, 0, 2), await cut(redis, 1, 2)
    assert first
    assert second
    assert {each.seat.connection_id for each in [*first, *second]} == {f"c{number}" for number in range(5)}
    relay = RelayState(redis, slice_=0, slices=2, heartbeat_seconds=60)
    await relay.after([Posted(activity_id=42, mark=None, closed=first)], NOW)
    assert (await cut(redis, 0, 2), await cut(redis, 1, 2)) == ([], second)


async def test_the_sweep_finds_connections_that_wait_for_being_cut_off(state: RoomState, redis: RedisCluster) -> None:
    for number in range(7):
        await join(state, f"c{number}")
    sweeper = SweepState(redis, heartbeat_seconds=60)
    (early,) = await sweeper.sweep([42], now=NOW, expired_before=0, taken_before=NOW - 1)
    (late,) = await sweeper.sweep([42], now=NOW, expired_before=0, taken_before=NOW)
    assert (early.uncut, late.uncut) == (0, 2)


async def test_limits_are_what_they_are_set_to(redis: RedisCluster) -> None:
    state = RoomState(redis, heartbeat_seconds=60, limits=Limits(seats=1, joins=FEW, refusals=2, refusals_ms=1_000))
    joined = [await join(state, f"c{number}") for number in range(3)]
    assert [type(one) for one in joined] == [Joined, Joined, TooOften]
    assert [await state.refuse(seat("c1"), identity(), now) for now in (NOW, NOW + 1_000, NOW + 1_999)] == [
        "refused",
        "refused",
        "flood",
    ]


async def test_every_key_has_a_time_to_live(full: RoomState, redis: RedisCluster) -> None:
    await refused(full, 100)
    for number in range(6):
        await join(full, f"b{number}", "bob")
    lives = {key: await redis.pttl(key) async for key in redis.scan_iter("room:*")}
    assert RoomKeys(42).closing in lives
    assert all(ms > 0 for ms in lives.values()), lives
