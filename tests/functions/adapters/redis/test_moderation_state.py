import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.keys import CUT_MS, RoomKeys
from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.redis.room_state import RoomState
from functions.rooms.answers import Accepted, Banned, CutOff, Gone, Joined, Rate, Refused, Rules
from functions.rooms.frames import Kind
from functions.rooms.identity import Identity
from functions.rooms.sanctions import FOR_GOOD, Sanction
from functions.rooms.seats import Seat

NOW = 1_700_000_000_000
KINDS: tuple[Kind, ...] = ("chat", "like", "heartbeat", "who")
PLENTY = Rate(burst=10_000, per_second=10_000)


@pytest.fixture
def moderation(redis: RedisCluster) -> ModerationState:
    return ModerationState(redis)


def identity(user: str = "alice", room: int = 42) -> Identity:
    return Identity(activity_id=room, user_id=user, username=user.title())


async def say(
    state: RoomState,
    now: int = NOW,
    *,
    kind: Kind = "chat",
    user: str = "alice",
    exempt: bool = False,
    connection: str = "c",
    connected_at: int = NOW,
) -> object:
    seat, who = Seat(f"{connection}-{user}", "classic", user), identity(user)
    return await state.accept(seat, who, now, connected_at=connected_at, kind=kind, rate=PLENTY, exempt=exempt)


async def test_a_muted_user_may_like_but_not_chat_until_the_time_is_over(
    state: RoomState, moderation: ModerationState
) -> None:
    await moderation.sanction("mutes", 42, "alice", Sanction(until=NOW + 5_000))
    assert await say(state, NOW + 1_000) == Refused("muted", 4_000)
    assert isinstance(await say(state, kind="like"), Accepted)
    assert isinstance(await say(state, user="bob"), Accepted)
    assert isinstance(await say(state, NOW + 5_000), Accepted)


async def test_an_unmuted_user_may_chat(state: RoomState, moderation: ModerationState) -> None:
    await moderation.sanction("mutes", 42, "alice", Sanction(until=NOW + 5_000))
    assert await moderation.lift("mutes", 42, "alice", NOW) == Sanction(until=NOW + 5_000)
    assert isinstance(await say(state), Accepted)


async def test_lifting_tells_until_when_it_would_have_held(moderation: ModerationState) -> None:
    assert await moderation.lift("bans", 42, "alice", NOW) is None
    await moderation.sanction("bans", 42, "alice", Sanction(until=FOR_GOOD))
    assert await moderation.lift("bans", 42, "alice", NOW) == Sanction(until=FOR_GOOD)
    assert await moderation.lift("bans", 42, "alice", NOW) is None


async def test_what_is_over_was_no_sentence_any_more(moderation: ModerationState) -> None:
    await moderation.sanction("mutes", 42, "alice", Sanction(until=NOW))
    assert await moderation.lift("mutes", 42, "alice", NOW) is None
    await moderation.sanction("mutes", 42, "alice", Sanction(until=NOW + 1))
    assert await moderation.lift("mutes", 42, "alice", NOW) == Sanction(until=NOW + 1)


async def test_mutes_and_bans_know_nothing_of_each_other_nor_of_other_rooms(moderation: ModerationState) -> None:
    await moderation.sanction("mutes", 42, "alice", Sanction(until=FOR_GOOD))
    assert await moderation.lift("bans", 42, "alice", NOW) is None
    assert await moderation.lift("mutes", 43, "alice", NOW) is None
    assert await moderation.lift("mutes", 42, "bob", NOW) is None
    assert await moderation.lift("mutes", 42, "alice", NOW) == Sanction(until=FOR_GOOD)


async def test_what_is_put_back_holds_as_before(state: RoomState, moderation: ModerationState) -> None:
    await moderation.sanction("mutes", 42, "alice", Sanction(until=NOW + 5_000), unless_newer=True)
    assert await say(state) == Refused("muted", 5_000)
    await moderation.sanction("bans", 42, "alice", Sanction(until=FOR_GOOD), unless_newer=True)
    assert await state.join(Seat("c", "classic", "alice"), identity(), NOW) == Banned()


async def test_a_newer_sentence_is_not_taken_back_by_an_older_one(moderation: ModerationState) -> None:
    await moderation.sanction("mutes", 42, "alice", Sanction(until=NOW + 9_000))
    await moderation.sanction("mutes", 42, "alice", Sanction(until=NOW + 5_000), unless_newer=True)
    assert await moderation.lift("mutes", 42, "alice", NOW) == Sanction(until=NOW + 9_000)
    await moderation.sanction("bans", 42, "alice", Sanction(until=FOR_GOOD))
    await moderation.sanction("bans", 42, "alice", Sanction(until=NOW + 5_000), unless_newer=True)
    assert await moderation.lift("bans", 42, "alice", NOW) == Sanction(until=FOR_GOOD)


