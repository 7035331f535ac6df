"""A Redis that has lost its newest writes: the process's own marks hold, and nobody's cursor hides what is missing."""

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.relay_state import RelayState
from functions.adapters.redis.room_state import RoomState
from functions.rooms import events
from functions.rooms.marks import Mark
from functions.rooms.room_view import Posted, RoomView
from tests.functions.adapters.redis.snapshot import lose_all, roll_back, take
from tests.functions.adapters.redis.test_relay_history import NOW, Slices, chats, come, record

LATER = NOW + 3_000


async def shows(relay: RelayState, *seqs: int, at: int = NOW) -> RoomView:
    """The relay brings these chats, and shows them."""
    (view,) = await relay.before({42: chats(*seqs, at=at)}, at)
    await relay.after([Posted(activity_id=42, mark=Mark(seqs[-1], at))], at)
    return view


def relay(redis: RedisCluster, slice_: int = 0, slices: int = 1) -> RelayState:
    return RelayState(redis, slice_=slice_, slices=slices, heartbeat_seconds=60)


async def test_chats_that_were_lost_with_a_failover_are_a_gap_for_whoever_comes_back(
    state: RoomState, redis: RedisCluster, admin: RedisCluster
) -> None:
    await come(state)
    one = relay(redis)
    epoch = (await shows(one, 1, 2)).history.epoch
    snapshot = await take(redis)
    await shows(one, 3, 4, 5, at=LATER)
    await roll_back(admin, snapshot)
    view = await shows(one, 6, at=LATER)
    assert view.history.epoch not in ("", epoch)
    for seq in range(7):
        assert view.history.replay(f"{epoch}.{seq}", 6).gap, seq
    # What was shown is not shown again.
    assert view.mark == Mark(5, LATER)
    # The room goes on: from now on nothing is missing.
    view = await shows(one, 7, at=LATER)
    assert not view.history.replay(f"{view.history.epoch}.6", 6).gap
    assert await Slices(redis).kept() == [6, 7]


async def test_a_batch_that_comes_again_after_a_failover_is_not_shown_again(
    state: RoomState, redis: RedisCluster, admin: RedisCluster
) -> None:
    await come(state)
    one = relay(redis)
    await shows(one, 1, 2)
    snapshot = await take(redis)
    epoch = (await shows(one, 3, 4, at=LATER)).history.epoch
    await roll_back(admin, snapshot)
    view = await shows(one, 3, 4, at=LATER)
    assert view.mark is not None
    assert view.mark.unseen(chats(3, 4)) == []
    assert view.history.epoch != epoch
    # Later batches find all as it was noted then.
    assert (await shows(one, 5, at=LATER)).history.epoch == view.history.epoch


async def test_a_mark_alone_that_was_lost_is_put_right_and_begins_an_epoch(
    state: RoomState, redis: RedisCluster, admin: RedisCluster
) -> None:
    await come(state)
    one = relay(redis)
    epoch = (await shows(one, 1, 2)).history.epoch
    (view,) = await one.before({42: chats(3, at=LATER)}, LATER)
    snapshot = await take(redis)
    await one.after([Posted(activity_id=42, mark=Mark(3, LATER))], LATER)
    await roll_back(admin, snapshot)
    (view,) = await one.before({42: chats(3, 4, at=LATER)}, LATER)
    assert (view.mark, view.history.epoch == epoch) == (Mark(3, LATER), False)


async def test_an_emptied_redis_shows_nothing_again_either(state: RoomState, redis: RedisCluster) -> None:
    await come(state)
    one = relay(redis)
    epoch = (await shows(one, 1, 2)).history.epoch
    await lose_all(redis)
    await come(state)
    view = await shows(one, 1, 2, 3)
    assert (view.mark, view.history.epoch != epoch) == (Mark(2, NOW), True)
    assert all([await redis.ttl(key) > 0 async for key in redis.scan_iter("room:{42}:*")])


async def test_each_slice_puts_its_own_mark_right_in_one_new_epoch(
    state: RoomState, redis: RedisCluster, admin: RedisCluster
) -> None:
    await come(state)
    both = [relay(redis, number, 2) for number in range(2)]
    for one in both:
        await shows(one, 1, 2)
    snapshot = await take(redis)
    for one in both:
        epoch = (await shows(one, 3, 4, at=LATER)).history.epoch
    await roll_back(admin, snapshot)
    views = [await shows(one, 5, at=LATER) for one in both]
    assert [view.mark for view in views] == [Mark(4, LATER)] * 2
    assert views[0].history.epoch == views[1].history.epoch != epoch
    assert await Slices(redis).kept() == [5]


async def test_a_slice_that_is_behind_hides_nothing_of_what_another_had_brought(
    state: RoomState, redis: RedisCluster, admin: RedisCluster
) -> None:
    await come(state)
    ahead, behind = relay(redis, 0, 2), relay(redis, 1, 2)
    await shows(behind, 1, 2)
    await shows(ahead, 1, 2)
    snapshot = await take(redis)
    epoch = (await shows(ahead, 3, 4, 5, 6, at=LATER)).history.epoch
    await roll_back(admin, snapshot)
    view = await shows(behind, 3, 4, at=LATER)
    # It brings all again, so that nothing is missing; what it has not brought yet is a gap.
    assert not view.history.replay(f"{epoch}.3", 4).gap
    assert view.history.replay(f"{epoch}.6", 4).gap
    view = await shows(ahead, 7, at=LATER)
    assert (view.mark, view.history.epoch == epoch) == (Mark(6, LATER), False)
    assert (await shows(behind, 5, 6, 7, at=LATER)).history.epoch == view.history.epoch


async def test_a_process_that_was_frozen_changes_nothing(state: RoomState, redis: RedisCluster) -> None:
    """What it remembers is older than what Redis has."""
    await come(state)
    frozen, other = relay(redis), relay(redis)
    await shows(frozen, 1, 2)
    epoch = (await shows(other, 3, 4, at=LATER)).history.epoch
    await frozen.after([Posted(activity_id=42, mark=Mark(3, LATER))], LATER)
    for one in (other, frozen):
        view = await shows(one, 3, 4, 5, at=LATER)
        assert view.history.epoch == epoch
        assert view.mark is not None
        assert view.mark.seq >= 4


async def test_a_new_log_is_no_failover(state: RoomState, redis: RedisCluster) -> None:
    await come(state)
    one = relay(redis)
    old = (await shows(one, 50, 51)).history.epoch
    anew = await shows(one, 3, 4, at=NOW + 60_000)
    assert (anew.mark, anew.history.epoch != old) == (None, True)
    view = await shows(one, 5, at=NOW + 60_000)
    assert (view.mark, view.history.epoch) == (Mark(4, NOW + 60_000), anew.history.epoch)
    assert await Slices(redis).kept() == [3, 4, 5]


async def test_a_room_without_anybody_costs_no_memory_after_a_failover(redis: RedisCluster) -> None:
    one = relay(redis)
    (view,) = await one.before({42: [record(1, events.LIKE)]}, NOW)
    await one.before({42: [record(2, events.LIKE)]}, NOW)
    assert (view.mark, [key async for key in redis.scan_iter("*")]) == (None, [])
