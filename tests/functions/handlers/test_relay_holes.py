"""A frame that does not reach a viewer: its viewer is told what was in it, or that something is missing."""

import asyncio
import json
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.aws.connections import Outcome
from functions.handlers import connect, disconnect, message, relay
from functions.rooms import events
from functions.rooms.payload import FRAME_BYTES, Payload
from tests.functions.adapters.aws.test_connections import OK, posting_to, serving
from tests.functions.conftest import Clock, MemoryLog, RelayParts, route_event
from tests.functions.handlers.test_relay import (
    Screens,
    batch,
    chat,
    relay_parts,
    screens,
    welcome_everybody,
)

__all__ = ["relay_parts", "screens"]  # fixtures


def losing(user: str, outcome: Outcome) -> Any:
    """The outcomes of POSTs when those to one user's connection come to nothing."""
    return lambda connection_id: outcome if connection_id == f"c-{user}" else Outcome.DELIVERED


def history(welcome: dict[str, Any]) -> list[str]:
    return [said["textMessage"] for said in welcome["history"]]


@pytest.mark.parametrize("outcome", [Outcome.THROTTLED, Outcome.FAILED, Outcome.FORBIDDEN])
async def test_who_misses_a_frame_gets_what_was_in_it_with_the_next_tick(
    relay_parts: RelayParts, screens: Screens, outcome: Outcome
) -> None:
    await welcome_everybody(relay_parts, screens, "alice", "bob")
    await relay.main(batch(chat("heard")), relay_parts)
    screens.outcome = losing("bob", outcome)
    await relay.main(batch(chat("one"), chat("two"), first=200), relay_parts)
    await relay.main(batch(chat("three"), first=300), relay_parts)
    screens.outcome = losing("nobody", outcome)
    await relay.main(batch(chat("four"), first=400), relay_parts)
    await relay.main(batch(chat("five"), first=500), relay_parts)
    assert screens.types("c-alice") == [4] * 6
    assert screens.types("c-bob") == [4, 8, 4, 4]
    _, welcome, four, _ = screens.shown["c-bob"]
    assert (history(welcome), welcome["gap"], four["textMessage"]) == (["one", "two", "three"], False, "four")
    assert (welcome["onlineNumber"], welcome["cursor"].split(".")[1]) == (2, "399")


async def test_what_the_history_does_not_have_is_a_gap(relay_parts: RelayParts, screens: Screens) -> None:
    await welcome_everybody(relay_parts, screens, "alice", "bob")
    for first, said in ((200, chat("psst", to="bob")), (300, chat("", type=events.REMOVED, data={"seq": 10}))):
        screens.shown.clear()
        screens.outcome = losing("bob", Outcome.FAILED)
        await relay.main(batch(chat("one"), said, first=first), relay_parts)
        screens.outcome = losing("nobody", Outcome.FAILED)
        await relay.main(batch(chat("two"), first=first + 50), relay_parts)
        welcome = screens.shown["c-bob"][0]
        assert (history(welcome), welcome["gap"]) == (["one"], True), said
    # It is told once.
    screens.shown.clear()
    await relay.main(batch(chat("three"), first=400), relay_parts)
    assert screens.types("c-bob") == [4]


async def test_a_classic_viewer_goes_on_behind_the_frame_that_it_got(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog
) -> None:
    await connect.main(route_event("bob", framing="classic"), relay_parts.room)
    await relay.main(batch(*log.live, first=10), relay_parts)
    screens.shown.clear()
    answers = [Outcome.DELIVERED, Outcome.FAILED]
    screens.outcome = lambda connection_id: answers.pop(0) if answers else Outcome.DELIVERED
    await relay.main(batch(chat("one"), chat("two"), chat("three"), first=200), relay_parts)
    await relay.main(batch(chat("four"), first=300), relay_parts)
    assert screens.types("c-bob") == [4, 8, 6, 4]
    assert history(screens.shown["c-bob"][1]) == ["two", "three"]


async def test_in_a_quiet_room_the_viewers_own_heartbeat_asks_for_the_tick_that_tells(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog
) -> None:
    await welcome_everybody(relay_parts, screens, "bob")
    screens.outcome = losing("bob", Outcome.FAILED)
    await relay.main(batch(chat("one"), first=200), relay_parts)
    screens.outcome = losing("nobody", Outcome.FAILED)
    await message.main(route_event("bob", body='{"messageType":7}'), relay_parts.room)
    assert [event.type for event in log.live] == [events.SEATED]
    await relay.main(batch(*log.live, first=300), relay_parts)
    assert history(screens.shown["c-bob"][0]) == ["one"]


async def test_who_is_gone_behind_a_lost_frame_has_no_handshake_under_way(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog
) -> None:
    await welcome_everybody(relay_parts, screens, "alice", "bob")
    for first, outcome in ((200, Outcome.THROTTLED), (300, Outcome.GONE)):
        screens.outcome = losing("bob", outcome)
        await relay.main(batch(chat("one"), first=first), relay_parts)
    assert [event.type for event in log.live] == [events.LEAVE]
    assert (await relay_parts.room.state.figures(42)).connections == 1


