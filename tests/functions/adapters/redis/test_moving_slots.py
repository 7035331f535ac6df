"""A slot moves from one node of the cluster to another while its room is in use."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import chain

import pytest
from redis.asyncio.cluster import RedisCluster
from redis.crc import key_slot

from functions.adapters.redis import cluster as adapter
from functions.adapters.redis.client import StateUnavailable, connect
from functions.adapters.redis.keys import ROOMS, RoomKeys
from functions.adapters.redis.relay_state import RelayState
from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.sweep_state import SweepState
from functions.rooms.answers import Joined
from functions.rooms.events import Chat, Who
from functions.rooms.identity import Identity
from functions.rooms.seats import Seat
from local.servers.redis import OLDEST_VERSION
from tests.functions.adapters.redis.snapshot import lose_all
from tests.functions.conftest import NOW
from tests.lasting import lasting
from tests.moving_slots import Slots
from tests.redis_cluster import ThreeNodes

SLOT = key_slot(RoomKeys(42).figures.encode())
# Longer than redis-py asks again by itself.
A_WHILE = 0.8


@pytest.fixture(scope="module")
def nodes() -> Iterator[ThreeNodes]:
    """Three nodes, the last of which has no slots."""
    cluster = ThreeNodes(OLDEST_VERSION, sharing=2)
    with lasting(cluster):
        yield cluster


@pytest.fixture(scope="module")
def slots(nodes: ThreeNodes) -> Iterator[Slots]:
    slots = Slots(nodes)
    yield slots
    slots.close()


@pytest.fixture
async def redis(nodes: ThreeNodes) -> AsyncIterator[RedisCluster]:
    # Redis 6.2 has no right to ask a second node among those of REDIS_ACCESS, and 7 has it: `make test-redis`.
    client = connect(nodes.admin_url)
    await lose_all(client)
    yield client
    await client.aclose()


@pytest.fixture
def state(redis: RedisCluster) -> RoomState:
    return RoomState(redis, heartbeat_seconds=60)


def relay(redis: RedisCluster) -> RelayState:
    return RelayState(redis, slice_=0, slices=1, heartbeat_seconds=60)


def chat(room: int, seq: int) -> Chat:
    return Chat(activity_id=room, time=NOW, who=Who(user_id="carol"), seq=seq, logged_at=NOW)


async def join(state: RoomState, user: str, room: int = 42) -> Joined:
    identity = Identity(activity_id=room, user_id=user, username=user, avatar="", framing="live.v1")
    joined = await state.join(Seat.of(f"c-{user}", identity), identity, NOW)
    assert isinstance(joined, Joined)
    return joined


def next_of(slots: Slots) -> int:
    return (slots.owner(SLOT) + 1) % 3


async def test_commands_at_once_of_a_client_that_knows_no_slots_yet_all_succeed(nodes: ThreeNodes) -> None:
    """They are redirected, more of them than redis-py's count before it closes all connections."""
    async with connect(nodes.admin_url) as client:
        await client.aclose()  # so that it asks for the slots again, in the midst of the commands
        assert all(await asyncio.gather(*(client.set(f"{{42}}{number}", 1, ex=60) for number in range(40))))


async def test_a_call_waits_until_its_slot_has_moved(state: RoomState, slots: Slots) -> None:
    await join(state, "alice")
    target = next_of(slots)
    slots.begin(SLOT, target, keys=2)
    joining = asyncio.ensure_future(join(state, "bob"))
    done, _ = await asyncio.wait({joining}, timeout=A_WHILE)
    assert not done
    slots.finish(SLOT, target)
    assert await joining == Joined(first=True, online=2, likes=0)


async def test_a_slot_that_does_not_arrive_means_that_redis_is_away(
    state: RoomState, redis: RedisCluster, slots: Slots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "MOVING_SECONDS", 0.1)
    await join(state, "alice")
    target = next_of(slots)
    slots.begin(SLOT, target, keys=2)
    with pytest.raises(StateUnavailable):
        await join(state, "bob")
    sweeper = SweepState(redis, heartbeat_seconds=60)
    await join(state, "carol", 43)
    swept = await sweeper.sweep([42, 43], now=NOW, expired_before=NOW + 1, taken_before=NOW)
    assert [(room.activity_id, room.removed) for room in swept] == [(43, 1)]
    slots.finish(SLOT, target)
    [room] = await sweeper.sweep([42], now=NOW, expired_before=NOW + 1, taken_before=NOW)
    assert [departure.seat.user_id for departure in room.departures] == ["alice"]


async def test_a_room_s_calls_keep_their_order_when_only_one_must_wait(
    state: RoomState, redis: RedisCluster, slots: Slots
) -> None:
    """What is read is as it was written, also when only what reads had all of its keys."""
    for room in (42, 43):
        await join(state, "alice", room)
    one = relay(redis)
    await one.before({42: [chat(42, 6)]}, NOW)
    await state.ping()
    target = next_of(slots)
    slots.begin(SLOT, target, keys=0)
    batch = {room: [chat(room, 7), chat(room, 8)] for room in (42, 43)}
    bringing = asyncio.ensure_future(one.before(batch, NOW))
    done, _ = await asyncio.wait({bringing}, timeout=A_WHILE)
    assert not done
    slots.finish(SLOT, target)
    assert [view.history.newest for view in await bringing] == [8, 8]


async def test_a_single_key_is_asked_for_where_it_is_also_on_a_node_that_is_new(
    state: RoomState, redis: RedisCluster, slots: Slots
) -> None:
    """The client does not know the third node, which had no slots when it asked for them."""
    await state.list_room(42, NOW)
    slot, target = key_slot(ROOMS.encode()), 2
    sweeper = SweepState(redis, heartbeat_seconds=60)
    assert await sweeper.rooms() == [42]
    slots.begin(slot, target)
    assert await sweeper.rooms() == [42]
    slots.finish(slot, target)
    assert await sweeper.rooms() == [42]


async def test_who_joins_while_the_slot_moves_round_is_counted_once(state: RoomState, slots: Slots) -> None:
    await join(state, "alice")
    users = [f"u{number}" for number in range(60)]

    async def come_one_after_another(names: list[str]) -> list[int]:
        return [(await join(state, name)).online for name in names]

    coming = asyncio.gather(*(come_one_after_another(users[start::4]) for start in range(4)))
    moves = 0
    while not coming.done() or moves < 3:
        target = next_of(slots)
        slots.begin(SLOT, target, keys=3)
        await asyncio.wait({coming}, timeout=0.02)
        slots.finish(SLOT, target)
        moves += 1
        await asyncio.wait({coming}, timeout=0.02)
    assert sorted(chain(*await coming)) == list(range(2, 62))
    assert (await state.figures(42)).connections == 61
