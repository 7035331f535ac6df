"""A new process finds out what Redis has forgotten: by up to where each partition of the log was told."""

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.checkpoints import ROOMS_A_CALL
from functions.adapters.redis.client import StateUnavailable
from functions.adapters.redis.room_state import RoomState
from functions.rooms import events
from functions.rooms.spans import HOLE_AT_MOST
from tests.functions.adapters.redis.relay_process import ELSEWHERE, LATER, Process, chat, span_of, tell_and_forget
from tests.functions.adapters.redis.snapshot import lose_all, roll_back, take
from tests.functions.adapters.redis.test_relay_history import NOW, Slices, come, record


async def test_what_was_told_and_forgotten_is_a_gap_to_who_resumes(
    redis: RedisCluster, admin: RedisCluster, epoch: str
) -> None:
    await tell_and_forget(redis, admin)
    new = Process(redis)
    history = (await new.shows(chat(125), first=121, last=130))[42].history
    assert history.epoch not in ("", epoch)
    assert all(history.replay(f"{each}.{seq}", 124).gap for each in (epoch, history.epoch) for seq in range(124))
    assert await Slices(redis).kept() == [125]
    # From now on nothing is missing.
    history = (await new.shows(chat(131), first=131, last=131))[42].history
    assert not history.replay(f"{history.epoch}.125", 130).gap
    assert [name async for name in redis.scan_iter("log:*") if await redis.ttl(name) < 0] == []


@pytest.mark.parametrize("first", [0, 60, 101])
async def test_a_process_that_reads_on_or_again_tells_nothing(redis: RedisCluster, epoch: str, first: int) -> None:
    history = (await Process(redis).shows(chat(105), first=first, last=120))[42].history
    assert (history.epoch, history.replay(f"{epoch}.90", 104).gap) == (epoch, False)


async def test_a_batch_that_was_told_and_comes_again_tells_nothing(redis: RedisCluster, epoch: str) -> None:
    for last in (120, 104, 130):
        history = (await Process(redis).shows(chat(103), first=101, last=last))[42].history
        assert history.epoch == epoch


async def test_a_process_that_remembers_begins_the_epoch_in_the_same_round_trip(
    redis: RedisCluster, admin: RedisCluster, epoch: str, caplog: pytest.LogCaptureFixture
) -> None:
    kept, one = await take(redis, "*"), Process(redis)
    await one.shows(chat(105), chat(106, ELSEWHERE), first=101, last=120)
    await roll_back(admin, kept, "*")
    views = await one.shows(chat(125), chat(126, ELSEWHERE), first=121, last=130)
    assert views[42].history.epoch != epoch
    assert caplog.text == ""


async def test_the_ends_of_transactions_between_two_batches_of_a_process_are_no_gap(
    redis: RedisCluster, epoch: str
) -> None:
    one = Process(redis)
    for first, at in ((101, 105), (107, 107), (109 + HOLE_AT_MOST - 1, 130)):
        history = (await one.shows(chat(at), first=first, last=at))[42].history
        assert (history.epoch, history.replay(f"{epoch}.90", at - 1).gap) == (epoch, False)
        epoch = history.epoch


async def test_a_process_without_memory_does_not_take_the_first_offsets_of_a_log_for_ends_of_transactions(
    redis: RedisCluster, state: RoomState, admin: RedisCluster
) -> None:
    await come(state)
    began = (await Process(redis).shows(chat(0), first=0, last=0))[42].history.epoch
    await lose_all(admin, "log:*")
    assert (await Process(redis).shows(chat(9), first=9, last=9))[42].history.epoch != began


@pytest.mark.parametrize("hole", [HOLE_AT_MOST + 1, 100])
async def test_more_between_two_batches_than_ends_of_transactions_is_a_gap(
    redis: RedisCluster, epoch: str, hole: int
) -> None:
    one = Process(redis)
    await one.shows(chat(105), first=101, last=105)
    assert (await one.shows(chat(300), first=106 + hole, last=300))[42].history.epoch != epoch


async def test_a_hole_before_a_process_that_does_not_remember_is_a_gap(redis: RedisCluster, epoch: str) -> None:
    one, other = Process(redis), Process(redis)
    await one.shows(chat(105), first=101, last=105)
    await other.shows(chat(110), first=106, last=110)
    assert (await one.shows(chat(112), first=112, last=112))[42].history.epoch != epoch


async def test_a_process_that_dies_when_it_has_begun_an_epoch_does_not_have_it_begun_again(
    redis: RedisCluster, epoch: str
) -> None:
    batch = {42: [chat(205)]}
    (began,) = await Process(redis).before(batch, LATER, [span_of(batch[42], 201, 220)])
    (again,) = await Process(redis).before(batch, LATER, [span_of(batch[42], 201, 220)])
    assert began.history.epoch == again.history.epoch != epoch


async def test_a_node_that_lost_a_partitions_note_alone_begins_an_epoch(
    redis: RedisCluster, admin: RedisCluster, epoch: str
) -> None:
    await tell_and_forget(redis, admin, "log:*")
    assert (await Process(redis).shows(chat(125), first=121, last=130))[42].history.epoch != epoch


