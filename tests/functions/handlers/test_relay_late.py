"""A relay that comes late: after minutes of silence, or as a new slice at the start of the topic."""

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.relay_state import RelayState
from functions.handlers import connect, relay
from functions.parts import MessageParts
from functions.rooms import events
from functions.rooms.late import SHOWN_MS
from functions.usecases.cutter import Cutter
from functions.usecases.fanout import Fanout
from functions.usecases.ticker import Ticker
from tests.functions.conftest import NOW, Clock, MemoryLog, RelayParts, route_event
from tests.functions.handlers.test_relay import (
    Plenty,
    Screens,
    batch,
    chat,
    relay_parts,
    screens,
    welcome_everybody,
)

__all__ = ["relay_parts", "screens"]  # fixtures

OLD = NOW - SHOWN_MS - 1


async def test_what_is_older_than_a_minute_is_not_shown_but_told_of(relay_parts: RelayParts, screens: Screens) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    late = [chat("old", OLD), chat("to bob", OLD, to="bob"), chat("", OLD, type=events.JOIN)]
    await relay.main(batch(*late, chat("new"), first=50), relay_parts)
    shown = screens.shown["c-alice"]
    assert [said["messageType"] for said in shown] == [13, 4, 5, 6]
    assert shown[0]["dropped"] == {"chat": 1}
    assert shown[1]["textMessage"] == "new"


async def test_what_is_a_minute_old_is_shown_and_so_is_what_was_long_under_way(
    relay_parts: RelayParts, screens: Screens
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await relay.main(batch(chat("just", NOW - SHOWN_MS), chat("slow", OLD), first=50), relay_parts)
    assert [said["textMessage"] for said in screens.shown["c-alice"]] == ["just", "slow"]


async def test_what_was_not_shown_is_not_shown_when_the_batch_comes_again(
    relay_parts: RelayParts, screens: Screens, clock: Clock
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await relay.main(batch(chat("old", OLD), first=50), relay_parts)
    screens.shown.clear()
    clock.now = NOW - SHOWN_MS
    await relay.main(batch(chat("old", OLD), chat("new", OLD), first=50), relay_parts)
    assert [said["textMessage"] for said in screens.shown["c-alice"]] == ["new"]


async def test_a_chat_that_was_removed_goes_from_the_screens_however_late(
    relay_parts: RelayParts, screens: Screens
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await relay.main(batch(chat("bad"), first=50), relay_parts)
    screens.shown.clear()
    await relay.main(batch(chat("", OLD, type=events.REMOVED, data={"seq": 50}), first=51), relay_parts)
    assert screens.shown["c-alice"][0] == {"messageType": 9, "seq": 50}


async def test_of_settings_that_were_changed_long_ago_those_of_now_are_told_once(
    relay_parts: RelayParts, screens: Screens, redis: RedisCluster
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await redis.hset("room:{42}:figures", mapping={"slow": 0, "frozen": 1})
    changes = [chat("", OLD, type=events.SETTINGS, data={"frozen": frozen}) for frozen in (True, False)]
    await relay.main(batch(*changes, first=50), relay_parts)
    assert screens.types("c-alice") == [12, 5, 6]
    assert screens.shown["c-alice"][0]["settings"]["frozen"] is True


async def test_of_properties_that_were_changed_long_ago_all_are_told_as_they_are_now(
    relay_parts: RelayParts, screens: Screens, redis: RedisCluster
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await redis.hset("room:{42}:properties", mapping={"a": "1"})
    changes = [chat("", OLD, type=events.PROPERTIES, data=data) for data in ({"a": 0, "b": 0}, {"c": None})]
    await relay.main(batch(*changes, chat("new"), first=50), relay_parts)
    assert screens.types("c-alice") == [14, 4, 5, 6]
    assert screens.shown["c-alice"][0]["properties"] == {"a": 1, "b": None, "c": None}


async def test_a_late_notice_to_some_is_neither_shown_nor_counted_nor_history(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await connect.main(route_event("bob"), relay_parts.room)
    secret = chat("", OLD, type=events.NOTICE, name="secret", to=("alice", "bob"))
    await relay.main(batch(secret, *log.live, first=50), relay_parts)
    assert 10 not in screens.types("c-alice")
    assert "secret" not in str(screens.shown)


async def test_what_is_not_shown_is_history_to_who_comes_then(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await relay.main(batch(chat("seen"), first=50), relay_parts)
    await connect.main(route_event("bob"), relay_parts.room)
    removed = chat("", OLD, type=events.REMOVED, data={"seq": 52})
    late = [chat("old", OLD), chat("bad", OLD), removed]
    await relay.main(batch(*late, chat("new"), *log.live, first=51), relay_parts)
    welcome = screens.shown["c-bob"][0]
    assert [said["textMessage"] for said in welcome["history"]] == ["seen", "old"]
    assert welcome["cursor"].split(".")[1] == "53"
    assert "new" in [said.get("textMessage") for said in screens.shown["c-bob"]]


async def test_who_resumes_is_told_all_that_was_not_shown(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog, redis: RedisCluster
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await relay.main(batch(chat("seen"), first=50), relay_parts)
    epoch = str(await redis.hget("room:{42}:figures", "epoch"))
    event = route_event("bob")
    event["queryStringParameters"] = {"since": f"{epoch}.50"}
    await connect.main(event, relay_parts.room)
    await relay.main(batch(*(chat(str(number), OLD) for number in range(30)), *log.live, first=51), relay_parts)
    welcome = screens.shown["c-bob"][0]
    assert welcome["gap"] is False
    assert [said["textMessage"] for said in welcome["history"]] == [str(number) for number in range(30)]


async def test_a_slice_behind_others_posts_nothing_until_it_is_where_they_are(
    relay_parts: RelayParts, screens: Screens, parts: MessageParts, redis: RedisCluster
) -> None:
    await welcome_everybody(relay_parts, screens, "bob")  # whom the second of two slices serves
    backlog = [chat(str(number), OLD, type=events.LIKE) for number in range(4)]
    await relay.main(batch(*backlog, first=50), relay_parts)
    behind = RelayState(redis, slice_=1, slices=2, heartbeat_seconds=60)
    fanout = Fanout(screens, Plenty())
    ticker = Ticker(fanout, behind, heartbeat_seconds=60, posts_a_tick=16_000)
    new_slice = RelayParts(parts, behind, ticker, Cutter(fanout, screens), parts.words, parts.bans)
    screens.posts.clear()
    await relay.main(batch(*backlog[:2], first=50), new_slice)
    assert screens.posts == []
    await relay.main(batch(*backlog[2:], first=52), new_slice)
    assert screens.types("c-bob")[-2:] == [5, 6]
