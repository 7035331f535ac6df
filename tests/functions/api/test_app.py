from collections.abc import AsyncIterator

import httpx
import pytest

from functions import connect
from functions.api.app import app
from functions.api.parts import room_parts
from functions.parts import RoomParts
from tests.functions.conftest import MemoryLog, route_event


@pytest.fixture
async def client(parts: RoomParts) -> AsyncIterator[httpx.AsyncClient]:
    app.dependency_overrides[room_parts] = lambda: parts
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://rooms") as client:
        yield client
    app.dependency_overrides.clear()


async def test_a_rooms_figures_are_told(client: httpx.AsyncClient, parts: RoomParts) -> None:
    await connect.main(route_event(connection_id="c1"), parts)
    await connect.main(route_event(connection_id="c2"), parts)
    answer = await client.get("/api/activities/42")
    assert answer.status_code == 200
    assert answer.json() == {
        "activityId": 42,
        "onlineNumber": 1,
        "connections": 2,
        "zanNumber": 0,
        "settings": {"slowModeSeconds": 0, "frozen": False},
    }


async def test_a_room_that_nobody_has_been_to_has_zeros(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/activities/7")).json()["onlineNumber"] == 0


@pytest.mark.parametrize("activity_id", ["0", "x", "9007199254740992", "-1", "%00", "%F0%9F%8E%89", "1.5"])
async def test_what_is_no_room_is_a_bad_field(client: httpx.AsyncClient, activity_id: str) -> None:
    answer = await client.get(f"/api/activities/{activity_id}")
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "bad_field",
        "message": "activityId must be an integer from 1 to 9007199254740991",
    }


async def test_what_is_not_there_is_said_in_the_same_shape(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/nothing")).json()["error"] == "not_found"
    assert (await client.post("/api/health")).json()["error"] == "not_allowed"


async def test_health_asks_redis_and_kafka(client: httpx.AsyncClient, log: MemoryLog) -> None:
    assert (await client.get("/api/health")).json() == {"ok": True}
    log.live_is_away = True
    answer = await client.get("/api/health")
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")


async def test_health_says_when_redis_is_away(client: httpx.AsyncClient, parts_without_redis: RoomParts) -> None:
    app.dependency_overrides[room_parts] = lambda: parts_without_redis
    for path in ("/api/health", "/api/activities/42"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")


async def test_openapi_describes_every_route(client: httpx.AsyncClient) -> None:
    described = (await client.get("/api/openapi.json")).json()
    assert set(described["paths"]) == {"/api/health", "/api/activities/{activityId}"}
    schema = described["components"]["schemas"]["Activity"]["properties"]
    assert list(schema) == ["activityId", "onlineNumber", "connections", "zanNumber", "settings"]
