import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import StateUnavailable, connect
from functions.adapters.redis.platform_bans import BANS, PlatformBans
from functions.adapters.redis.shared_list import REFRESH_SECONDS
from functions.rooms.people import Place
from functions.rooms.sanctions import FOR_GOOD, MOST_BANS, Sanction

NOW = 1_700_000_000_000
BAN = Sanction(until=NOW + 60_000, since=NOW, by="ops", by_name="Ops", reason="no links, please")


class Seconds:
    def __init__(self) -> None:
        self.now = NOW / 1000

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def bans(redis: RedisCluster, seconds: Seconds) -> PlatformBans:
    return PlatformBans(redis, clock=seconds)


@pytest.fixture
def other(redis: RedisCluster, seconds: Seconds) -> PlatformBans:
    """Another process's, which asks before it answers."""
    return PlatformBans(redis, clock=seconds, stale_seconds=REFRESH_SECONDS)


async def known(bans: PlatformBans, user: str = "alice", now: int = NOW) -> Sanction | None:
    return (await bans.current()).of(user, now)


async def test_without_a_ban_nobody_is_banned(bans: PlatformBans) -> None:
    assert await known(bans) is None
    assert await bans.find("alice", NOW) is None
    assert await bans.lift("alice", NOW) is None
    assert await bans.page(NOW, limit=10, after=Place()) == ([], None)


async def test_a_ban_is_in_force_at_once_where_redis_is_asked_and_elsewhere_within_seconds(
    bans: PlatformBans, other: PlatformBans, seconds: Seconds
) -> None:
    assert await known(other) is None
    assert await bans.ban("alice", BAN, NOW)
    assert await other.find("alice", NOW) == BAN
    assert await known(other) is None
    seconds.now += REFRESH_SECONDS
    assert await known(other) == BAN
    assert await known(other, "bob") is None
    assert await bans.lift("alice", NOW) == BAN
    seconds.now += REFRESH_SECONDS
    assert await known(other) is None


async def test_a_ban_ends_by_itself_in_every_process(bans: PlatformBans, other: PlatformBans) -> None:
    await bans.ban("alice", BAN, NOW)
    await bans.ban("bob", Sanction(until=FOR_GOOD), NOW)
    for user, now, holds in (("alice", NOW + 59_999, True), ("alice", NOW + 60_000, False), ("bob", 10 * NOW, True)):
        assert (await known(other, user, now) is not None) == holds, (user, now)
        assert (await other.find(user, now) is not None) == holds, (user, now)
    assert await bans.lift("alice", NOW + 60_000) is None


async def test_the_page_has_what_holds_and_not_the_version(bans: PlatformBans) -> None:
    for number in range(5):
        await bans.ban(f"u{number}", BAN, NOW)
    await bans.ban("over", Sanction(until=NOW), NOW)
    found: list[tuple[str, Sanction]] = []
    place: Place | None = Place()
    while place is not None:
        page, place = await bans.page(NOW, limit=2, after=place)
        assert len(page) <= 2
        found += page
    assert found == [(f"u{number}", BAN) for number in range(5)]


async def test_a_user_may_be_named_as_anything(bans: PlatformBans, other: PlatformBans) -> None:
    names = ["version", "0", "a:b", "*", "名👋", "'\"}{"]
    for name in names:
        await bans.ban(name, BAN, NOW)
    assert len(await other.current()) == len(names)
    for name in names:
        assert await known(other, name) == BAN


async def test_a_full_list_takes_no_other_but_changes_those_it_has(bans: PlatformBans, redis: RedisCluster) -> None:
    await bans.ban("first", BAN, NOW)
    await redis.hset(BANS, mapping={f"u{number}": BAN.pack() for number in range(MOST_BANS - 1)})
    assert not await bans.ban("one more", BAN, NOW)
    assert await bans.find("one more", NOW) is None
    assert await bans.ban("first", Sanction(until=FOR_GOOD), NOW)
    await redis.hset(BANS, "u5", Sanction(until=NOW).pack())
    assert await bans.ban("one more", BAN, NOW)
    assert await redis.hexists(BANS, "u5") is False
    assert await redis.hlen(BANS) == MOST_BANS + 1  # and the version


async def test_bans_that_redis_lost_stay_in_force_where_they_are_known(
    bans: PlatformBans, other: PlatformBans, seconds: Seconds, redis: RedisCluster
) -> None:
    await bans.ban("alice", BAN, NOW)
    assert await known(other) == BAN
    await redis.delete(BANS)
    seconds.now += 600
    assert await known(other) == BAN


async def test_the_bans_are_never_evicted(bans: PlatformBans, redis: RedisCluster) -> None:
    await bans.ban("alice", BAN, NOW)
    assert await redis.ttl(BANS) == -1


async def test_without_redis_there_is_no_first_list() -> None:
    away = PlatformBans(connect("redis://127.0.0.1:1"))
    with pytest.raises(StateUnavailable):
        await away.current()
    with pytest.raises(StateUnavailable):
        await away.find("alice", NOW)


async def test_a_ban_that_was_lifted_elsewhere_holds_by_no_copy(
    bans: PlatformBans, other: PlatformBans, redis: RedisCluster
) -> None:
    await bans.ban("alice", BAN, NOW)
    assert await other.held("alice", NOW) == BAN
    assert await other.held("bob", NOW) is None
    await bans.lift("alice", NOW)
    assert await known(other) == BAN
    assert await other.held("alice", NOW) is None
    await redis.delete(BANS)
    assert await other.held("alice", NOW) == BAN
    assert await other.held("alice", NOW + 60_000) is None
