"""A frame that is sent again under its id, when nobody knows what became of the first one."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from functions.adapters.redis.relay_state import RelayState
from functions.handlers import connect, message
from functions.parts import MessageParts
from functions.rooms.results import PENDING_MS
from functions.usecases import once
from tests.functions.conftest import NOW, Clock, MemoryLog, route_event

CHAT = {"messageType": 4, "message": "hi", "id": "c1"}
LIKE = {"messageType": 6, "count": 5, "id": "l1"}


@pytest.fixture(autouse=True)
async def alice_is_there(parts: MessageParts, log: MemoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "PATIENCE_SECONDS", (0.0,))
    await connect.main(route_event(), parts)
    log.live.clear()
    log.saved.clear()


async def send(parts: MessageParts, frame: dict[str, Any], user: str = "alice") -> dict[str, Any]:
    answer = await message.main(route_event(user, body=json.dumps(frame)), parts)
    [reply] = json.loads(answer["body"])
    assert isinstance(reply, dict)
    return reply


def chats(topic: list[Any]) -> list[Any]:
    return [event for event in topic if event.type == CHAT["messageType"]]


async def relay(relay_state: RelayState, log: MemoryLog) -> list[int]:
    """Let a relay see the whole log; returns the seqs of the duplicates."""
    [view] = await relay_state.before({42: log.live}, NOW)
    return sorted(view.duplicates)


async def test_a_repeated_chat_has_the_seq_that_the_relay_saw(
    parts: MessageParts, log: MemoryLog, relay_state: RelayState
) -> None:
    first = await send(parts, CHAT)
    assert (await send(parts, CHAT))["error"] == "unavailable"
    assert await relay(relay_state, log) == []
    assert await send(parts, CHAT) == first == {"messageType": 0, "id": "c1", "ok": True, "seq": 100}
    assert len(log.live) == 1
    # It is saved once more, as it was; the figures of that time are not known any more.
    assert log.saved[1] == replace(log.saved[0], online=None, likes=None)


async def test_a_chat_that_was_sent_at_the_same_time_is_shown_once(
    parts: MessageParts, log: MemoryLog, relay_state: RelayState
) -> None:
    replies = await asyncio.gather(*(send(parts, CHAT) for _ in range(3)))
    assert sorted(reply.get("error", "") for reply in replies) == ["", *["unavailable"] * 2]
    await relay(relay_state, log)
    replies = await asyncio.gather(*(send(parts, CHAT) for _ in range(2)))
    assert [reply["seq"] for reply in replies] == [100] * 2
    assert len(log.live) == 1


async def test_a_chat_that_is_written_late_is_the_one_that_was_sent_again(
    parts: MessageParts, log: MemoryLog, relay_state: RelayState, clock: Clock
) -> None:
    log.live_stands_still = True
    assert (await send(parts, CHAT))["error"] == "unavailable"
    assert (await send(parts, CHAT))["error"] == "unavailable"
    log.wake()
    await relay(relay_state, log)
    clock.now += 3_000
    assert (await send(parts, CHAT))["seq"] == 100
    assert [(event.seq, event.time) for event in log.saved] == [(100, NOW)]
    assert len(log.live) == 1


async def test_a_chat_that_could_not_be_saved_is_saved_when_it_is_sent_again(
    parts: MessageParts, log: MemoryLog, relay_state: RelayState
) -> None:
    log.save_is_away = True
    assert (await send(parts, CHAT))["error"] == "unavailable"
    log.save_is_away = False
    await relay(relay_state, log)
    assert [(await send(parts, CHAT))["seq"] for _ in range(2)] == [100, 100]
    assert len(log.live) == 1
    assert {event.seq for event in log.saved} == {100}


async def test_an_id_that_nobody_settles_is_free_again_and_its_late_record_is_a_duplicate(
    parts: MessageParts, log: MemoryLog, relay_state: RelayState, clock: Clock
) -> None:
    log.live_stands_still = True
    await send(parts, CHAT)
    log.live_stands_still = False
    clock.now += PENDING_MS + 1
    # A relay must say which of the two is shown, before one is saved.
    assert (await send(parts, CHAT))["error"] == "unavailable"
    assert (len(chats(log.live)), log.saved) == (1, [])
    [second] = chats(log.live)
    await relay(relay_state, log)
    log.wake()
    assert await relay(relay_state, log) == [second.seq + 1]
    assert (await send(parts, CHAT))["seq"] == second.seq
    assert [event.seq for event in log.saved] == [second.seq]


async def test_a_freed_id_whose_first_record_came_in_between_has_the_seq_of_that(
    parts: MessageParts, log: MemoryLog, relay_state: RelayState, clock: Clock
) -> None:
    log.live_stands_still = True
    await send(parts, CHAT)
    log.wake()
    clock.now += PENDING_MS + 1
    await send(parts, CHAT)
    assert await relay(relay_state, log) == [chats(log.live)[-1].seq]
    assert (await send(parts, CHAT))["seq"] == 100
    assert [event.seq for event in log.saved] == [100]


async def test_another_chat_under_the_same_id_takes_nothing_s_place(
    parts: MessageParts, log: MemoryLog, relay_state: RelayState
) -> None:
    await send(parts, CHAT)
    await relay(relay_state, log)
    for other in (CHAT | {"message": "ho"}, CHAT | {"to": "bob"}, LIKE | {"id": "c1"}):
        assert (await send(parts, other))["ok"]
    assert [event.content for event in log.live] == [event.content for event in log.saved] == ["hi"]
    assert (await parts.state.figures(42)).likes == 0


async def test_likes_of_which_nobody_knows_are_counted_once(parts: MessageParts, log: MemoryLog) -> None:
    log.live_stands_still = True
    assert (await send(parts, LIKE))["error"] == "unavailable"
    log.wake()
    assert (await send(parts, LIKE))["ok"]
    assert (await parts.state.figures(42)).likes == 5
    assert [event.likes for event in log.live] == [5]


async def test_likes_that_are_certainly_not_published_are_counted_when_they_are_sent_again(
    parts: MessageParts, log: MemoryLog
) -> None:
    log.live_is_away = True
    assert (await send(parts, LIKE))["error"] == "unavailable"
    assert (await parts.state.figures(42)).likes == 0
    log.live_is_away = False
    assert (await send(parts, LIKE))["ok"]
    assert (await parts.state.figures(42)).likes == 5


async def test_a_viewer_whose_return_may_not_have_been_announced_is_announced_with_the_next_heartbeat(
    parts: MessageParts, log: MemoryLog
) -> None:
    beat = {"messageType": 7, "id": "h1"}
    for failing in ("live_is_away", "live_stands_still"):
        user, before = f"back-{failing}", await parts.state.figures(42)
        setattr(log, failing, True)
        assert (await send(parts, CHAT, user))["error"] == "unavailable"
        assert (await parts.state.figures(42)).online == before.online + 1, failing
        setattr(log, failing, False)
        assert (await send(parts, CHAT, user))["ok"], failing
        assert (await send(parts, beat, user))["ok"], failing
        assert [event.type for event in log.live if event.who.user_id == user] == [4, 1], failing
