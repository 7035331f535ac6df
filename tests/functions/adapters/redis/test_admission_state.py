"""Whether a room would let a user in: what `join` would answer, and nothing is paid for."""

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.admission_state import AdmissionState
from functions.adapters.redis.client import StateUnavailable, connect
from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.redis.room_state import RoomState
from functions.rooms.answers import Banned, Joined, Rate, TooOften
from functions.rooms.identity import Identity
from functions.rooms.limits import Limits
from functions.rooms.sanctions import FOR_GOOD, Sanction
from functions.rooms.seats import Seat
from tests.functions.adapters.redis.snapshot import take
from tests.functions.conftest import NOW

ALICE = Identity(activity_id=42, user_id="alice", username="Alice")
SLOW = Limits(joins=Rate(burst=2, per_second=0.1))


async def stored(redis: RedisCluster) -> dict[str, bytes]:
    """Each key's value; the times to live go on by themselves."""
    return {key: value for key, (value, _) in (await take(redis, "*")).items()}


async def test_it_answers_as_a_join_would_at_every_moment(redis: RedisCluster) -> None:
    state, rooms = RoomState(redis, heartbeat_seconds=60, limits=SLOW), AdmissionState(redis, limits=SLOW)
    answers = []
    for at in (0, 1, 2, 9_000, 10_001, 10_002, 40_000):
        would = await rooms.would_join(42, "alice", NOW + at)
        joined = await state.join(Seat(f"c{at}", "live.v1", "alice"), ALICE, NOW + at)
        assert (would is None) is isinstance(joined, Joined), at
        answers.append(would.wait if isinstance(would, TooOften) else 0)
    assert answers == [0, 0, 9_998, 1_000, 0, 9_998, 0]


async def test_asking_changes_nothing(redis: RedisCluster) -> None:
    await RoomState(redis, heartbeat_seconds=60, limits=SLOW).join(Seat("c1", "live.v1", "alice"), ALICE, NOW)
    before = await stored(redis)
    for _ in range(5):
        assert await AdmissionState(redis, limits=SLOW).would_join(42, "alice", NOW) is None
    assert await stored(redis) == before


async def test_a_ban_is_told_with_all_that_is_known_of_it_until_it_ends(redis: RedisCluster) -> None:
    moderation, rooms = ModerationState(redis), AdmissionState(redis)
    for ban in (
        Sanction(until=NOW + 1_000, since=NOW, by="mod", by_name="Mod", reason="no links"),
        Sanction(until=FOR_GOOD, since=NOW, by="mod", by_name="Mod"),
    ):
        await moderation.sanction("bans", 42, "alice", ban)
        assert await rooms.would_join(42, "alice", NOW) == Banned(ban)
        assert await rooms.would_join(43, "alice", NOW) is None
        assert await rooms.would_join(42, "bob", NOW) is None
        assert (await rooms.would_join(42, "alice", NOW + 1_000) is None) is (ban.until != FOR_GOOD)


async def test_a_ban_comes_before_the_rate(redis: RedisCluster) -> None:
    state, rooms = RoomState(redis, heartbeat_seconds=60, limits=SLOW), AdmissionState(redis, limits=SLOW)
    for number in range(3):
        await state.join(Seat(f"c{number}", "live.v1", "alice"), ALICE, NOW)
    assert isinstance(await rooms.would_join(42, "alice", NOW), TooOften)
    await ModerationState(redis).sanction("bans", 42, "alice", Sanction(until=FOR_GOOD))
    assert isinstance(await rooms.would_join(42, "alice", NOW), Banned)


async def test_without_redis_nothing_is_known() -> None:
    with pytest.raises(StateUnavailable):
        await AdmissionState(connect("redis://127.0.0.1:1")).would_join(42, "alice", NOW)