async def test_a_node_that_lost_a_room_alone_is_told_to_that_room(
    redis: RedisCluster, admin: RedisCluster, epoch: str
) -> None:
    kept = await take(redis, "room:{42}:*")
    elsewhere = await Process(redis).shows(chat(105), chat(106, ELSEWHERE), first=101, last=120)
    await roll_back(admin, kept, "room:{42}:*")
    views = await Process(redis).shows(chat(125), chat(126, ELSEWHERE), first=121, last=130)
    assert views[42].history.epoch != epoch
    assert views[ELSEWHERE].history.epoch == elsewhere[ELSEWHERE].history.epoch
    # The batch comes again: what it was compared with then was its own.
    again = await Process(redis).shows(chat(125), first=121, last=130)
    assert again[42].history.epoch == views[42].history.epoch


@pytest.mark.parametrize("lost", ["*", "room:*"])
async def test_a_process_that_dies_before_it_has_told_leaves_it_to_the_next(
    redis: RedisCluster, admin: RedisCluster, epoch: str, lost: str
) -> None:
    kept = await take(redis, lost)
    await Process(redis).shows(chat(105), first=101, last=120)
    await roll_back(admin, kept, lost)
    dying = Process(redis)
    dying.dies = True
    with pytest.raises(StateUnavailable):
        await dying.shows(chat(125), chat(127), first=121, last=130)
    # However the batch is split when it comes again.
    history = (await Process(redis).shows(chat(125), first=121, last=126))[42].history
    assert history.epoch != epoch
    assert (await Process(redis).shows(chat(127), first=127, last=130))[42].history.epoch == history.epoch


async def test_records_that_expired_unread_are_a_gap(redis: RedisCluster, epoch: str) -> None:
    assert (await Process(redis).shows(chat(205), first=201, last=220))[42].history.epoch != epoch


async def test_a_note_that_is_gone_is_as_forgotten(redis: RedisCluster, epoch: str) -> None:
    await lose_all(redis, "log:*")
    assert (await Process(redis).shows(chat(105), first=101, last=120))[42].history.epoch != epoch


async def test_a_log_that_begins_with_a_room_has_nothing_to_tell(state: RoomState, redis: RedisCluster) -> None:
    await come(state)
    began = await redis.hget("room:{42}:figures", "epoch")
    assert (await Process(redis).shows(chat(0), first=0, last=0))[42].history.epoch == began


async def test_a_slice_that_is_new_tells_nothing(redis: RedisCluster, epoch: str) -> None:
    second = await Process(redis, 1, 2).shows(chat(125), first=121, last=130)
    assert second[42].history.epoch == epoch


async def test_each_slice_reads_at_its_own_pace(redis: RedisCluster, epoch: str) -> None:
    first, second = Process(redis, 0, 2), Process(redis, 1, 2)
    await second.shows(chat(90, at=NOW), first=0, last=100)
    for number, one in enumerate((first, first, second, first, second)):
        at = {0: 101, 1: 111, 2: 101, 3: 121, 4: 111}[number]
        assert (await one.shows(chat(at + 1), first=at, last=at + 9))[42].history.epoch == epoch


async def test_a_new_log_is_compared_with_nothing_of_the_old_one(redis: RedisCluster, epoch: str) -> None:
    old = (await Process(redis).shows(chat(205), first=201, last=220))[42].history.epoch
    anew = LATER + 60_000
    began = (await Process(redis).shows(chat(1, at=anew), first=0, last=5))[42].history.epoch
    assert began != old
    for seq, first, last in ((7, 6, 99), (107, 100, 299), (307, 300, 309)):
        assert (await Process(redis).shows(chat(seq, at=anew), first=first, last=last))[42].history.epoch == began
    # What it has been told since then counts.
    assert (await Process(redis).shows(chat(327, at=anew), first=320, last=329))[42].history.epoch != began


async def test_a_batch_of_broken_records_is_told_too(redis: RedisCluster, epoch: str) -> None:
    await Process(redis).shows(first=101, last=120)
    assert (await Process(redis).shows(chat(121), first=121, last=121))[42].history.epoch == epoch


async def test_partitions_are_told_apart(redis: RedisCluster, epoch: str) -> None:
    await Process(redis).shows(chat(500, ELSEWHERE), first=500, last=500, partition="live-4")
    assert (await Process(redis).shows(chat(101), first=101, last=101))[42].history.epoch == epoch


async def test_a_frozen_process_does_not_take_the_note_back(redis: RedisCluster, epoch: str) -> None:
    await Process(redis).shows(chat(121), first=101, last=130)
    await Process(redis).after([], LATER, [span_of([chat(105)], 101, 110)])
    assert (await Process(redis).shows(chat(131), first=131, last=131))[42].history.epoch == epoch


async def test_more_rooms_than_a_call_has(redis: RedisCluster, epoch: str) -> None:
    """A script has at most 3,999 arguments on ElastiCache Serverless."""
    rooms = [record(101 + number, events.LIKE, at=LATER, activity_id=1000 + number) for number in range(ROOMS_A_CALL)]
    last = 101 + len(rooms)
    await Process(redis).after([], LATER, [span_of([*rooms, chat(last)], 101, last)])
    known = await redis.zscore("log:{live-3}:heard:0", "42")
    assert (known, await redis.zcard("log:{live-3}:heard:0")) == (last, ROOMS_A_CALL + 2)
    assert (await Process(redis).shows(chat(last + 1), first=last + 1, last=last + 1))[42].history.epoch != epoch