async def test_what_a_moderator_writes_expires(moderation: ModerationState, redis: RedisCluster) -> None:
    await moderation.sanction("mutes", 42, "alice", Sanction(until=NOW + 1))
    await moderation.sanction("bans", 42, "alice", Sanction(until=FOR_GOOD))
    await moderation.change_rules(42, slow_mode_seconds=1, frozen=None)
    await moderation.remove_chat(42, 17)
    keys = [key async for key in redis.scan_iter("*")]
    assert len(keys) == 4
    for key in keys:
        assert await redis.ttl(key) > 0, key


async def test_in_a_frozen_room_only_moderators_chat(state: RoomState, moderation: ModerationState) -> None:
    await moderation.change_rules(42, slow_mode_seconds=None, frozen=True)
    assert await say(state) == Refused("frozen", 0)
    assert isinstance(await say(state, kind="like"), Accepted)
    assert isinstance(await say(state, user="mod", exempt=True), Accepted)


async def test_in_slow_mode_a_user_chats_once_in_so_many_seconds(state: RoomState, moderation: ModerationState) -> None:
    await moderation.change_rules(42, slow_mode_seconds=10, frozen=None)
    assert isinstance(await say(state), Accepted)
    assert await say(state, NOW + 4_000) == Refused("slow_mode", 6_000)
    assert isinstance(await say(state, NOW + 4_000, user="bob"), Accepted)
    assert isinstance(await say(state, NOW + 10_000), Accepted)
    for _ in range(3):
        assert isinstance(await say(state, user="mod", exempt=True), Accepted)


async def test_slow_mode_counts_what_was_said_before_it(state: RoomState, moderation: ModerationState) -> None:
    await say(state)
    await moderation.change_rules(42, slow_mode_seconds=10, frozen=None)
    assert await say(state, NOW + 1_000) == Refused("slow_mode", 9_000)


async def test_a_chat_that_could_not_be_published_does_not_count_in_slow_mode(
    state: RoomState, moderation: ModerationState
) -> None:
    await moderation.change_rules(42, slow_mode_seconds=10, frozen=None)
    assert isinstance(await say(state), Accepted)
    await state.undo(identity(), NOW, kind="chat", rate=PLENTY)
    assert isinstance(await say(state, NOW + 1), Accepted)


async def test_moderators_are_exempt_from_rates(state: RoomState) -> None:
    one = Rate(burst=1, per_second=0.001)
    seat = Seat("c", "classic", "mod")
    for _ in range(5):
        taken = await state.accept(seat, identity("mod"), NOW, connected_at=NOW, kind="chat", rate=one, exempt=True)
        assert isinstance(taken, Accepted)


async def test_rules_change_one_by_one_and_are_told_with_the_figures(
    state: RoomState, moderation: ModerationState
) -> None:
    assert await moderation.change_rules(42, slow_mode_seconds=5, frozen=None) == Rules(slow_mode_seconds=5)
    rules = Rules(slow_mode_seconds=5, frozen=True)
    assert await moderation.change_rules(42, slow_mode_seconds=None, frozen=True) == rules
    assert (await state.figures(42)).rules == rules
    assert rules.to_object() == {"slowModeSeconds": 5, "frozen": True}


@pytest.mark.parametrize("till", [FOR_GOOD, NOW + 1])
async def test_a_banned_user_gets_no_seat(state: RoomState, moderation: ModerationState, till: int) -> None:
    await moderation.sanction("bans", 42, "alice", Sanction(until=till))
    assert await state.join(Seat("c", "classic", "alice"), identity(), NOW) == Banned()
    assert (await state.figures(42)).connections == 0
    elsewhere = await state.join(Seat("c", "classic", "alice"), identity(room=43), NOW)
    assert isinstance(elsewhere, Joined)


async def test_a_banned_user_whose_connection_lives_on_is_to_be_closed_at_its_next_frame_and_heard_no_more(
    state: RoomState, moderation: ModerationState
) -> None:
    await moderation.sanction("bans", 42, "alice", Sanction(until=NOW + 5_000), cut_at=NOW + 1)
    for kind in KINDS:
        assert await say(state, NOW + 1_500, kind=kind, connection=kind) == CutOff()
        assert await say(state, NOW + 2_000, kind=kind, connection=kind) == Gone()
    assert isinstance(await say(state, user="bob"), Accepted)
    assert (await state.figures(42)).connections == 1


