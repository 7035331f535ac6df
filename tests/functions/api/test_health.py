from dataclasses import replace

import httpx

from functions.api.parts import ApiParts, ArchiveParts
from tests.functions.api.site import Site
from tests.functions.conftest import MemoryLog


async def test_health_asks_all_servers_and_needs_no_token(client: httpx.AsyncClient, log: MemoryLog) -> None:
    answer = await client.get("/api/health", headers={"Authorization": ""})
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    log.live_is_away = True
    answer = await client.get("/api/health")
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert "Kafka" in answer.json()["message"]


async def test_health_says_when_redis_is_away_but_not_where_it_is(
    client: httpx.AsyncClient, site: Site, platform_without_redis: ApiParts
) -> None:
    site.parts = platform_without_redis
    answer = await client.get("/api/health")
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert "Redis" in answer.json()["message"]
    assert "127.0.0.1" not in answer.text


async def test_health_says_when_the_table_is_away_but_not_where_it_is(
    client: httpx.AsyncClient, site: Site, archive_without_table: ArchiveParts
) -> None:
    site.parts = replace(site.parts, archive=archive_without_table)
    answer = await client.get("/api/health")
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert "table" in answer.json()["message"]
    assert "127.0.0.1" not in answer.text
