"""What the relay's state keeps of a room's chat: its scripts on a real Redis."""

from collections.abc import Sequence
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.redis.relay_state import RelayState
from functions.adapters.redis.room_state import RoomState
from functions.rooms import events, history
from functions.rooms.events import Event
from functions.rooms.identity import Identity
from functions.rooms.marks import Mark
from functions.rooms.removals import KEPT
from functions.rooms.room_view import Posted, RoomView
from functions.rooms.seats import Seat
from tests.functions.made import event

NOW = 1_700_000_000_000
TEN_MINUTES = 600_000
HISTORY, FIGURES = "room:{42}:history", "room:{42}:figures"


def record(seq: int, type_: int = events.CHAT, at: int = NOW, **fields: object) -> Event:
    return event(type_, **({"time": at, "user_id": "carol", "seq": seq, "logged_at": at} | fields))


def chats(*seqs: int, at: int = NOW) -> list[Event]:
    return [record(seq, at=at) for seq in seqs]


async def entries(redis: RedisCluster) -> list[tuple[str, dict[str, str]]]:
    """What stands in the history."""
    found: Any = await redis.xrange(HISTORY)
    return list(found)


class Slices:
    """The slices of one room."""

    def __init__(self, redis: RedisCluster, count: int = 3) -> None:
        self._redis = redis
        self._states = [RelayState(redis, slice_=slice_, slices=count, heartbeat_seconds=60) for slice_ in range(count)]

    async def brings(self, slice_: int, records: Sequence[Event], now: int = NOW) -> RoomView:
        """The slice is about to show these."""
        (room,) = await self._states[slice_].before({42: records}, now)
        return room

    async def kept(self) -> list[int]:
        """The seqs in the history."""
        return [int(name.split("-")[0]) for name, _ in await entries(self._redis)]


@pytest.fixture
def slices(redis: RedisCluster) -> Slices:
    return Slices(redis)


def seat(number: int = 0) -> Seat:
    """One connection."""
    return Seat(f"connection-{number}", "live.v1", f"u{number}")


async def come(state: RoomState, number: int = 0, since: str = "") -> Seat:
    name = f"u{number}"
    taken = seat(number)
    await state.join(taken, Identity(activity_id=42, user_id=name, username=name, framing="live.v1"), NOW, since=since)
    return taken


def seqs(room: RoomView) -> list[int]:
    return [entry.seq for entry in room.history.entries]


async def test_what_is_public_is_kept_once_whichever_slice_comes_first(slices: Slices, redis: RedisCluster) -> None:
    await slices.brings(1, [*chats(5), record(6, events.LIKE), record(7, events.NOTICE, name="n"), record(8, to="bob")])
    await slices.brings(0, chats(5))
    await slices.brings(0, [record(7, events.NOTICE, name="n"), *chats(9)])
    await slices.brings(2, chats(5, 9, 12))
    await slices.brings(1, chats(9))
    assert await slices.kept() == [5, 7, 9, 12]
    (_, fields), *_ = await entries(redis)
    assert fields == {"at": str(NOW), "said": history.encode(record(5)).decode(), "by": "carol"}


async def test_a_batch_that_comes_again_adds_nothing(slices: Slices, redis: RedisCluster) -> None:
    batch = [record(4, events.JOIN), *chats(5, 6)]
    first = await slices.brings(0, batch)
    figures = await redis.hgetall(FIGURES)
    again = await slices.brings(0, batch)
    assert (again, await redis.hgetall(FIGURES), await slices.kept()) == (first, figures, [5, 6])
    await slices.brings(0, [*batch, *chats(7)])
    assert await slices.kept() == [5, 6, 7]


async def test_the_first_record_of_all_can_be_kept(slices: Slices, state: RoomState) -> None:
    await slices.brings(0, chats(0, 1))
    await come(state)
    assert seqs(await slices.brings(0, chats(2))) == [0, 1]
    await slices.brings(0, [record(3, events.REMOVED, data={"seq": 0})])
    assert await slices.kept() == [1, 2]


async def test_only_the_newest_are_kept(slices: Slices) -> None:
    await slices.brings(0, chats(*range(1, KEPT + 1)))
    assert (await slices.brings(0, chats(KEPT + 1, KEPT + 2))).history.trimmed == 2
    assert await slices.kept() == list(range(3, KEPT + 3))


async def test_more_chats_in_one_batch_than_are_kept(slices: Slices) -> None:
    await slices.brings(0, chats(1, 2, 3))
    room = await slices.brings(0, chats(*range(10, 10 + KEPT + 50)))
    assert room.history.trimmed == 59
    assert await slices.kept() == list(range(60, 60 + KEPT))
    # Another slice brings them in other batches.
    for batch in (chats(1), chats(2, 3, *range(10, 40)), chats(*range(40, 420))):
        assert (await slices.brings(1, batch)).history.trimmed >= 59
    assert await slices.kept() == list(range(120, 420))