async def test_a_connection_from_before_a_ban_or_a_kick_is_not_in_again_when_that_is_over(
    state: RoomState, moderation: ModerationState
) -> None:
    await moderation.sanction("bans", 42, "alice", Sanction(until=NOW + 5_000), cut_at=NOW + 1)
    assert await say(state, NOW + 5_000) == CutOff()
    assert isinstance(await say(state, NOW + 5_000, connection="new", connected_at=NOW + 5_000), Accepted)
    await moderation.kick(42, "alice", NOW + 6_000)
    assert await say(state, NOW + 6_000, connection="new", connected_at=NOW + 5_000) == CutOff()
    assert isinstance(await say(state, NOW + 6_001, connection="newer", connected_at=NOW + 6_000), Accepted)


async def test_a_ban_for_good_says_so_and_one_that_is_lifted_leaves_its_connections_out(
    state: RoomState, moderation: ModerationState
) -> None:
    await moderation.sanction("bans", 42, "alice", Sanction(until=FOR_GOOD), cut_at=NOW + 1)
    assert await say(state, NOW + 1) == CutOff()
    await moderation.lift("bans", 42, "alice", NOW + 2)
    assert await say(state, NOW + 2, connection="other") == CutOff()


async def test_a_mute_cuts_nobody_off(state: RoomState, moderation: ModerationState) -> None:
    await moderation.sanction("mutes", 42, "alice", Sanction(until=NOW + 5_000))
    assert isinstance(await say(state, NOW + 1, kind="like"), Accepted)


async def test_a_cut_is_remembered_for_as_long_as_a_connection_can_be_open(
    state: RoomState, moderation: ModerationState, redis: RedisCluster
) -> None:
    await moderation.kick(42, "alice", NOW)
    assert CUT_MS - 5_000 < await redis.pttl(RoomKeys(42).cut) <= CUT_MS
    await moderation.kick(42, "bob", NOW + CUT_MS)
    assert await redis.zrange(RoomKeys(42).cut, 0, -1) == ["bob"]
    await moderation.kick(42, "bob", NOW)  # a clock that is behind
    assert await redis.zscore(RoomKeys(42).cut, "bob") == NOW + CUT_MS


async def test_a_ban_ends(state: RoomState, moderation: ModerationState) -> None:
    await moderation.sanction("bans", 42, "alice", Sanction(until=NOW + 5_000))
    assert isinstance(await state.join(Seat("c", "classic", "alice"), identity(), NOW + 5_000), Joined)


async def test_a_users_seats_are_found_among_all(state: RoomState, moderation: ModerationState) -> None:
    mine = [Seat("c1", "classic", "alice"), Seat("c2", "live.v1", "alice")]
    for seat in mine:
        await state.join(seat, identity(), NOW)
    for user in ("malice", "alice2", "lice"):
        await state.join(Seat(f"c-{user}", "classic", user), identity(user), NOW)
    assert sorted(await moderation.seats_of(42, "alice"), key=str) == sorted(mine, key=str)
    assert await moderation.seats_of(42, "nobody") == []


async def test_a_removed_chat_is_not_in_the_history_and_does_not_get_there_later(
    moderation: ModerationState, redis: RedisCluster
) -> None:
    room = RoomKeys(42)
    for entry in ("0-1", "17-0", "18-0"):
        await redis.xadd(room.history, {"at": NOW, "said": "{}"}, id=entry)
    for _ in range(2):
        await moderation.remove_chat(42, 17)
    await moderation.remove_chat(42, 0)
    await moderation.remove_chat(42, 2**53 - 1)
    assert [entry for entry, _ in await redis.xrange(room.history) or ()] == ["18-0"]
    assert await redis.smembers(room.removed) == {"0", "17", str(2**53 - 1)}


async def test_live_rooms_come_in_pages(state: RoomState, moderation: ModerationState) -> None:
    for room in (5, 7, 30, 200):
        await state.list_room(room, NOW)
        if room != 7:
            await state.join(Seat("c", "classic", "alice"), identity(room=room), NOW)
    first, after = await moderation.live_rooms(limit=2, after=0)
    second, end = await moderation.live_rooms(limit=2, after=after or 0)
    assert [room.activity_id for room in (*first, *second)] == [5, 30, 200]
    assert (after, end) == (30, None)
