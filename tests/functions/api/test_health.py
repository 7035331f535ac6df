import httpx

from functions.api.app import app
from functions.api.parts import ApiParts, ArchiveParts, api_parts, archive_parts
from tests.functions.conftest import MemoryLog


async def test_health_asks_all_servers_and_needs_no_token(client: httpx.AsyncClient, log: MemoryLog) -> None:
    answer = await client.get("/api/health", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    log.live_is_away = True
    answer = await client.get("/api/health")
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert "Kafka" in answer.json()["message"]


async def test_health_says_when_redis_is_away_but_not_where_it_is(
    client: httpx.AsyncClient, platform_without_redis: ApiParts
) -> None:
    app.dependency_overrides[api_parts] = lambda: platform_without_redis
    answer = await client.get("/api/health")
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert "Redis" in answer.json()["message"]
    assert "127.0.0.1" not in answer.text


async def test_health_says_when_the_table_is_away_but_not_where_it_is(
    client: httpx.AsyncClient, archive_without_table: ArchiveParts
) -> None:
    app.dependency_overrides[archive_parts] = lambda: archive_without_table
    answer = await client.get("/api/health")
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert "table" in answer.json()["message"]
    assert "127.0.0.1" not in answer.text
