import asyncio

import pytest

from functions.adapters.kafka.room_log import LogUnavailable, OutcomeUnknown
from functions.handlers import connect
from functions.parts import MessageParts
from functions.rooms.answers import Departure, Left
from functions.rooms.events import (
    CHAT,
    HEARTBEAT,
    JOIN,
    LEAVE,
    LIKE,
    NOTICE,
    REMOVED,
    SANCTION,
    SEATED,
    SETTINGS,
    Event,
)
from functions.rooms.seats import Seat
from functions.rooms.watch_time import Stretch
from functions.usecases import announcer
from tests.functions.conftest import NOW, MemoryLog, route_event
from tests.functions.made import event


class CrowdedLog(MemoryLog):
    """Notes how many publish at a time."""

    at_once = 0
    most = 0

    async def publish_live(self, event: Event) -> Event:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        return await super().publish_live(event)


def departure(number: int) -> Departure:
    left = Left(last=True, ended_at=NOW, watched=Stretch(NOW, NOW, 0), username=f"U{number}", online=0, likes=0)
    return Departure(42, Seat(f"c{number}", "live.v1", f"u{number}"), left)


KINDS = {JOIN: "both", LEAVE: "both", CHAT: "both", LIKE: "both", HEARTBEAT: "saved", SEATED: "live"}
KINDS |= dict.fromkeys((REMOVED, NOTICE, SANCTION, SETTINGS), "both")


class Undoing:
    """Counts how often a change was taken back."""

    times = 0

    async def __call__(self) -> None:
        self.times += 1


async def test_an_event_is_published_to_the_topics_of_its_kind_and_has_its_seq_if_it_is_live() -> None:
    for type_, topics in KINDS.items():
        log, undo = MemoryLog(), Undoing()
        announced = await announcer.announce(log, event(type_), undo)
        assert announced == event(type_, seq=None if topics == "saved" else 100), type_
        assert (log.live, log.saved) == ([announced] * (topics != "saved"), [announced] * (topics != "live")), type_
        assert undo.times == 0, type_


async def test_what_reaches_no_topic_is_undone() -> None:
    for type_, topics in KINDS.items():
        log, undo = MemoryLog(), Undoing()
        log.live_is_away, log.save_is_away = topics != "saved", topics == "saved"
        with pytest.raises(LogUnavailable) as raised:
            await announcer.announce(log, event(type_), undo)
        assert not isinstance(raised.value, OutcomeUnknown), type_
        assert (log.live, log.saved, undo.times) == ([], [], 1), type_


async def test_what_may_reach_a_topic_later_is_not_undone() -> None:
    for type_ in KINDS:
        log, undo = MemoryLog(), Undoing()
        log.live_stands_still = log.save_stands_still = True
        with pytest.raises(OutcomeUnknown):
            await announcer.announce(log, event(type_), undo)
        assert undo.times == 0, type_


async def test_what_is_shown_and_not_saved_is_not_undone() -> None:
    for type_, topics in KINDS.items():
        if topics == "both":
            log, undo = MemoryLog(), Undoing()
            log.save_is_away = True
            with pytest.raises(OutcomeUnknown):
                await announcer.announce(log, event(type_), undo)
            assert (len(log.live), undo.times) == (1, 0), type_


async def test_thousands_who_leave_at_once_are_announced_a_few_at_a_time(parts: MessageParts) -> None:
    log = CrowdedLog()
    await announcer.announce_departures([departure(number) for number in range(5000)], parts.state, log, NOW)
    assert len(log.live) == 5000
    assert log.most == announcer.AT_ONCE


async def test_what_cannot_be_announced_is_as_before(parts: MessageParts, log: MemoryLog) -> None:
    await connect.main(route_event("u1", "c1"), parts)
    left = await parts.state.leave(Seat("c1", "live.v1", "u1"), 42, NOW)
    assert left is not None
    log.live_is_away = True
    with pytest.raises(LogUnavailable):
        await announcer.announce_departures([Departure(42, Seat("c1", "live.v1", "u1"), left)], parts.state, log, NOW)
    assert (await parts.state.figures(42)).connections == 1
