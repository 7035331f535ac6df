import base64
import json
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.aws.connections import Outcome
from functions.adapters.kafka.room_log import LogUnavailable
from functions.adapters.redis.words import Words
from functions.handlers import connect, relay
from functions.parts import MessageParts
from functions.rooms import events
from functions.rooms.events import Event
from functions.rooms.payload import Payload
from functions.rooms.seats import HANDSHAKE_MS
from functions.rooms.words import Lists
from functions.usecases.cutter import Cutter
from functions.usecases.fanout import Fanout
from functions.usecases.ticker import Ticker
from tests.functions.conftest import NOW, Clock, MemoryLog, RelayParts, route_event
from tests.functions.made import event
from tests.functions.sparse_state import SparseState


class Screens:
    """The viewers' screens: what was posted to each connection. `outcome` decides what becomes of a POST."""

    def __init__(self) -> None:
        self.shown: dict[str, list[Any]] = defaultdict(list)
        self.posts: list[str] = []
        self.frames: list[bytes] = []
        self.closed: list[str] = []
        self.close_outcome = Outcome.DELIVERED
        self.outcome: Callable[[str], Outcome] = lambda connection_id: Outcome.DELIVERED

    async def prepare(self) -> None:
        pass

    async def post(self, connection_id: str, payload: Payload) -> Outcome:
        self.posts.append(connection_id)
        self.frames.append(payload.data)
        outcome = self.outcome(connection_id)
        if outcome is Outcome.DELIVERED:
            said = json.loads(payload.data)
            self.shown[connection_id] += said if isinstance(said, list) else [said]
        return outcome

    async def delete(self, connection_id: str) -> Outcome:
        assert connection_id in self.posts, "it was not told before"
        self.closed.append(connection_id)
        return self.close_outcome

    def types(self, connection_id: str) -> list[int]:
        return [said["messageType"] for said in self.shown[connection_id]]


class Plenty:
    """A budget that never binds."""

    lot = 1_000_000

    async def reserve(self, posts: int) -> float:
        return 0


@pytest.fixture
def screens() -> Screens:
    return Screens()


@pytest.fixture
def relay_parts(parts: MessageParts, redis: RedisCluster, screens: Screens) -> RelayParts:
    rooms = SparseState(redis, slice_=0, slices=1, heartbeat_seconds=60)
    fanout = Fanout(screens, Plenty())
    ticker = Ticker(fanout, rooms, heartbeat_seconds=60, posts_a_tick=16_000, handshake_seconds=(0, 0))
    return RelayParts(parts, rooms, ticker, Cutter(fanout, screens), parts.words, parts.bans)


def batch(*published: Event | bytes, first: int = 100) -> dict[str, Any]:
    """A Kafka event with these records, one after another from offset `first`, under the key of their room or of 42."""
    records = [
        {
            "topic": "live",
            "partition": 3,
            "offset": first + index,
            "timestamp": event.time if isinstance(event, Event) else NOW,
            "timestampType": "CREATE_TIME",
            "key": base64.b64encode(event.key() if isinstance(event, Event) else b"42").decode(),
            "value": base64.b64encode(event.to_record() if isinstance(event, Event) else event).decode(),
            "headers": [],
        }
        for index, event in enumerate(published)
    ]
    return {"eventSource": "aws:kafka", "records": {"live-3": records}}


def chat(content: str, time: int = NOW, **fields: Any) -> Event:
    return event(**{"time": time, "user_id": "carol", "username": "Carol", "content": content, **fields})


async def welcome_everybody(relay_parts: RelayParts, screens: Screens, *users: str) -> None:
    for user in users:
        await connect.main(route_event(user), relay_parts.room)
    log = relay_parts.room.log
    assert isinstance(log, MemoryLog)
    await relay.main(batch(*log.live, first=10), relay_parts)
    log.live.clear()
    log.saved.clear()
    screens.shown.clear()
    screens.posts.clear()


async def test_who_joins_is_welcomed_and_told_to_the_room(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog
) -> None:
    await connect.main(route_event("alice"), relay_parts.room)
    await connect.main(route_event("bob", framing="classic"), relay_parts.room)
    done = await relay.main(batch(*log.live), relay_parts)
    assert screens.types("c-alice") == [8, 1, 1, 5]
    assert screens.types("c-bob") == [8, 6, 1, 1, 5]
    assert done == {"rooms": 1, "broken": 0, "departed": 0, "posts": {"delivered": 6}}


