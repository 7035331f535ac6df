"""All that a user has said is removed: from the screens, the history and the ticks that are under way."""

import json
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.keys import RoomKeys
from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.redis.relay_state import RelayState
from functions.handlers import connect, relay
from functions.rooms import events
from functions.rooms.events import Event
from functions.rooms.late import SHOWN_MS
from functions.rooms.removals import KEPT
from tests.functions.conftest import NOW, Clock, MemoryLog, RelayParts, route_event
from tests.functions.handlers.test_relay import Screens, batch, chat, relay_parts, screens, welcome_everybody
from tests.functions.made import event

__all__ = ["relay_parts", "screens"]  # fixtures


@pytest.fixture
def moderation(redis: RedisCluster) -> ModerationState:
    return ModerationState(redis)


def said(text: str, user: str = "bob", time: int = NOW, **fields: Any) -> Event:
    return chat(text, time, user_id=user, username=user, **fields)


def removal(seqs: list[int], time: int = NOW) -> Event:
    return event(events.REMOVED, time=time, user_id="maud", data={"userId": "bob", "seqs": seqs})


async def history(redis: RedisCluster) -> list[str]:
    entries: Any = await redis.xrange(RoomKeys(42).history)
    return [json.loads(entry["said"])["textMessage"] for _, entry in entries]


def texts(screens: Screens, connection: str = "c-alice") -> list[str]:
    return [shown["textMessage"] for shown in screens.shown[connection] if shown["messageType"] == 4]


async def test_what_was_shown_is_named_and_what_is_under_way_is_not_shown(
    relay_parts: RelayParts, screens: Screens, redis: RedisCluster, moderation: ModerationState
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await relay.main(batch(said("one"), said("two", "carol"), said("three"), first=50), relay_parts)
    assert await moderation.remove_said(42, "bob", NOW) == [50, 52]
    late = [said("four"), said("five", "carol"), removal([50, 52]), said("six, from a review")]
    await relay.main(batch(*late, first=53), relay_parts)
    assert texts(screens) == ["one", "two", "three", "five"]
    assert [shown for shown in screens.shown["c-alice"] if shown["messageType"] == 9] == [
        {"messageType": 9, "userId": "bob", "seqs": [50, 52]}
    ]
    assert await history(redis) == ["two", "five"]


async def test_what_the_user_says_after_coming_back_is_shown_and_kept(
    relay_parts: RelayParts, screens: Screens, redis: RedisCluster, moderation: ModerationState, clock: Clock
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await moderation.remove_said(42, "bob", NOW)
    clock.now += 1
    again = said("sorry", time=NOW + 1)
    await relay.main(batch(removal([]), again, first=50), relay_parts)
    assert texts(screens) == ["sorry"]
    assert await history(redis) == ["sorry"]


async def test_a_newcomer_and_one_who_resumes_are_told_nothing_of_it(
    relay_parts: RelayParts, screens: Screens, log: MemoryLog, moderation: ModerationState
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await relay.main(batch(said("one"), said("two", "carol"), first=50), relay_parts)
    await moderation.remove_said(42, "bob", NOW)
    await connect.main(route_event("dave"), relay_parts.room)
    await relay.main(batch(said("three"), *log.live, removal([50]), first=52), relay_parts)
    (welcome, *_) = screens.shown["c-dave"]
    assert [shown["textMessage"] for shown in welcome["history"]] == ["two"]
    assert texts(screens, "c-dave") == []


async def test_a_private_chat_is_withheld_and_a_notice_is_not(
    relay_parts: RelayParts, screens: Screens, moderation: ModerationState
) -> None:
    await welcome_everybody(relay_parts, screens, "alice")
    await moderation.remove_said(42, "bob", NOW)
    notice = event(events.NOTICE, user_id="bob", name="card", data=1)
    await relay.main(batch(said("psst", to="alice"), notice, first=50), relay_parts)
    assert screens.types("c-alice") == [10]


async def test_every_slice_withholds_it_whichever_comes_first(redis: RedisCluster, moderation: ModerationState) -> None:
    slices = [RelayState(redis, slice_=number, slices=2, heartbeat_seconds=60) for number in range(2)]
    await moderation.remove_said(42, "bob", NOW)
    records = batch_of(said("one"), said("two", "carol"))
    for state in slices:
        (view,) = await state.before({42: records}, NOW)
        assert [(mark.user_id, mark.time) for mark in view.withheld] == [("bob", NOW)]
    assert await history(redis) == ["two"]


def batch_of(*records: Event, first: int = 50) -> list[Event]:
    return [replace(record, seq=first + number, logged_at=record.time) for number, record in enumerate(records)]


async def test_a_removal_that_comes_late_is_shown_and_what_it_removes_is_no_history(
    relay_parts: RelayParts, screens: Screens, redis: RedisCluster, clock: Clock
) -> None:
    """The relay was away for so long that Redis does not know of the removal any more."""
    await welcome_everybody(relay_parts, screens, "alice")
    clock.now += SHOWN_MS + 1
    await relay.main(batch(said("one"), said("two", "carol"), removal([50]), first=50), relay_parts)
    assert [shown for shown in screens.shown["c-alice"] if shown["messageType"] == 9] == [
        {"messageType": 9, "userId": "bob", "seqs": [50]}
    ]
    assert await history(redis) == ["two"]
    await relay.main(batch(said("three"), first=53), relay_parts)
    await relay.main(batch(removal([], time=NOW + 1), first=54), relay_parts)
    assert await history(redis) == ["two"]


async def test_a_call_that_is_made_again_names_what_the_first_took_out(
    relay_parts: RelayParts, screens: Screens, moderation: ModerationState, redis: RedisCluster
) -> None:
    await relay.main(batch(said("one"), said("two"), first=0), relay_parts)
    for _ in range(2):
        assert await moderation.remove_said(42, "bob", NOW) == [0, 1]
    await relay.main(batch(said("three", time=NOW + 1), first=2), relay_parts)
    assert await moderation.remove_said(42, "bob", NOW + 2) == [0, 1, 2]
    # A clock that is behind does not let through what was withheld.
    await moderation.remove_said(42, "bob", NOW)
    assert await redis.hget(RoomKeys(42).withheld, "bob") == f"{NOW + 2}\t0,1,2"


async def test_it_names_no_more_than_the_history_holds(relay_parts: RelayParts, moderation: ModerationState) -> None:
    for first in (0, KEPT):
        chats = [said(str(number), time=NOW + first) for number in range(KEPT)]
        await relay.main(batch(*chats, first=first), relay_parts)
        found = await moderation.remove_said(42, "bob", NOW + first)
        assert found == list(range(first, first + KEPT))


async def test_users_with_odd_names_are_told_apart(
    relay_parts: RelayParts, moderation: ModerationState, redis: RedisCluster
) -> None:
    names = ["bob", "bob2", "BOB", "b\\ob", '"bob"', "名"]
    await relay.main(batch(*(said(name, name) for name in names), first=1), relay_parts)
    assert await moderation.remove_said(42, '"bob"', NOW) == [5]
    assert await history(redis) == ["bob", "bob2", "BOB", "b\\ob", "名"]
