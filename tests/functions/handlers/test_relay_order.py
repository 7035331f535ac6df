"""Records that stand in the log in another order than the state was changed: what holds is told."""

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.kafka.room_log import OutcomeUnknown
from functions.adapters.redis.keys import TOLD_MS, RoomKeys
from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.redis.properties_state import PropertiesState
from functions.handlers import connect, disconnect, relay
from functions.rooms import events
from functions.rooms.events import Event
from functions.rooms.identity import Identity
from functions.rooms.sanctions import FOR_GOOD, Sanction
from functions.rooms.seats import Seat
from tests.functions.conftest import NOW, Clock, MemoryLog, RelayParts, route_event
from tests.functions.handlers.test_relay import Screens, batch, relay_parts, screens, welcome_everybody
from tests.functions.made import event

__all__ = ["relay_parts", "screens"]  # fixtures


async def come(parts: RelayParts, log: MemoryLog, connection: str, user: str = "bob") -> Event:
    """Seat a user; the record."""
    await connect.main(route_event(user, connection), parts.room)
    found: Event = log.live[-1]
    return found


async def go(parts: RelayParts, log: MemoryLog, connection: str, user: str = "bob") -> Event:
    """Give a user's seat up; the record."""
    await disconnect.main(route_event(user, connection), parts.room)
    found: Event = log.live[-1]
    return found


def moves(screens: Screens) -> list[tuple[int, str]]:
    """What alice is told of who came and went since the last look."""
    told = [(said["messageType"], said["userId"]) for said in screens.shown["c-alice"] if said["messageType"] in (1, 2)]
    screens.shown.clear()
    return told


@pytest.fixture
async def watched(relay_parts: RelayParts, screens: Screens, log: MemoryLog) -> RelayParts:
    """A room in which alice watches."""
    await welcome_everybody(relay_parts, screens, "alice")
    log.live.clear()
    return relay_parts


async def test_a_leave_that_is_logged_behind_the_next_join_is_not_told(
    watched: RelayParts, screens: Screens, log: MemoryLog
) -> None:
    first, left, again = await come(watched, log, "b1"), await go(watched, log, "b1"), await come(watched, log, "b2")
    await relay.main(batch(first, again, first=50), watched)
    assert moves(screens) == [(1, "bob")]
    await relay.main(batch(left, first=52), watched)
    assert moves(screens) == []
    await relay.main(batch(await go(watched, log, "b2"), first=53), watched)
    assert moves(screens) == [(2, "bob")]


async def test_the_join_of_a_user_who_is_not_there_is_not_told(
    watched: RelayParts, screens: Screens, log: MemoryLog
) -> None:
    joined, left = await come(watched, log, "b1"), await go(watched, log, "b1")
    await relay.main(batch(left, first=50), watched)
    await relay.main(batch(joined, first=51), watched)
    assert moves(screens) == [(2, "bob")]


async def test_a_reload_within_a_tick_is_told_if_the_leave_before_was(
    watched: RelayParts, screens: Screens, log: MemoryLog
) -> None:
    records = [await come(watched, log, "b1"), await go(watched, log, "b1")]
    await relay.main(batch(*records, first=50), watched)
    assert moves(screens) == [(1, "bob"), (2, "bob")]
    second, left = await come(watched, log, "b2"), await go(watched, log, "b2")
    await relay.main(batch(second, first=52), watched)
    assert moves(screens) == []
    await relay.main(batch(left, await come(watched, log, "b3"), first=53), watched)
    assert moves(screens) == [(1, "bob")]
    await relay.main(batch(await go(watched, log, "b3"), await come(watched, log, "b4"), first=55), watched)
    assert moves(screens) == []


async def test_who_left_is_told_once_though_two_records_say_so(
    watched: RelayParts, screens: Screens, log: MemoryLog, redis: RedisCluster, clock: Clock
) -> None:
    await relay.main(batch(await come(watched, log, "b1"), first=50), watched)
    left = await go(watched, log, "b1")
    await relay.main(batch(left, first=51), watched)
    await relay.main(batch(left, first=52), watched)
    assert moves(screens) == [(1, "bob"), (2, "bob")]
    key = RoomKeys(42).told(0)
    assert 0 < await redis.pttl(key) <= TOLD_MS
    clock.now += TOLD_MS + 1
    await relay.main(batch(await come(watched, log, "b2"), first=53), watched)
    assert await redis.exists(key) == 0


