import json
from collections import defaultdict
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

from functions import connect, eviction
from functions.adapters.connections import Connections, Outcome
from functions.adapters.moderation_state import ModerationState
from functions.api.parts import ApiParts
from functions.parts import RoomParts
from functions.rooms import events
from functions.rooms.payload import Payload
from tests.functions.conftest import MemoryLog, route_event


class FakeConnections(Connections):
    """Connections that answer as told, and remember what was done to them."""

    def __init__(self) -> None:
        self.shown: dict[str, list[Any]] = defaultdict(list)
        self.closed: list[str] = []
        self.post_outcomes: list[Outcome] = []
        self.delete_outcome = Outcome.DELIVERED

    async def prepare(self) -> None:
        pass

    async def post(self, connection_id: str, payload: Payload) -> Outcome:
        outcome = self.post_outcomes.pop(0) if self.post_outcomes else Outcome.DELIVERED
        if outcome is Outcome.DELIVERED:
            self.shown[connection_id].append(json.loads(payload.data))
        return outcome

    async def delete(self, connection_id: str) -> Outcome:
        self.closed.append(connection_id)
        return self.delete_outcome


@pytest.fixture
def connections() -> FakeConnections:
    return FakeConnections()


@pytest.fixture
def api_parts(parts: RoomParts, redis: RedisCluster, connections: FakeConnections) -> ApiParts:
    return ApiParts(parts, ModerationState(redis), connections)


async def test_every_connection_of_the_user_is_told_and_closed(
    api_parts: ApiParts, connections: FakeConnections
) -> None:
    await connect.main(route_event(connection_id="c1"), api_parts.room)
    await connect.main(route_event(connection_id="c2", framing="classic"), api_parts.room)
    await connect.main(route_event("bob"), api_parts.room)
    assert await eviction.evict(api_parts, 42, "alice", "banned", 60) == 2
    sanction = {"messageType": 11, "action": "banned", "seconds": 60}
    assert connections.shown == {"c1": [[sanction]], "c2": [sanction]}
    assert sorted(connections.closed) == ["c1", "c2"]


async def test_nobody_is_evicted_who_is_not_there(api_parts: ApiParts, connections: FakeConnections) -> None:
    assert await eviction.evict(api_parts, 42, "alice", "kicked", None) == 0
    assert connections.closed == []


async def test_a_handshake_is_waited_for(api_parts: ApiParts, connections: FakeConnections) -> None:
    await connect.main(route_event(), api_parts.room)
    connections.post_outcomes = [Outcome.GONE, Outcome.GONE]
    await eviction.evict(api_parts, 42, "alice", "kicked", None)
    assert connections.shown["c-alice"] == [[{"messageType": 11, "action": "kicked", "seconds": None}]]


async def test_a_seat_whose_connection_is_gone_is_given_up_and_has_left(
    api_parts: ApiParts, connections: FakeConnections, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eviction, "HANDSHAKE_SECONDS", (0, 0))
    await connect.main(route_event(), api_parts.room)
    connections.post_outcomes = [Outcome.GONE] * 3
    connections.delete_outcome = Outcome.GONE
    await eviction.evict(api_parts, 42, "alice", "kicked", None)
    assert (await api_parts.room.state.figures(42)).connections == 0
    assert log.live[-1].type == events.LEAVE