async def test_none_is_kept_for_longer_than_ten_minutes(slices: Slices) -> None:
    await slices.brings(0, [*chats(1, 2), *chats(3, at=NOW + 5000)])
    await slices.brings(0, [record(4, events.LIKE)], now=NOW + TEN_MINUTES)
    assert await slices.kept() == [1, 2, 3]
    room = await slices.brings(0, [record(5, events.LIKE)], now=NOW + TEN_MINUTES + 1)
    assert (await slices.kept(), room.history.trimmed) == ([3], 2)


async def test_a_history_that_expired_was_trimmed(slices: Slices, redis: RedisCluster) -> None:
    await slices.brings(0, chats(1, 2, 9))
    assert TEN_MINUTES - 60_000 < await redis.pttl(HISTORY) <= TEN_MINUTES
    await redis.delete(HISTORY)
    assert (await slices.brings(1, chats(9))).history.trimmed == 9
    assert (await slices.brings(0, [record(10, events.LIKE)])).history.trimmed == 9
    assert (await slices.brings(0, chats(11))).history.trimmed == 9
    assert await slices.kept() == [11]


async def test_an_idle_room_without_chat_is_not_trimmed(slices: Slices) -> None:
    assert (await slices.brings(0, chats(1))).history.trimmed == 0
    room = await slices.brings(0, [record(2, events.LIKE)])
    assert (room.history.trimmed, room.history.newest) == (0, 2)


async def test_in_a_new_log_the_history_and_its_epoch_are_new(
    slices: Slices, state: RoomState, redis: RedisCluster
) -> None:
    await slices.brings(0, chats(50, 51))
    await redis.sadd("room:{42}:removed", "3")
    old = (await slices.brings(0, chats(52))).history.epoch
    later = NOW + 60_000
    await come(state, since=f"{old}.52")
    first = await slices.brings(0, chats(3, 4, at=later), now=later)
    assert (await slices.kept(), first.history.trimmed, first.history.newest) == ([3, 4], 2, 4)
    assert first.history.epoch not in ("", old)
    # For the other slices too, and no further time.
    for slice_ in (1, 0):
        assert (await slices.brings(slice_, chats(3, 4, 5, at=later), now=later)).history.epoch == first.history.epoch
    assert await slices.kept() == [3, 4, 5]
    assert first.history.replay(first.cursors.get(seat()), 2).gap


async def test_a_record_that_was_long_under_way_is_no_sign_of_a_new_log(slices: Slices) -> None:
    """It has the time at which it was made, so what stands before it may be newer."""
    batch = [*chats(10, at=NOW + 5000), *chats(11), *chats(12, at=NOW + 100)]
    epoch = (await slices.brings(0, batch)).history.epoch
    await slices.brings(0, chats(13, at=NOW + 200))
    assert (await slices.brings(1, batch)).history.epoch == epoch
    assert await slices.kept() == [10, 11, 12, 13]


async def test_what_was_removed_is_not_in_the_history(slices: Slices, redis: RedisCluster) -> None:
    moderation = ModerationState(redis)
    await slices.brings(0, chats(1, 2, 3))
    await moderation.remove_chat(42, 2)
    assert await slices.kept() == [1, 3]
    # It was there; it did not go by itself.
    assert (await slices.brings(1, chats(1, 2, 3))).history.trimmed == 0
    assert await slices.kept() == [1, 3]


async def test_what_was_removed_before_it_got_there_does_not_come(slices: Slices, redis: RedisCluster) -> None:
    await ModerationState(redis).remove_chat(42, 2)
    await slices.brings(0, chats(1, 2, 3))
    assert await slices.kept() == [1, 3]


async def test_another_system_removes_through_the_log(slices: Slices) -> None:
    await slices.brings(0, [*chats(1, 2), record(3, events.REMOVED, data={"seq": 2})])
    assert await slices.kept() == [1]
    await slices.brings(0, [record(4, events.REMOVED, data={"seq": 1}), record(5, events.REMOVED, data={"seq": "x"})])
    assert await slices.kept() == []
    # An empty history is no lost one.
    assert (await slices.brings(0, chats(6))).history.trimmed == 0


async def test_who_comes_first_reads_what_was_said_last_before_the_batch(slices: Slices, state: RoomState) -> None:
    await slices.brings(0, chats(*range(1, 31)))
    assert seqs(await slices.brings(0, chats(31))) == []  # nobody is there to read it
    await come(state)
    assert seqs(await slices.brings(0, chats(32, 33))) == list(range(12, 32))
    assert seqs(await slices.brings(0, [record(34, events.LIKE)])) == list(range(14, 34))


async def test_who_comes_back_reads_all_behind_its_cursor(slices: Slices, state: RoomState) -> None:
    epoch = (await slices.brings(0, chats(*range(1, 101)))).history.epoch
    returned = await come(state, since=f"{epoch}.40")
    newly = await come(state, 2)
    room = await slices.brings(0, chats(101))
    assert (room.cursors, set(room.newcomers)) == ({returned: f"{epoch}.40"}, {returned, newly})
    assert seqs(room) == list(range(41, 101))