async def test_who_leaves_while_a_frame_is_lost_does_not_come_back(
    relay_parts: RelayParts, screens: Screens, redis: RedisCluster
) -> None:
    await welcome_everybody(relay_parts, screens, "alice", "bob")

    class Leaving(Screens):
        async def post(self, connection_id: str, payload: Payload) -> Outcome:
            if connection_id != "c-bob":
                return Outcome.DELIVERED
            await disconnect.main(route_event("bob"), relay_parts.room)
            return Outcome.FAILED

    relay_parts.ticker._fanout._poster = Leaving()
    await relay.main(batch(chat("one"), first=200), relay_parts)
    assert (await relay_parts.room.state.figures(42)).connections == 1
    assert not await redis.exists("room:{42}:since", "room:{42}:newcomers")


async def test_a_post_that_is_not_answered_is_a_lost_frame(relay_parts: RelayParts, screens: Screens) -> None:
    """By a real client, against a server that is silent to one viewer."""
    await welcome_everybody(relay_parts, screens, "alice", "bob")
    silent = True

    async def answer(head: bytes, writer: asyncio.StreamWriter) -> None:
        if not (silent and b"c-bob" in head):
            writer.write(OK)

    async with serving(answer) as gateway, posting_to(gateway.url, post_seconds=0.2) as connections:
        relay_parts.ticker._fanout._poster = connections
        done = await relay.main(batch(chat("one"), first=200), relay_parts)
        assert done["posts"] == {"delivered": 1, "failed": 1}
        silent = False
        await relay.main(batch(chat("two"), first=300), relay_parts)
    *_, frame = [request for request in gateway.requests if b"c-bob" in request]
    welcome, chatted = json.loads(frame.partition(b"\r\n\r\n")[2])
    assert (history(welcome), welcome["gap"], chatted["textMessage"]) == (["one"], False, "two")


async def test_a_lost_frame_is_noted_with_its_rooms_mark_while_other_rooms_are_posted(
    relay_parts: RelayParts, screens: Screens, redis: RedisCluster
) -> None:
    """A relay that is killed in a long batch has told Redis what it did not deliver."""
    await welcome_everybody(relay_parts, screens, "alice")
    bob = route_event("bob")
    bob["requestContext"]["authorizer"]["activityId"] = "43"
    await connect.main(bob, relay_parts.room)

    class Stuck(Screens):
        async def post(self, connection_id: str, payload: Payload) -> Outcome:
            if connection_id == "c-bob":
                await asyncio.Event().wait()
            return Outcome.FAILED

    relay_parts.ticker._fanout._poster = Stuck()
    published = batch(chat("one"), chat("theirs", activity_id=43), first=200)
    killed = asyncio.create_task(relay.main(published, relay_parts))
    async with asyncio.timeout(5):
        while not (since := await redis.hvals("room:{42}:since")):
            await asyncio.sleep(0)
    killed.cancel()
    figures: Any = await redis.hgetall("room:{42}:figures")
    assert since == [f"{figures['epoch']}.10"]
    assert figures["sent:0"].startswith("200:")


async def test_a_frame_that_is_too_large_is_told_and_stops_nothing(
    relay_parts: RelayParts, screens: Screens, redis: RedisCluster
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    answers = [Outcome.TOO_LARGE]
    screens.outcome = lambda connection_id: answers.pop() if answers else Outcome.DELIVERED
    notices = [chat("", type=events.NOTICE, name="n", data="x" * 20_000) for _ in range(3)]
    done = await relay.main(batch(*notices, first=200), relay_parts)
    assert screens.shown["c-alice"][0] == {"messageType": 13, "dropped": {"notice": 1}}
    assert [said["seq"] for said in screens.shown["c-alice"][1:]] == [201, 202]
    assert done["posts"] == {"too_large": 1, "delivered": 3}
    await relay.main(batch(chat("on"), first=300), relay_parts)
    assert screens.types("c-alice") == [13, 10, 10, 4]


async def test_a_record_of_140_kb_silences_nobody_and_is_told_to_all(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog, clock: Clock
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    huge = chat("", type=events.NOTICE, name="n", data="x" * 140_000)
    await relay.main(batch(chat("one"), huge, chat("two"), first=200), relay_parts)
    told = {"messageType": 13, "seq": 201, "dropped": {"notice": 1}}
    assert screens.types("c-alice") == [4, 13, 4]
    assert screens.shown["c-alice"][1] == told
    for user, framing, types in (("bob", "live.v1", [8, 1, 5, 4]), ("carol", "classic", [8, 6, 1, 5, 4])):
        await connect.main(route_event(user, framing=framing), relay_parts.room)  # type: ignore[arg-type]
        await relay.main(batch(*log.live, first=clock.now), relay_parts)
        await relay.main(batch(chat("three"), first=clock.now + 50), relay_parts)
        assert screens.types(f"c-{user}") == types
        assert told in screens.shown[f"c-{user}"][0]["history"]
        clock.now += 100
        log.live.clear()
    assert max(len(frame) for frame in screens.frames) <= FRAME_BYTES


async def test_45_notices_of_8000_characters_and_a_chat_reach_everybody(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await connect.main(route_event("bob", framing="classic"), relay_parts.room)
    await relay.main(batch(*log.live, first=100), relay_parts)
    screens.shown.clear()
    notices = [chat("", type=events.NOTICE, name="n", data="x" * 8_000) for _ in range(45)]
    await relay.main(batch(*notices[:20], chat("hi"), *notices[20:], first=200), relay_parts)
    for user in ("alice", "bob"):
        assert [said["seq"] for said in screens.shown[f"c-{user}"]] == list(range(200, 246)), user
        assert screens.types(f"c-{user}").count(4) == 1
    assert max(len(frame) for frame in screens.frames) <= FRAME_BYTES
