import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.archive_table import ArchiveTable
from functions.adapters.moderation_state import ModerationState
from functions.adapters.redis_client import connect
from functions.adapters.watch_totals import WatchTotals
from functions.api.app import app
from functions.api.auth import door
from functions.api.parts import ApiParts, ArchiveParts, api_parts, archive_parts
from functions.door import Door
from functions.parts import RoomParts
from tests.functions import tables
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


def archive_in(dynamodb: Any, table: str) -> ArchiveParts:
    return ArchiveParts(ArchiveTable(lambda: dynamodb, table), WatchTotals(lambda: dynamodb, table))


@pytest.fixture(scope="session")
def dynamodb(moto_url: str) -> Any:
    return tables.client(moto_url)


@pytest.fixture(scope="session")
def archive_without_table() -> ArchiveParts:
    return archive_in(tables.client("http://127.0.0.1:1"), "rooms")


@pytest.fixture(scope="session")
def empty_archive(dynamodb: Any, moto_url: str) -> ArchiveParts:
    """One in which nobody stores anything."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return archive_in(dynamodb, runner.run(tables.make_table(moto_url)))


@pytest.fixture
async def archive(client: httpx.AsyncClient, dynamodb: Any, moto_url: str) -> ArchiveParts:
    """An archive of the test's own, which the API has from now on."""
    archive = archive_in(dynamodb, await tables.make_table(moto_url))
    app.dependency_overrides[archive_parts] = lambda: archive
    return archive


@pytest.fixture
async def client(platform: ApiParts, empty_archive: ArchiveParts) -> AsyncIterator[httpx.AsyncClient]:
    """The API in token mode; requests bear a platform's token with every capability unless they say otherwise."""
    app.dependency_overrides[api_parts] = lambda: platform
    app.dependency_overrides[archive_parts] = lambda: empty_archive
    app.dependency_overrides[door] = lambda: Door(mode="token", tokens=TOKENS)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://rooms", headers=bearing()) as client:
        yield client
    app.dependency_overrides.clear()
