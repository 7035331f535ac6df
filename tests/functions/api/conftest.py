import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from redis.asyncio.cluster import RedisCluster
from schemathesis.pytest.plugin import SchemathesisFunction

from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.redis.admission_state import AdmissionState
from functions.adapters.redis.client import connect
from functions.adapters.redis.kept_answers import KeptAnswers
from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.redis.properties_state import PropertiesState
from functions.api.parts import ArchiveParts
from functions.parts import MessageParts
from functions.runtime.settings import Settings
from functions.usecases.admission import Admission
from tests.functions import tables
from tests.functions.api.bearers import TOKENS, bearing
from tests.functions.api.site import Platform, Site
from tests.functions.conftest import NOW, UNLIMITED
from tests.functions.fake_connections import FakeConnections

SETTLED_MS = 75_000


def pytest_itemcollected(item: pytest.Item) -> None:
    """Name Schemathesis' tests apart: under pytest 9.2 all have one id, and pytest-xdist runs one of them."""
    if isinstance(item, SchemathesisFunction) and item.id.params is None:
        item._id = item.id.with_params(item.operation_label)


@pytest.fixture
def platform(
    parts: MessageParts, redis: RedisCluster, connections: FakeConnections, empty_archive: ArchiveParts
) -> Platform:
    return Platform(
        room=parts,
        moderation=ModerationState(redis),
        rooms=AdmissionState(redis, limits=UNLIMITED),
        properties=PropertiesState(redis),
        connections=connections,
        archive=empty_archive,
        words=parts.words,
        bans=parts.bans,
        admission=Admission(mode="token", tokens=TOKENS),
        answers=KeptAnswers(redis),
        shows_docs=True,
    )


@pytest.fixture
def platform_without_redis(platform: Platform, parts_without_redis: MessageParts) -> Platform:
    nobody = connect("redis://127.0.0.1:1")
    away = replace(
        platform,
        moderation=ModerationState(nobody),
        rooms=AdmissionState(nobody),
        properties=PropertiesState(nobody),
        answers=KeptAnswers(nobody),
    )
    room = parts_without_redis
    return replace(away, room=room, words=room.words, bans=room.bans)


def archive_in(dynamodb: DynamoDbApi, table: str) -> ArchiveParts:
    return ArchiveParts.of(dynamodb, Settings(table=table), lambda: NOW)


@pytest.fixture
async def dynamodb(moto_url: str) -> AsyncIterator[DynamoDbApi]:
    async with tables.api(moto_url) as dynamodb:
        yield dynamodb


@pytest.fixture
async def archive_without_table() -> AsyncIterator[ArchiveParts]:
    async with tables.api("http://127.0.0.1:1") as dynamodb:
        yield archive_in(dynamodb, "rooms")


@pytest.fixture(scope="session")
def empty_table(moto_url: str) -> str:
    """One in which nobody stores anything."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(tables.make_table(moto_url))


@pytest.fixture
def empty_archive(dynamodb: DynamoDbApi, empty_table: str) -> ArchiveParts:
    return archive_in(dynamodb, empty_table)


@pytest.fixture
async def archive(site: Site, dynamodb: DynamoDbApi, moto_url: str) -> ArchiveParts:
    """An archive of the test's own, which the API has from now on."""
    archive = archive_in(dynamodb, await tables.make_table(moto_url))
    site.parts = replace(site.parts, archive=archive)
    return archive


@pytest.fixture
def site(platform: Platform) -> Site:
    """The API in token mode."""
    return Site(platform)


@pytest.fixture
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    """Requests bear a platform's token with every capability unless they say otherwise."""
    transport = httpx.ASGITransport(site, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://rooms", headers=bearing()) as client:
        yield client
