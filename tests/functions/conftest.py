from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis_client import connect
from functions.adapters.room_answers import Rate
from functions.adapters.room_log import LogUnavailable, RoomLog
from functions.adapters.room_state import RoomState
from functions.adapters.word_list import Words
from functions.parts import RoomParts
from functions.rooms.events import Event
from functions.rooms.identity import VIEWER, Framing, Identity

NOW = 1_700_000_000_000


class MemoryLog(RoomLog):
    """A room log that keeps what is published; `live_is_away` and `save_is_away` make it fail."""

    def __init__(self) -> None:
        super().__init__(bootstrap="", live_topic="live", save_topic="save")
        self.live: list[Event] = []
        self.saved: list[Event] = []
        self.live_is_away = False
        self.save_is_away = False

    async def publish_live(self, event: Event) -> Event:
        if self.live_is_away:
            raise LogUnavailable("away")
        event = replace(event, seq=100 + len(self.live))
        self.live.append(event)
        return event

    async def publish_saved(self, event: Event) -> None:
        if self.save_is_away:
            raise LogUnavailable("away")
        self.saved.append(event)

    async def ping(self) -> None:
        if self.live_is_away:
            raise LogUnavailable("away")


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
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def parts(redis: RedisCluster, log: MemoryLog, clock: Clock) -> RoomParts:
    return RoomParts(
        state=RoomState(redis, heartbeat_seconds=60),
        words=Words(redis),
        log=log,
        chat_rate=Rate(burst=5, per_second=1),
        other_rate=Rate(burst=5, per_second=2),
        clock=clock,
    )


@pytest.fixture
def parts_without_redis(log: MemoryLog, clock: Clock) -> RoomParts:
    away = connect("redis://127.0.0.1:1")
    return RoomParts(
        state=RoomState(away, heartbeat_seconds=60),
        words=Words(away),
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
) -> dict[str, Any]:
    """What a route's function is given, as far as functions read it; room 42."""
    identity = Identity(activity_id=42, user_id=user, username=user.title(), avatar="face", framing=framing, caps=caps)
    context = {**identity.to_context(), "principalId": user, "integrationLatency": "5"}
    event: dict[str, Any] = {
        "requestContext": {"connectionId": connection_id or f"c-{user}", "authorizer": context},
        "isBase64Encoded": False,
    }
    return event if body is None else event | {"body": body}
