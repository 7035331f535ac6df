from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.kafka.room_log import LogUnavailable, OutcomeUnknown, RoomLog
from functions.adapters.redis.client import connect
from functions.adapters.redis.platform_bans import PlatformBans
from functions.adapters.redis.relay_state import RelayState
from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.words import Words
from functions.parts import MessageParts
from functions.rooms.answers import Rate
from functions.rooms.events import Event
from functions.rooms.identity import VIEWER, Framing, Identity
from functions.rooms.limits import Limits
from functions.usecases.relay import Relay
from tests.functions.fake_connections import FakeConnections
from tests.redis_cluster import RedisServer

NOW = 1_700_000_000_000
# For tests that are not about what one user may take of a room, also where clocks go back.
UNLIMITED = Limits(seats=10**6, joins=Rate(burst=10**6, per_second=1), refusals=10**6)


class MemoryLog(RoomLog):
    """A room log that keeps what is published; `live_is_away` and `save_is_away` make it fail.

    While `live_stands_still` or `save_stands_still` it takes records and answers nothing; `wake` writes them.
    """

    def __init__(self) -> None:
        super().__init__(bootstrap="", live_topic="live", save_topic="save")
        # Of any kind: each test knows which it has made.
        self.live: list[Any] = []
        self.saved: list[Any] = []
        self.live_is_away = self.live_stands_still = False
        self.save_is_away = self.save_stands_still = False
        self._taken: list[tuple[list[Any], Event]] = []

    async def publish_live(self, event: Event) -> Event:
        self._may_fail(self.live, event, self.live_is_away, self.live_stands_still)
        return self._write(self.live, event)

    async def publish_saved(self, event: Event) -> None:
        self._may_fail(self.saved, event, self.save_is_away, self.save_stands_still)
        self._write(self.saved, event)

    async def ping(self) -> None:
        if self.live_is_away:
            raise LogUnavailable("away")

    def wake(self) -> None:
        """Write what was taken while the log stood still."""
        self.live_stands_still = self.save_stands_still = False
        for topic, event in self._taken:
            self._write(topic, event)
        self._taken.clear()

    def _may_fail(self, topic: list[Any], event: Event, is_away: bool, stands_still: bool) -> None:
        if is_away:
            raise LogUnavailable("away")
        if stands_still:
            self._taken.append((topic, event))
            raise OutcomeUnknown("no answer")

    def _write(self, topic: list[Any], event: Event) -> Event:
        if topic is self.live:
            event = replace(event, seq=100 + len(topic))
        topic.append(event)
        return event


@dataclass(frozen=True)
class RelayParts(Relay):
    """A relay, in a room where the other functions run too."""

    room: MessageParts


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
async def redis(clean_redis: str) -> AsyncIterator[RedisCluster]:
    client = connect(clean_redis)
    yield client
    await client.aclose()


@pytest.fixture
async def admin(clean_redis: str, session_redis: RedisServer) -> AsyncIterator[RedisCluster]:
    """As `redis`, with all rights."""
    client = connect(session_redis.admin_url)
    yield client
    await client.aclose()


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def relay_state(redis: RedisCluster) -> RelayState:
    """The only slice, as far as Redis goes."""
    return RelayState(redis, slice_=0, slices=1, heartbeat_seconds=60)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def connections() -> FakeConnections:
    return FakeConnections()


@pytest.fixture
def parts(redis: RedisCluster, log: MemoryLog, clock: Clock) -> MessageParts:
    return MessageParts(
        state=RoomState(redis, heartbeat_seconds=60, limits=UNLIMITED),
        words=Words(redis),
        bans=PlatformBans(redis),
        log=log,
        chat_rate=Rate(burst=5, per_second=1),
        other_rate=Rate(burst=5, per_second=2),
        clock=clock,
    )


@pytest.fixture
def parts_without_redis(log: MemoryLog, clock: Clock) -> MessageParts:
    away = connect("redis://127.0.0.1:1")
    return MessageParts(
        state=RoomState(away, heartbeat_seconds=60),
        words=Words(away),
        bans=PlatformBans(away),
        log=log,
        chat_rate=Rate(burst=5, per_second=1),
        other_rate=Rate(burst=5, per_second=2),
        clock=clock,
    )


def route_event(
    user: str = "alice",
    connection_id: str = "",
    body: str | None = None,
    framing: Framing = "live.v1",
    caps: frozenset[str] = VIEWER,
    connected_at: int = NOW,
) -> dict[str, Any]:
    """What a route's function is given, as far as functions read it; room 42."""
    identity = Identity(activity_id=42, user_id=user, username=user.title(), avatar="face", framing=framing, caps=caps)
    context = {**identity.to_context(), "principalId": user, "integrationLatency": "5"}
    request = {"connectionId": connection_id or f"c-{user}", "connectedAt": connected_at, "authorizer": context}
    event: dict[str, Any] = {"requestContext": request, "isBase64Encoded": False}
    return event if body is None else event | {"body": body}