@pytest.mark.parametrize(
    "cursor", ["other.40", "{}.100", "{}.101", "{}.9007199254740993", "{}.99999999999999999999", "?"]
)
async def test_a_cursor_that_is_of_no_use_here_reads_what_was_said_last(
    slices: Slices, state: RoomState, cursor: str
) -> None:
    epoch = (await slices.brings(0, chats(*range(1, 101)))).history.epoch
    cursor = cursor.format(epoch)
    returned = await come(state, since=cursor)
    room = await slices.brings(0, chats(101))
    assert (room.cursors, seqs(room)) == ({returned: cursor}, list(range(81, 101)))


async def test_a_cursor_from_before_the_history_reads_all_of_it(slices: Slices, state: RoomState) -> None:
    epoch = (await slices.brings(0, chats(*range(1, KEPT + 51)))).history.epoch
    await come(state, since=f"{epoch}.0")
    room = await slices.brings(0, chats(KEPT + 51))
    # The 52nd went when the last came.
    assert seqs(room) == list(range(52, KEPT + 51))
    assert room.history.trimmed == 51


async def test_each_slice_reads_for_its_own_newcomers(slices: Slices, state: RoomState) -> None:
    for slice_ in range(3):
        epoch = (await slices.brings(slice_, chats(*range(1, 51)))).history.epoch
    newcomers = {await come(state, number, since=f"{epoch}.{number}") for number in range(2)}
    rooms = [await slices.brings(slice_, chats(51)) for slice_ in range(3)]
    assert set().union(*(room.cursors for room in rooms)) == newcomers
    for room in rooms:
        assert set(room.newcomers) == set(room.seats) == set(room.cursors)
        oldest = min((int(cursor.split(".")[1]) for cursor in room.cursors.values()), default=50)
        assert seqs(room) == list(range(oldest + 1, 51))
    assert not all(room.newcomers for room in rooms)


async def test_a_slice_that_is_behind_reads_up_to_its_own_batch(
    slices: Slices, state: RoomState, redis: RedisCluster
) -> None:
    await slices.brings(0, chats(*range(1, 11)))
    await come(state)
    one = Slices(redis, 1)
    assert seqs(await one.brings(0, chats(4, 5))) == [1, 2, 3]


async def test_a_newcomer_in_a_batch_that_comes_again_reads_what_was_shown_of_it(
    state: RoomState, redis: RedisCluster
) -> None:
    one = RelayState(redis, slice_=0, slices=1, heartbeat_seconds=60)
    await come(state)
    (room,) = await one.before({42: chats(5, 6)}, NOW)
    assert seqs(room) == []
    await one.after([Posted(activity_id=42, mark=Mark(5, NOW))], NOW)
    (room,) = await one.before({42: chats(5, 6)}, NOW)
    assert (seqs(room), room.mark) == ([5], Mark(5, NOW))


async def test_a_cursor_is_forgotten_with_the_welcome(state: RoomState, redis: RedisCluster) -> None:
    returned = await come(state, since="abc.1")
    one = RelayState(redis, slice_=0, slices=1, heartbeat_seconds=60)
    await one.after([Posted(activity_id=42, mark=None, welcomed=[returned])], NOW)
    assert await redis.exists("room:{42}:since") == 0


async def test_a_cursor_is_forgotten_when_its_seat_is_given_up(state: RoomState, redis: RedisCluster) -> None:
    left = await come(state, since="abc.1")
    stays = await come(state, 2, since="abc.2")
    await state.leave(left, 42, NOW)
    one = Slices(redis, 1)
    assert (await one.brings(0, chats(1))).cursors == {stays: "abc.2"}
    assert await redis.hgetall("room:{42}:since") == {stays.pack(): "abc.2"}


async def test_slices_that_stand_apart_when_the_state_is_lost_leave_no_hole_unsaid(
    slices: Slices,
) -> None:
    """In an empty Redis one goes on at 90, another at 100: nobody writes what lies between."""
    await slices.brings(1, chats(90, 91))
    room = await slices.brings(0, chats(100, 101))
    assert room.history.trimmed == 99
    assert room.history.replay(f"{room.history.epoch}.91", 101).gap
    await slices.brings(1, chats(*range(92, 103)))
    assert (await slices.brings(1, chats(103))).history.trimmed == 99
    assert await slices.kept() == [100, 101, 102, 103]


async def test_slices_that_take_turns_leave_no_hole(slices: Slices) -> None:
    for slice_ in range(3):
        await slices.brings(slice_, chats(10))
    for number in range(20, 40, 5):
        assert (await slices.brings(number % 3, chats(number))).history.trimmed == 9


async def test_all_that_is_written_has_a_time_to_live(slices: Slices, state: RoomState, redis: RedisCluster) -> None:
    await slices.brings(0, chats(1, 2))
    await come(state, since="abc.1")
    await slices.brings(1, chats(1, 2))
    keys = [key async for key in redis.scan_iter("room:{42}:*")]
    assert {HISTORY, FIGURES, "room:{42}:since"} <= set(keys)
    assert all([await redis.ttl(key) > 0 for key in keys])
