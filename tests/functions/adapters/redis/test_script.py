"""A script's header names its arguments; a call whose answer is lost is made again, and changes everything once."""

import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import TimeoutError as RedisTimeoutError

from functions.adapters.redis import script
from functions.adapters.redis.keys import RoomKeys
from functions.adapters.redis.relay_state import RelayState
from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.script import CallOnce, Header, Script, run, run_all
from functions.adapters.redis.sweep_state import SweepState
from functions.rooms.answers import Accepted, Joined, Left, Rate
from functions.rooms.events import Chat, Who
from functions.rooms.frames import Kind
from functions.rooms.identity import Identity
from functions.rooms.room_view import Posted
from functions.rooms.seats import Seat, bucket_of
from functions.rooms.watch_time import Stretch
from tests.functions.adapters.redis.lossy_redis import LossyRedis, lossy
from tests.functions.conftest import NOW

ALICE = Identity(activity_id=42, user_id="alice", username="Alice", avatar="", framing="live.v1")
SEAT = Seat.of("c1", ALICE)
WATCHED = Stretch(NOW, NOW + 30_000, 30_000)
LEFT = Left(last=True, ended_at=NOW + 30_000, watched=WATCHED, username="Alice", online=0, likes=0)


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
    accepted = await state.accept(SEAT, ALICE, now, connected_at=now, kind=kind, rate=rate, count=count)
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
    assert (await accept(state, "heartbeat", NOW + 60_000)).watched.earned == 60_000
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
    assert left == replace(LEFT, watched=replace(WATCHED, earned=0))


async def test_who_is_swept_is_told_of(state: RoomState, redis: RedisCluster, proxy: LossyRedis) -> None:
    await state.join(SEAT, ALICE, NOW)
    proxy.lose = 1
    [swept] = await SweepState(redis, heartbeat_seconds=60).sweep(
        [42], now=NOW, expired_before=NOW + 1, taken_before=NOW
    )
    assert [departure.seat for departure in swept.departures] == [SEAT]
    assert proxy.lost == 1


async def test_whom_a_relay_found_gone_is_told_of(state: RoomState, redis: RedisCluster, proxy: LossyRedis) -> None:
    await state.join(SEAT, ALICE, NOW)
    relay = RelayState(redis, slice_=0, slices=1, heartbeat_seconds=60)
    proxy.lose = 1
    departed, failure = await relay.after([Posted(activity_id=42, mark=None, gone=[SEAT])], NOW + 30_000)
    assert [departure.left for departure in departed] == [LEFT]
    assert failure is None


async def test_an_answer_is_kept_for_as_long_as_it_may_be_asked_for(state: RoomState, redis: RedisCluster) -> None:
    await state.join(SEAT, ALICE, NOW)
    [call] = [key async for key in redis.scan_iter("room:{42}:call:*")]
    assert 0 < await redis.pttl(call) <= 15_000


SCRIPTS = sorted(Path(script.__file__).parent.glob("lua/*.lua"))
DECLARED = re.compile(r"^-- (?:CONST|KEYS|ARGV) (.+)$", re.MULTILINE)


def test_scripts_use_every_name_that_they_declare_and_no_position() -> None:
    assert len(SCRIPTS) > 15
    for path in SCRIPTS:
        text = path.read_text()
        code = re.sub(r"--.*", "", text)
        assert not re.search(r"(KEYS|ARGV)\s*\[\s*\d", code), f"{path.name} counts its arguments"
        for name in re.findall(
            r"[A-Za-z_]+(?=[\s.:]|$)", re.sub(r"\(.*?\)|:number", "", " ".join(DECLARED.findall(text)))
        ):
            assert re.search(rf"\b{name}\b", code), f"{path.name} does not use {name}"


def test_scripts_hold_no_number_that_means_something() -> None:
    """They come from Python: in Lua there are bases, places of pairs, and seconds as milliseconds."""
    for path in SCRIPTS:
        code = re.sub(r"--.*|'[^']*'", "", path.read_text())
        assert set(re.findall(r"\b\d+\b", code)) <= {"0", "1", "2", "3", "4", "1000"}, path.name