async def test_a_welcome_is_given_once(relay_parts: RelayParts, screens: Screens) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await relay.main(batch(chat("hi")), relay_parts)
    assert screens.types("c-alice") == [4]


async def test_a_batch_is_one_post_a_viewer(relay_parts: RelayParts, screens: Screens) -> None:
    await welcome_everybody(relay_parts, screens, "alice", "bob")
    await relay.main(batch(*(chat(str(number)) for number in range(30))), relay_parts)
    assert sorted(screens.posts) == ["c-alice", "c-bob"]
    assert [said["textMessage"] for said in screens.shown["c-bob"]] == [str(number) for number in range(30)]


async def test_rooms_in_one_batch_hear_their_own(relay_parts: RelayParts, screens: Screens) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await relay.main(batch(chat("theirs", activity_id=43), chat("ours")), relay_parts)
    assert [said["textMessage"] for said in screens.shown["c-alice"]] == ["ours"]


async def test_a_batch_that_comes_again_is_not_shown_again_but_what_is_new_in_it_is(
    relay_parts: RelayParts, screens: Screens
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await relay.main(batch(chat("one"), chat("two")), relay_parts)
    await relay.main(batch(chat("one"), chat("two"), chat("three")), relay_parts)
    assert [said["textMessage"] for said in screens.shown["c-alice"]] == ["one", "two", "three"]


async def test_a_log_that_began_anew_is_shown_and_its_newcomers_learn_of_a_new_epoch(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog, redis: RedisCluster
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    before = await redis.hget("room:{42}:figures", "epoch")
    await connect.main(route_event("bob"), relay_parts.room)
    later = NOW + 60_000
    await relay.main(
        batch(*(replace(event, time=later) for event in log.live), chat("anew", later), first=0), relay_parts
    )
    assert screens.types("c-alice") == [1, 4, 5]
    epoch = screens.shown["c-bob"][0]["cursor"].split(".")[0]
    assert epoch == await redis.hget("room:{42}:figures", "epoch") != before


async def test_a_broken_record_is_skipped_logged_and_counted(
    relay_parts: RelayParts, screens: Screens, caplog: pytest.LogCaptureFixture
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    with caplog.at_level(logging.WARNING):
        done = await relay.main(batch(chat("one"), b"garbage", b"", chat("two")), relay_parts)
    assert [said["textMessage"] for said in screens.shown["c-alice"]] == ["one", "two"]
    assert done["broken"] == 2
    assert "skipped live-3 offset 101: the value is not UTF-8 JSON" in caplog.text


async def test_who_is_gone_is_removed_and_has_left_once(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog
) -> None:
    await welcome_everybody(relay_parts, screens, "alice", "bob")
    screens.outcome = lambda connection_id: Outcome.GONE if connection_id == "c-bob" else Outcome.DELIVERED
    for number in range(2):
        await relay.main(batch(chat("hi"), first=200 + number), relay_parts)
    assert [(event.type, event.who.user_id, event.online) for event in log.live] == [(events.LEAVE, "bob", 1)]
    assert log.saved == [replace(log.live[0])]
    assert screens.posts.count("c-bob") == 1


async def test_a_newcomer_whose_handshake_is_not_over_is_tried_again(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog
) -> None:
    await connect.main(route_event("alice"), relay_parts.room)
    answers = [Outcome.GONE, Outcome.GONE, Outcome.DELIVERED]
    screens.outcome = lambda connection_id: answers.pop(0)
    await relay.main(batch(*log.live), relay_parts)
    assert screens.types("c-alice") == [8, 1, 5]
    assert (await relay_parts.room.state.figures(42)).online == 1


async def test_a_handshake_that_takes_longer_is_welcomed_by_a_later_tick(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog
) -> None:
    await connect.main(route_event("alice"), relay_parts.room)
    screens.outcome = lambda connection_id: Outcome.GONE
    await relay.main(batch(*log.live), relay_parts)
    assert (await relay_parts.room.state.figures(42)).online == 1
    screens.outcome = lambda connection_id: Outcome.DELIVERED
    await relay.main(batch(chat("hi"), first=200), relay_parts)
    assert screens.types("c-alice") == [8, 4]


async def test_a_newcomer_that_was_told_something_and_then_is_gone_has_no_handshake_under_way(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog
) -> None:
    await connect.main(route_event("alice", framing="classic"), relay_parts.room)
    answers = [Outcome.DELIVERED, Outcome.DELIVERED, Outcome.GONE]
    screens.outcome = lambda connection_id: answers.pop(0)
    await relay.main(batch(*log.live), relay_parts)
    assert (await relay_parts.room.state.figures(42)).connections == 0
    assert log.live[-1].type == events.LEAVE


async def test_a_handshake_that_can_no_longer_be_under_way_is_a_seat_to_remove(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog, clock: Clock
) -> None:
    await connect.main(route_event("alice"), relay_parts.room)
    screens.outcome = lambda connection_id: Outcome.GONE
    clock.now += HANDSHAKE_MS
    await relay.main(batch(*log.live), relay_parts)
    assert (await relay_parts.room.state.figures(42)).connections == 0
    assert log.live[-1].type == events.LEAVE


async def test_a_leave_that_cannot_be_published_is_put_back_and_the_batch_comes_again(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog
) -> None:
    await welcome_everybody(relay_parts, screens, "alice", "bob")
    screens.outcome = lambda connection_id: Outcome.GONE if connection_id == "c-bob" else Outcome.DELIVERED
    log.live_is_away = True
    with pytest.raises(LogUnavailable):
        await relay.main(batch(chat("hi")), relay_parts)
    assert (await relay_parts.room.state.figures(42)).online == 2
    log.live_is_away = False
    await relay.main(batch(chat("hi"), chat("again")), relay_parts)
    assert [said["textMessage"] for said in screens.shown["c-alice"]] == ["hi", "again"]
    assert [event.type for event in log.live] == [events.LEAVE]


async def test_a_room_without_viewers_costs_no_post_and_no_memory(
    relay_parts: RelayParts, screens: Screens, redis: RedisCluster
) -> None:
    await relay.main(batch(chat("", type=events.LIKE, activity_id=77)), relay_parts)
    assert screens.posts == []
    assert [key async for key in redis.scan_iter("room*")] == []


async def test_what_was_said_before_anybody_was_there_is_told_to_the_first(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog
) -> None:
    await relay.main(batch(chat("starts at 8", type=events.NOTICE, name="n"), chat("hi")), relay_parts)
    assert screens.posts == []
    await connect.main(route_event("alice"), relay_parts.room)
    await relay.main(batch(*log.live, chat("live"), first=102), relay_parts)
    welcome, _, live, _ = screens.shown["c-alice"]
    assert [said["seq"] for said in welcome["history"]] == [100, 101]
    assert (welcome["gap"], welcome["cursor"].split(".")[1], live["seq"]) == (False, "102", 103)


async def test_a_word_that_is_listed_later_is_masked_in_every_name_that_is_shown(
    relay_parts: RelayParts, screens: Screens, redis: RedisCluster, log: MemoryLog
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await relay.main(batch(chat("before", username="MrDarn"), first=50), relay_parts)
    assert screens.shown["c-alice"][0]["fromusername"] == "MrDarn"
    await Words(redis).write(Lists(mask=("darn",), reject=("spam",)))
    parts = replace(relay_parts, words=Words(redis, for_names=True))
    await connect.main(route_event("bob"), parts.room)
    came = [
        event(kind, user_id=name, username=name) for kind in (events.JOIN, events.LEAVE) for name in ("Darn", "Spam")
    ]
    await relay.main(batch(*log.live, *came, chat("after", username="D.a r-n"), first=60), parts)
    (welcome,) = [said for said in screens.shown["c-bob"] if said["messageType"] == 8]
    assert [(said["textMessage"], said["fromusername"]) for said in welcome["history"]] == [("before", "Mr****")]
    told = [said for said in screens.shown["c-alice"] if said["messageType"] in (1, 2)]
    assert sorted(said["username"] for said in told if said["userId"] != "bob") == ["****"] * 4
    assert [said["fromusername"] for said in screens.shown["c-alice"] if said["messageType"] == 4] == [
        "MrDarn",
        "*******",
    ]
