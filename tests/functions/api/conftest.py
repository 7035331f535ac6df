from collections.abc import AsyncIterator

import httpx
import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.moderation_state import ModerationState
from functions.adapters.redis_client import connect
from functions.api.app import app
from functions.api.auth import door
from functions.api.parts import ApiParts, api_parts
from functions.door import Door
from functions.parts import RoomParts
from tests.functions.api.bearers import TOKENS, bearing
from tests.functions.fake_connections import FakeConnections


@pytest.fixture
def connections() -> FakeConnections:
    return FakeConnections()


@pytest.fixture
def platform(parts: RoomParts, redis: RedisCluster, connections: FakeConnections) -> ApiParts:
    return ApiParts(parts, ModerationState(redis), connections)


@pytest.fixture
def platform_without_redis(parts_without_redis: RoomParts, connections: FakeConnections) -> ApiParts:
    return ApiParts(parts_without_redis, ModerationState(connect("redis://127.0.0.1:1")), connections)


@pytest.fixture
async def client(platform: ApiParts) -> AsyncIterator[httpx.AsyncClient]:
    """The API in token mode; requests bear a platform's token with every capability unless they say otherwise."""
    app.dependency_overrides[api_parts] = lambda: platform
    app.dependency_overrides[door] = lambda: Door(mode="token", tokens=TOKENS)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://rooms", headers=bearing()) as client:
        yield client
    app.dependency_overrides.clear()