@pytest.mark.parametrize(
    ("header", "wrong"),
    [
        ("-- KEYS figures figures", "figures, figures"),
        ("-- KEYS seats\n-- ARGV seat seats...", "seats, seats"),
        ("-- CONST KEPT NUMBER_OF_SHEEP", "NUMBER_OF_SHEEP"),
        ("-- CONST RoomKeys", "RoomKeys"),
        ("-- ARGV now:text", "now:text"),
        ("-- ARGV 7", "7"),
    ],
)
def test_a_header_that_declares_what_it_cannot_is_refused_when_it_is_read(header: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=f"its header cannot have {re.escape(wrong)}$"):
        Header(header)


def test_a_call_has_the_names_of_its_script_and_no_others() -> None:
    remove = Script("remove")
    assert remove(RoomKeys(42), id="7-0", seq=7).keys == ["room:{42}:history", "room:{42}:removed"]
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'seq'"):
        remove(RoomKeys(42), id="7-0")
    with pytest.raises(TypeError, match="unexpected keyword argument 'sqe'"):
        remove(RoomKeys(42), id="7-0", seq=7, sqe=7)


async def test_more_seats_can_end_in_one_call_than_lua_returns_values(redis: RedisCluster, state: RoomState) -> None:
    """8,000 values, which were 1,330 seats."""
    seats = [Seat(f"c{number}", "live.v1", f"u{number}") for number in range(2 * 1500)]
    for seat in seats:
        identity = Identity(activity_id=42, user_id=seat.user_id, username=seat.user_id, avatar="", framing="live.v1")
        await state.join(seat, identity, NOW)
    sweeper = SweepState(redis, heartbeat_seconds=60, seats_a_call=1500)
    [swept] = await sweeper.sweep([42], now=NOW, expired_before=NOW + 1, taken_before=NOW)
    assert (swept.removed, swept.seats, swept.unfinished) == (1500, 1500, True)
    room = RoomKeys(42)
    note_posted = CallOnce("note_posted")(
        room,
        **room.of_all_seats(),
        slice=0,
        mark=None,
        now=NOW,
        most=90_000,
        welcomed=[],
        ended=[seat.pack() for seat in seats],
        ended_buckets=[bucket_of(seat.connection_id) for seat in seats],
        missed_at=NOW,
        missed=[],
        missed_buckets=[],
        cursors=[],
        closed=[],
    )
    online, _, ended = await run(redis, note_posted)
    assert (online, len(ended)) == (0, 1500)
    departed = {seat for seat, _, _ in ended} | {departure.seat.pack() for departure in swept.departures}
    assert departed == {seat.pack() for seat in seats}


async def test_a_server_that_knows_one_of_two_scripts_runs_both_in_order(
    redis: RedisCluster, admin: RedisCluster
) -> None:
    """What is read is as it was written, also when only what reads was known."""
    relay = RelayState(redis, slice_=0, slices=1, heartbeat_seconds=60)
    await admin.script_flush()
    room = RoomKeys(42)
    await run(redis, Script("read_view")(room, slice=0, now=NOW, first=7, first_ms=NOW, seats=room.seats([0]), asked=0))
    chat = Chat(activity_id=42, time=NOW, who=Who(user_id="carol"), seq=7, logged_at=NOW)
    (view,) = await relay.before({42: [chat]}, NOW)
    assert view.history.newest == 7


class LatePipeline:
    """The first time the second answer comes too late, and redis-py takes it for the third, as after a freeze."""

    def __init__(self, made: list[int]) -> None:
        self._made, self._calls = made, 0

    def execute_command(self, *words: object) -> None:
        self._calls += 1

    async def execute(self, **options: object) -> list[Any]:
        self._made.append(self._calls)
        return ["1", RedisTimeoutError("too late"), "2"] if len(self._made) == 1 else ["2", "3"]


async def test_an_answer_behind_one_that_was_too_late_is_not_believed() -> None:
    made: list[int] = []
    redis: Any = SimpleNamespace(pipeline=lambda: LatePipeline(made))
    calls = [Script("rules")(RoomKeys(number), slow=0, frozen=0) for number in (1, 2, 3)]
    assert (await run_all(redis, calls), made) == (["1", "2", "3"], [3, 2])
