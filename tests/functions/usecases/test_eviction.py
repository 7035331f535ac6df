import asyncio
from collections import Counter
from dataclasses import dataclass, replace

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.aws.connections import Outcome
from functions.adapters.kafka.room_log import LogUnavailable
from functions.adapters.redis.moderation_state import ModerationState
from functions.handlers import connect
from functions.parts import MessageParts
from functions.rooms import events
from functions.rooms.answers import Gone
from functions.rooms.identity import Identity
from functions.rooms.payload import Payload
from functions.rooms.seats import Seat
from functions.usecases import eviction
from tests.functions.conftest import NOW, MemoryLog, route_event
from tests.functions.fake_connections import FakeConnections

ALICE = Identity(activity_id=42, user_id="alice", username="Alice")
KICKED = {"messageType": 11, "action": "kicked", "seconds": None}


@dataclass(frozen=True)
class Platform:
    """What evicting takes, and where the seats are looked up."""

    room: MessageParts
    moderation: ModerationState
    connections: FakeConnections


@pytest.fixture
def platform(parts: MessageParts, redis: RedisCluster, connections: FakeConnections) -> Platform:
    return Platform(parts, ModerationState(redis), connections)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eviction, "HANDSHAKE_SECONDS", (0, 0))


async def come_in(platform: Platform, *connection_ids: str) -> None:
    for connection_id in connection_ids:
        await connect.main(route_event(connection_id=connection_id), platform.room)


async def kick(platform: Platform) -> None:
    seats = await platform.moderation.seats_of(42, "alice")
    await eviction.evict(platform.room, platform.connections, 42, seats, "kicked", None)


async def test_every_connection_is_told_in_its_framing_and_closed(
    platform: Platform, connections: FakeConnections
) -> None:
    seats = [Seat("c1", "live.v1", "alice"), Seat("c2", "classic", "alice")]
    await eviction.evict(platform.room, platform.connections, 42, seats, "banned", 60)
    sanction = {"messageType": 11, "action": "banned", "seconds": 60}
    assert connections.shown == {"c1": [[sanction]], "c2": [sanction]}
    assert sorted(connections.closed) == ["c1", "c2"]


async def test_a_connection_is_closed_after_it_was_told(platform: Platform) -> None:
    class Ordered(FakeConnections):
        async def delete(self, connection_id: str) -> Outcome:
            assert self.shown[connection_id]
            return await super().delete(connection_id)

    connections = Ordered()
    await come_in(platform, "c1", "c2")
    await kick(replace(platform, connections=connections))
    assert sorted(connections.closed) == ["c1", "c2"]


async def test_a_connection_that_was_closed_leaves_by_its_own_disconnect(platform: Platform, log: MemoryLog) -> None:
    await come_in(platform, "c1")
    log.live.clear()
    await kick(platform)
    assert log.live == []
    assert (await platform.room.state.figures(42)).connections == 1


async def test_nobody_is_evicted_who_is_not_there(platform: Platform, connections: FakeConnections) -> None:
    await kick(platform)
    assert connections.closed == []


async def test_a_handshake_is_waited_for(platform: Platform, connections: FakeConnections, impatient: None) -> None:
    await come_in(platform, "c1")
    connections.post_outcomes = [Outcome.GONE, Outcome.GONE]
    await kick(platform)
    assert connections.shown["c1"] == [[KICKED]]
    assert connections.closed == ["c1"]


async def test_a_connection_that_is_gone_is_given_up_and_its_leave_published(
    platform: Platform, connections: FakeConnections, log: MemoryLog, impatient: None
) -> None:
    await come_in(platform, "c1", "c2")
    connections.post_outcomes = [Outcome.GONE] * 6
    connections.delete_outcome = Outcome.GONE
    await kick(platform)
    assert (await platform.room.state.figures(42)).connections == 0
    assert [event.type for event in log.live].count(events.LEAVE) == 1
    assert [event.type for event in log.saved].count(events.LEAVE) == 1


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.FORBIDDEN, Outcome.THROTTLED, Outcome.GONE])
async def test_who_cannot_be_closed_hears_and_says_nothing_more(
    platform: Platform,
    connections: FakeConnections,
    outcome: Outcome,
    impatient: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await come_in(platform, "c1")
    connections.post_outcomes = [outcome] * 3
    connections.delete_outcome = outcome
    await kick(platform)
    seat = Seat("c1", "live.v1", "alice")
    assert await platform.moderation.seats_of(42, "alice") == []
    said = await platform.room.state.accept(
        seat, ALICE, NOW, connected_at=NOW, kind="chat", rate=platform.room.chat_rate
    )
    assert said == Gone()
    assert ("c1 could not be closed" in caplog.text) == (outcome is not Outcome.GONE)


async def test_a_leave_that_cannot_be_published_is_for_the_sweep_and_said(
    platform: Platform, connections: FakeConnections, log: MemoryLog
) -> None:
    await come_in(platform, "c1")
    connections.delete_outcome = Outcome.GONE
    log.live_is_away = True
    with pytest.raises(LogUnavailable):
        await kick(platform)
    assert (await platform.room.state.figures(42)).connections == 1


async def test_only_so_many_are_cut_off_at_once(platform: Platform) -> None:
    class Counting(FakeConnections):
        def __init__(self) -> None:
            super().__init__()
            self.now = self.most = 0
            self.asked: Counter[str] = Counter()

        async def post(self, connection_id: str, payload: Payload) -> Outcome:
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0)
            self.now -= 1
            self.asked[connection_id] += 1
            return Outcome.DELIVERED

    connections = Counting()
    seats = [Seat(f"c{n}", "classic", "alice") for n in range(3 * eviction.AT_ONCE)]
    await eviction.evict(platform.room, connections, 42, seats, "kicked", None)
    assert connections.most == eviction.AT_ONCE
    assert set(connections.asked.values()) == {1}
    assert len(connections.closed) == len(connections.asked) == len(seats)


async def test_connections_that_do_not_answer_in_time_are_given_up(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, log: MemoryLog, caplog: pytest.LogCaptureFixture
) -> None:
    class Hanging(FakeConnections):
        async def post(self, connection_id: str, payload: Payload) -> Outcome:
            await asyncio.Event().wait()
            raise AssertionError

    monkeypatch.setattr(eviction, "SECONDS", 0.01)
    await come_in(platform, "c1", "c2")
    await kick(replace(platform, connections=Hanging()))
    assert await platform.moderation.seats_of(42, "alice") == []
    assert log.live[-1].type == events.LEAVE
    assert "2 of 2 connections" in caplog.text
