"""What Redis counts of a large audience, against who is there."""

from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from bench.audience import ACTIVITY_ID, Audience, Counts
from bench.batching_redis import BatchingRedis
from bench.reader import Reader
from bench.redis_usage import room_bytes
from functions.rooms.events import JOIN, LEAVE
from functions.rooms.ticks import NAMED_AT_MOST

# The clocks of the functions are years behind Redis's, and so many ms apart from each other: less than half a minute,
# which is what a stretch of watching may be interrupted for at the shortest interval.
SKEWS = (0, -14_000, 14_000)
BEAT_SECONDS = 100
LEASE_SECONDS = 2 * BEAT_SECONDS
SEATS = 20
MOST_BYTES = 400
sizes = pytest.mark.parametrize("size", [300, pytest.param(20_000, marks=[pytest.mark.long, pytest.mark.timeout(300)])])


@pytest.fixture
async def redis(clean_redis: str) -> AsyncIterator[BatchingRedis]:
    async with aclosing(await BatchingRedis.connected(clean_redis)) as client:
        yield client


def audience(redis: BatchingRedis, size: int) -> Audience:
    return Audience(redis, beats_per_second=size // BEAT_SECONDS, skews=SKEWS)


async def counts_are_true(room: Audience) -> None:
    assert await room.counted() == room.true()


@sizes
async def test_readers_are_counted_and_told_right_and_earn_their_time(redis: BatchingRedis, size: int) -> None:
    room = audience(redis, size)
    seated = await room.sit(SEATS)
    before, ticks = room.onlooker.told.copy(), room.made.calls["tick"]
    on_both = [Reader(viewer.identity) for viewer in seated[: SEATS // 2]]
    readers = room.come(size, 120)
    room.take(on_both, 120)
    for _ in range(4):
        await room.go_on(30)
        await counts_are_true(room)
    assert room.true() == Counts(size + SEATS, SEATS, size + SEATS // 2)
    assert room.onlooker.told[JOIN] - before[JOIN] == size
    assert room.onlooker.objects[JOIN] <= before[JOIN] + NAMED_AT_MOST * (room.made.calls["tick"] - ticks)
    kept = await room_bytes(redis, ACTIVITY_ID)
    assert (kept["users"] + kept["places"]) / size < MOST_BYTES

    vanished, banned, leaving = readers[::10], readers[1::1000], readers[2::5]
    room.vanish(vanished)
    for reader in banned:
        await room.ban(reader)
    await room.leave(leaving)
    await counts_are_true(room)
    await room.go_on(LEASE_SECONDS + 61)
    gone = {*vanished, *banned, *leaving}
    assert room.true().places == size + SEATS // 2 - len(gone)
    await counts_are_true(room)
    assert room.onlooker.told[LEAVE] == len(gone)
    assert (room.made.lapsed, room.made.refused) == (0, len(banned))

    # Half of them say so.
    rest = [reader for reader in (*readers, *on_both) if reader not in gone]
    room.vanish(rest)
    await room.leave(rest[::2])
    await counts_are_true(room)
    await room.go_on(LEASE_SECONDS + 61)
    assert await room.counted() == Counts(SEATS, SEATS, 0)
    assert (room.onlooker.told[LEAVE], room.onlooker.online) == (size, SEATS)
    assert room.onlooker.objects[LEAVE] <= NAMED_AT_MOST * room.made.calls["tick"]
    watched = {reader.identity.user_id: reader.seen_at - reader.taken_at for reader in readers if reader not in banned}
    assert {user_id: room.log.watched[user_id] for user_id in watched} == watched


@sizes
async def test_after_redis_was_emptied_all_are_counted_again_within_a_beat(redis: BatchingRedis, size: int) -> None:
    room = audience(redis, size)
    await room.sit(SEATS)
    readers = room.come(size, 120)
    await room.go_on(120)
    await room.lose_all()
    await room.go_on(LEASE_SECONDS)
    assert room.true() == Counts(size + SEATS, SEATS, size)
    await counts_are_true(room)
    assert room.made.refused == 0
    room.vanish(readers)
    await room.go_on(LEASE_SECONDS + 61)
    assert await room.counted() == Counts(SEATS, SEATS, 0)
