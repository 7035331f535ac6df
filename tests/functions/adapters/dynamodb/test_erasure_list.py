from collections.abc import AsyncIterator

import pytest

from functions.adapters.dynamodb.api import DynamoDbApi
from functions.adapters.dynamodb.erasure_list import ErasureList
from functions.adapters.dynamodb.table import Table
from functions.rooms.erasure import digest_of
from tests.functions.conftest import NOW
from tests.functions.tables import api, client, make_table


@pytest.fixture
async def dynamodb(moto_url: str) -> AsyncIterator[DynamoDbApi]:
    async with api(moto_url) as dynamodb:
        yield dynamodb


@pytest.fixture
async def name(moto_url: str) -> str:
    return await make_table(moto_url)


@pytest.fixture
def listed(dynamodb: DynamoDbApi, name: str) -> ErasureList:
    return ErasureList(Table(dynamodb, name))


async def test_an_erasure_that_has_begun_is_listed_until_when_it_holds(listed: ErasureList) -> None:
    assert not await listed.read()
    erasure = await listed.begin("alice", now=NOW, settled_ms=75_000, log_hours=24)
    assert (erasure.digest, erasure.until, erasure.is_done) == (digest_of("alice"), NOW + 75_000, False)
    erasures = await listed.read()
    assert erasures.alias(42, NOW, "alice") == erasure.alias(42, "alice")
    assert erasures.alias(42, NOW + 75_001, "alice") is None
    assert erasures.alias(42, NOW, "bob") is None


async def test_one_that_is_under_way_goes_on_and_one_that_is_done_begins_anew_with_its_aliases(
    listed: ErasureList,
) -> None:
    first = await listed.begin("alice", now=NOW, settled_ms=75_000, log_hours=24)
    later = await listed.begin("alice", now=NOW + 200_000, settled_ms=75_000, log_hours=24)
    assert later == first
    await listed.finish(first)
    again = await listed.begin("alice", now=NOW + 300_000, settled_ms=75_000, log_hours=24)
    assert (again.until, again.secret, again.is_done) == (NOW + 375_000, first.secret, False)
    # A call that was under way when another began finishes only its own.
    await listed.finish(first)
    assert await listed.begin("alice", now=NOW + 400_000, settled_ms=75_000, log_hours=24) == again


async def test_it_goes_when_the_log_has_nothing_of_it_any_more(listed: ErasureList, name: str, moto_url: str) -> None:
    await listed.begin("alice", now=NOW, settled_ms=75_000, log_hours=24)
    [item] = client(moto_url).scan(TableName=name)["Items"]
    assert int(item["expires"]["N"]) == (NOW + 75_000) // 1000 + 24 * 3600 + 2 * 24 * 3600
    assert "alice" not in str(item)


async def test_many_are_read_page_by_page(listed: ErasureList) -> None:
    for number in range(30):
        await listed.begin(f"user{number}", now=NOW, settled_ms=1, log_hours=1)
    erasures = await listed.read()
    assert all(erasures.alias(42, NOW, f"user{number}") for number in range(30))