async def test_a_leave_whose_fate_was_unknown_is_made_up_for_by_the_next_seat(
    watched: RelayParts, screens: Screens, log: MemoryLog
) -> None:
    await relay.main(batch(await come(watched, log, "b1"), first=50), watched)
    log.live_stands_still = True
    with pytest.raises(OutcomeUnknown):
        await go(watched, log, "b1")
    log.wake()
    # It is told before the seat is put back, as by a relay that was quicker, or not at all.
    joined = await come(watched, log, "b2")
    assert joined.type == events.JOIN
    await relay.main(batch(*log.live[-2:], first=51), watched)
    assert moves(screens) == [(1, "bob")]


async def test_of_two_changes_at_once_the_settings_that_hold_are_told(
    watched: RelayParts, screens: Screens, redis: RedisCluster
) -> None:
    moderation = ModerationState(redis)
    changes = []
    for frozen in (True, False):
        rules = await moderation.change_rules(42, slow_mode_seconds=None, frozen=frozen)
        changes.append(event(events.SETTINGS, data=rules.to_object()))
    await relay.main(batch(*reversed(changes), first=50), watched)
    assert [said["settings"]["frozen"] for said in screens.shown["c-alice"]] == [False]


async def test_of_two_patches_at_once_what_holds_is_told_once_and_again_in_a_batch_that_comes_again(
    watched: RelayParts, screens: Screens, redis: RedisCluster
) -> None:
    properties = PropertiesState(redis)
    changes = []
    for number in (1, 2):
        found = await properties.patch(42, {"a": number, f"p{number}": number}, "mod", None)
        named = {name: found.get(name) for name in ("a", f"p{number}")}
        changes.append(event(events.PROPERTIES, data=named))
    await relay.main(batch(*reversed(changes), first=50), watched)
    told = {"messageType": 14, "properties": {"a": 2, "p2": 2, "p1": 1}}
    assert screens.shown["c-alice"] == [told]
    await properties.patch(42, {"a": None}, "mod", None)
    await relay.main(batch(*reversed(changes), event(events.PROPERTIES, data={"a": None}), first=50), watched)
    assert screens.shown["c-alice"] == [told, {"messageType": 14, "properties": {"a": None}}]


async def test_of_a_mute_and_its_end_at_once_the_one_that_holds_is_told(
    watched: RelayParts, screens: Screens, redis: RedisCluster
) -> None:
    moderation = ModerationState(redis)
    muted, unmuted = (event(events.SANCTION, to="alice", data={"action": action}) for action in ("muted", "unmuted"))
    await moderation.sanction("mutes", 42, "alice", Sanction(until=NOW + 59_001))
    await relay.main(batch(muted, unmuted, first=50), watched)
    await moderation.lift("mutes", 42, "alice", NOW)
    await relay.main(batch(unmuted, first=52), watched)
    await relay.main(batch(muted, first=53), watched)
    told = [(said["action"], said["seconds"]) for said in screens.shown["c-alice"]]
    assert told == [("muted", 60), ("unmuted", None), ("unmuted", None)]


async def test_a_crowd_of_thousands_in_one_batch_is_looked_up_in_parts(
    watched: RelayParts, screens: Screens, redis: RedisCluster
) -> None:
    users = [f"u{number}" for number in range(4_000)]
    for user in users[:100]:
        identity = Identity(activity_id=42, user_id=user, username=user, framing="live.v1")
        await watched.room.state.join(Seat.of(f"c-{user}", identity), identity, NOW)
    records = [event(events.JOIN, user_id=user, username=user) for user in users]
    screens.shown.clear()
    await relay.main(batch(*records, first=1000), watched)
    (told,) = [said for said in screens.shown["c-alice"] if said["messageType"] == 1]
    assert (told["userId"], told["others"]) == ("u99", 99)
    noted = await redis.zcard(RoomKeys(42).told(0))
    assert noted == 3_900


async def test_a_newcomer_who_is_muted_is_told_so_in_the_welcome_and_nobody_else(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog, redis: RedisCluster
) -> None:
    moderation = ModerationState(redis)
    await moderation.sanction("mutes", 42, "alice", Sanction(until=NOW + 59_001, reason="too loud"))
    await moderation.sanction("mutes", 42, "carol", Sanction(until=FOR_GOOD))
    await moderation.sanction("mutes", 42, "dave", Sanction(until=NOW))
    for user in ("alice", "bob", "carol", "dave"):
        await connect.main(route_event(user), relay_parts.room)
    await relay.main(batch(*log.live), relay_parts)
    mutes = {user: screens.shown[f"c-{user}"][0].get("mute") for user in ("alice", "bob", "carol", "dave")}
    expected = {"alice": {"seconds": 60, "reason": "too loud"}, "bob": None, "carol": {"seconds": None}, "dave": None}
    assert mutes == expected
