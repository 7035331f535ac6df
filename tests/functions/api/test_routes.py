"""What is the same for every route: who may, and what is said when a server is away."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from functions.adapters.room_state import RoomState
from functions.api.app import app
from functions.api.auth import door
from functions.api.parts import ApiParts, ArchiveParts, api_parts, archive_parts
from functions.door import Door
from functions.rooms.identity import CAPABILITIES, Identity
from functions.rooms.seats import Seat
from tests.functions.api.bearers import TOKENS, bearing
from tests.functions.conftest import NOW, MemoryLog


@dataclass(frozen=True, kw_only=True)
class Route:
    """A call that succeeds. `kind`: about one room, about all, or about none; `publishes` is for a room with alice,
    and `stored` tells what is in the table, without asking Redis."""

    method: str
    path: str
    status: int = 200
    capability: str | None = None
    kind: str = "room"
    body: Any = None
    publishes: bool = False
    stored: bool = False

    async def call(self, client: httpx.AsyncClient, headers: dict[str, str] | None = None) -> httpx.Response:
        return await client.request(self.method, self.path, json=self.body, headers=headers)

    @property
    def other_capabilities(self) -> frozenset[str]:
        return CAPABILITIES - {self.capability or ""}


ROUTES = [
    Route(method="GET", path="/api/activities", capability="admin", kind="all"),
    Route(method="GET", path="/api/activities/42"),
    Route(method="PATCH", path="/api/activities/42", capability="moderate", body={"frozen": True}, publishes=True),
    Route(method="GET", path="/api/activities/42/users"),
    Route(method="GET", path="/api/activities/42/messages", stored=True),
    Route(method="GET", path="/api/activities/42/watch-time", capability="admin", stored=True),
    Route(
        method="POST",
        path="/api/activities/42/notices",
        status=201,
        capability="publish",
        body={"name": "coupon"},
        publishes=True,
    ),
    *(
        Route(method=method, path=path, status=204, capability="moderate", body=body, publishes=True)
        for method, path, body in [
            ("DELETE", "/api/activities/42/messages/17", None),
            ("PUT", "/api/activities/42/mutes/alice", {"seconds": 60}),
            ("DELETE", "/api/activities/42/mutes/alice", None),
            ("PUT", "/api/activities/42/bans/alice", None),
            ("DELETE", "/api/activities/42/bans/alice", None),
            ("DELETE", "/api/activities/42/users/alice", None),
        ]
    ),
    Route(method="GET", path="/api/words", capability="admin", kind="all"),
    Route(method="PUT", path="/api/words", capability="admin", kind="all", body={"mask": [], "reject": []}),
    Route(
        method="POST",
        path="/api/tokens",
        capability="admin",
        kind="none",
        body={"activityId": 42, "userId": "alice", "name": "Alice"},
    ),
]


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


every_route = pytest.mark.parametrize("route", ROUTES, ids=name)
needing = pytest.mark.parametrize("route", [route for route in ROUTES if route.capability], ids=name)


async def sentence(platform: ApiParts, state: RoomState) -> None:
    """Alice is in the room, muted and banned."""
    await state.join(Seat("c", "live.v1", "alice"), Identity(activity_id=42, user_id="alice", username="Alice"), NOW)
    await platform.moderation.mute(42, "alice", NOW + 60_000)
    await platform.moderation.ban(42, "alice", NOW + 60_000)


def test_no_route_is_forgotten_here() -> None:
    described = {
        (method.upper(), path.format(activityId=42, userId="alice", seq=17))
        for path, operations in app.openapi()["paths"].items()
        for method in operations
    }
    assert described == {(route.method, route.path) for route in ROUTES} | {("GET", "/api/health")}


@every_route
async def test_with_the_capability_it_succeeds(route: Route, client: httpx.AsyncClient) -> None:
    capability = route.capability or "chat"
    assert (await route.call(client, bearing(capability))).status_code == route.status
    if route.kind != "all":
        assert (await route.call(client, bearing(capability, activity_id=42))).status_code == route.status


@every_route
async def test_without_a_token_it_is_401(route: Route, client: httpx.AsyncClient, log: MemoryLog) -> None:
    answer = await route.call(client, {"Authorization": ""})
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert log.live == []


@needing
async def test_with_every_other_capability_it_is_403(route: Route, client: httpx.AsyncClient, log: MemoryLog) -> None:
    answer = await route.call(client, bearing(*route.other_capabilities))
    assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")
    assert log.live == []


@every_route
async def test_with_a_token_for_another_room_it_is_403(route: Route, client: httpx.AsyncClient, log: MemoryLog) -> None:
    answer = await route.call(client, bearing(activity_id=43))
    assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")
    assert log.live == []


@pytest.mark.parametrize("route", [route for route in ROUTES if route.kind == "all"], ids=name)
async def test_what_is_about_all_rooms_is_for_platforms_alone(route: Route, client: httpx.AsyncClient) -> None:
    answer = await route.call(client, bearing(activity_id=42))
    assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")


@every_route
async def test_in_open_mode_no_token_is_needed(route: Route, client: httpx.AsyncClient) -> None:
    app.dependency_overrides[door] = lambda: Door(mode="open", tokens=TOKENS)
    assert (await route.call(client, {"Authorization": ""})).status_code == route.status


@pytest.mark.parametrize("route", [route for route in ROUTES if route.kind != "none" and not route.stored], ids=name)
async def test_without_redis_it_is_503(
    route: Route, client: httpx.AsyncClient, platform_without_redis: ApiParts, log: MemoryLog
) -> None:
    app.dependency_overrides[api_parts] = lambda: platform_without_redis
    # A notice touches the log alone.
    if route.path.endswith("/notices"):
        assert (await route.call(client)).status_code == 201
        return
    answer = await route.call(client)
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert "127.0.0.1" not in answer.text
    assert log.live == []


@every_route
async def test_without_the_table_what_is_in_it_is_503_and_all_else_is_there(
    route: Route, client: httpx.AsyncClient, archive_without_table: ArchiveParts
) -> None:
    app.dependency_overrides[archive_parts] = lambda: archive_without_table
    answer = await route.call(client)
    assert answer.status_code == (503 if route.stored else route.status)
    if route.stored:
        assert answer.json()["error"] == "unavailable"
        assert "127.0.0.1" not in answer.text


@pytest.mark.parametrize("topic", ["live", "save"])
@pytest.mark.parametrize("route", [route for route in ROUTES if route.publishes], ids=name)
async def test_what_cannot_be_published_is_503_and_can_be_tried_again(
    route: Route, topic: str, client: httpx.AsyncClient, platform: ApiParts, log: MemoryLog
) -> None:
    await sentence(platform, platform.room.state)
    log.live_is_away, log.save_is_away = topic == "live", topic == "save"
    answer = await route.call(client)
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    log.live_is_away = log.save_is_away = False
    log.live.clear()
    assert (await route.call(client)).status_code == route.status
    assert [event.type for event in log.live] == [event.type for event in log.saved]
    assert len(log.saved) == 1


@pytest.mark.parametrize("route", [route for route in ROUTES if route.publishes], ids=name)
async def test_whatever_is_done_is_on_both_topics_with_the_name_of_who_did_it(
    route: Route, client: httpx.AsyncClient, platform: ApiParts, log: MemoryLog
) -> None:
    await sentence(platform, platform.room.state)
    await route.call(client)
    (live,), (saved,) = log.live, log.saved
    assert live == saved
    assert (live.activity_id, live.user_id, live.username, live.time) == (42, "mod", "Mod", NOW)


@every_route
async def test_a_method_that_there_is_not_is_405_and_names_those_that_there_are(
    route: Route, client: httpx.AsyncClient
) -> None:
    answer = await client.request("TRACE", route.path)
    assert (answer.status_code, answer.json()["error"]) == (405, "not_allowed")
    assert answer.headers["allow"]
