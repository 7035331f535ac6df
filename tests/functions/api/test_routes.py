"""What is the same for every route: who may, and what is said when a server is away."""

import itertools
import json
from dataclasses import dataclass, replace
from typing import Any

import httpx
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.room_state import RoomState
from functions.adapters.tokens.edge import Edge
from functions.adapters.tokens.token_keys import TokenKeys
from functions.api.app import app
from functions.api.parts import ApiParts, ArchiveParts
from functions.rooms.identity import CAPABILITIES, Identity
from functions.rooms.sanctions import Sanction
from functions.rooms.seats import Seat
from functions.runtime.settings import EDGE_HEADER
from functions.usecases.admission import Admission
from tests.functions.adapters.redis.snapshot import lose_all
from tests.functions.api.bearers import TOKENS, bearing
from tests.functions.api.site import Site
from tests.functions.conftest import NOW, Clock, MemoryLog


@dataclass(frozen=True, kw_only=True)
class Route:
    """A call that succeeds. `kind`: about one room, about all, or about none; `publishes` is for a room with alice,
    `stored` tells what is in the table, without asking Redis, and `erases` changes both."""

    method: str
    path: str
    status: int = 200
    capability: str | None = None
    kind: str = "room"
    body: Any = None
    publishes: bool = False
    stored: bool = False
    erases: bool = False

    async def call(self, client: httpx.AsyncClient, headers: dict[str, str] | None = None) -> httpx.Response:
        return await client.request(self.method, self.path, json=self.body, headers=headers)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def other_capabilities(self) -> frozenset[str]:
        return CAPABILITIES - {self.capability or ""}


ROUTES = [
    Route(method="GET", path="/api/activities", capability="admin", kind="all"),
    Route(method="GET", path="/api/activities/42"),
    Route(method="PATCH", path="/api/activities/42", capability="moderate", body={"frozen": True}, publishes=True),
    Route(method="GET", path="/api/activities/42/users"),
    Route(
        method="DELETE", path="/api/activities/42/place?place=g17000000000000123456789abcdef&userId=alice", status=204
    ),
    Route(method="GET", path="/api/activities/42/properties"),
    Route(
        method="PATCH",
        path="/api/activities/42/properties",
        capability="publish",
        body={"pinned": {"sku": 1}},
        publishes=True,
    ),
    Route(method="GET", path="/api/activities/42/messages", stored=True),
    Route(method="GET", path="/api/activities/42/watch-time", capability="admin", stored=True),
    Route(method="GET", path="/api/activities/42/report", capability="admin", stored=True),
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
            ("DELETE", "/api/activities/42/messages?userId=alice", None),
            ("PUT", "/api/activities/42/mutes", {"userId": "alice", "seconds": 60}),
            ("DELETE", "/api/activities/42/mutes?userId=alice", None),
            ("PUT", "/api/activities/42/bans", {"userId": "alice"}),
            ("DELETE", "/api/activities/42/bans?userId=alice", None),
            ("DELETE", "/api/activities/42/users?userId=alice", None),
        ]
    ),
    Route(method="GET", path="/api/users/records?userId=alice", capability="admin", kind="all", stored=True),
    Route(method="DELETE", path="/api/users/records?userId=alice", capability="admin", kind="all", erases=True),
    Route(method="GET", path="/api/activities/42/sanctions", capability="moderate"),
    Route(method="GET", path="/api/activities/42/audit", capability="moderate", stored=True),
    Route(method="GET", path="/api/bans", capability="moderate", kind="all"),
    Route(method="PUT", path="/api/bans", status=204, capability="moderate", kind="all", body={"userId": "alice"}),
    Route(method="DELETE", path="/api/bans?userId=alice", status=204, capability="moderate", kind="all"),
    Route(method="GET", path="/api/words", capability="admin", kind="all"),
    Route(method="PUT", path="/api/words", capability="admin", kind="all", body={"mask": [], "reject": []}),
    Route(method="POST", path="/api/words/try", capability="admin", kind="all", body={"text": "darn"}),
    Route(
        method="POST",
        path="/api/tokens",
        capability="admin",
        kind="none",
        body={"activityId": 42, "userId": "alice", "name": "Alice", "caps": []},
    ),
]


# Whoever calls may ask these.
FOR_ANYBODY = {
    ("GET", "/api/health"),
    ("GET", "/api/caller"),
    ("GET", "/api/activities/42/admission"),
    ("POST", "/api/activities/42/place/leave"),
}
# Viewers of the room alone, as with the handshake: test_place.py.
FOR_VIEWERS = {("POST", "/api/activities/42/place")}
PUBLISHING = [route for route in ROUTES if route.publishes]


async def read_edge_keys() -> str:
    return json.dumps({"current": "first", "first": "e" * 32})


async def sentence(platform: ApiParts, state: RoomState) -> None:
    """Alice is in the room, muted and banned."""
    await state.join(Seat("c", "live.v1", "alice"), Identity(activity_id=42, user_id="alice", username="Alice"), NOW)
    await platform.moderation.sanction("mutes", 42, "alice", Sanction(until=NOW + 60_000))
    await platform.moderation.sanction("bans", 42, "alice", Sanction(until=NOW + 60_000))


async def empty(redis: RedisCluster, log: MemoryLog) -> None:
    """Forget what the route before has left."""
    await lose_all(redis)
    log.live.clear()
    log.saved.clear()


def test_no_route_is_forgotten_here() -> None:
    described = {
        (method.upper(), path.format(activityId=42, seq=17))
        for path, operations in app.openapi()["paths"].items()
        for method in operations
    }
    assert described == {(route.method, route.path.partition("?")[0]) for route in ROUTES} | FOR_ANYBODY | FOR_VIEWERS


async def test_with_the_capability_it_succeeds(client: httpx.AsyncClient, redis: RedisCluster, log: MemoryLog) -> None:
    for route in ROUTES:
        await empty(redis, log)
        capability = route.capability or "chat"
        assert (await route.call(client, bearing(capability))).status_code == route.status, route
        if route.kind != "all":
            in_room = await route.call(client, bearing(capability, activity_id=42))
            assert in_room.status_code == route.status, route


async def test_without_a_token_it_is_401(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for route in ROUTES:
        answer = await route.call(client, {"Authorization": ""})
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized"), route
        assert answer.headers["www-authenticate"] == "Bearer", route
        assert log.live == [], route


async def test_with_every_other_capability_it_is_403(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for route in ROUTES:
        if route.capability:
            answer = await route.call(client, bearing(*route.other_capabilities))
            assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed"), route
            assert log.live == [], route


async def test_with_a_token_for_another_room_it_is_403(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for route in ROUTES:
        answer = await route.call(client, bearing(activity_id=43))
        assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed"), route
        assert log.live == [], route


async def test_whoever_is_banned_from_the_room_is_403_until_the_ban_ends(
    client: httpx.AsyncClient, platform: ApiParts, redis: RedisCluster, log: MemoryLog, clock: Clock
) -> None:
    for route in ROUTES:
        await empty(redis, log)
        clock.now = NOW
        await platform.moderation.sanction("bans", 42, "mod", Sanction(until=NOW + 1_000))
        answer = await route.call(client, bearing(activity_id=42))
        code = "banned" if route.kind != "all" else "not_allowed"
        assert (answer.status_code, answer.json()["error"]) == (403, code), route
        assert log.live == [], route
        clock.now = NOW + 1_000
        if route.kind != "all":
            assert (await route.call(client, bearing(activity_id=42))).status_code == route.status, route


async def test_what_is_about_all_rooms_is_for_platforms_alone(client: httpx.AsyncClient) -> None:
    for route in ROUTES:
        if route.kind == "all":
            answer = await route.call(client, bearing(activity_id=42))
            assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed"), route


async def test_what_did_not_come_through_the_distribution_is_403_where_that_is_the_only_way(
    client: httpx.AsyncClient, site: Site, redis: RedisCluster, log: MemoryLog
) -> None:
    site.parts = replace(site.parts, admission=replace(site.parts.admission, edge=Edge(TokenKeys(read_edge_keys))))
    hidden = [
        Route(method="GET", path=f"/api/{name}")
        for name in ("health", "docs", "openapi.json", "activities/42/admission")
    ]
    for route in (*ROUTES, *hidden):
        await empty(redis, log)
        for sent in ({}, {EDGE_HEADER: "x" * 32}):
            answer = await route.call(client, bearing() | sent)
            assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed"), route
        answer = await route.call(client, bearing() | {EDGE_HEADER: "e" * 32})
        assert answer.status_code == route.status, route


async def test_in_open_mode_no_token_is_needed(
    client: httpx.AsyncClient, site: Site, redis: RedisCluster, log: MemoryLog
) -> None:
    site.parts = replace(site.parts, admission=Admission(mode="open", tokens=TOKENS))
    for route in ROUTES:
        await empty(redis, log)
        assert (await route.call(client, {"Authorization": ""})).status_code == route.status, route


async def test_without_redis_it_is_503(
    client: httpx.AsyncClient, site: Site, platform_without_redis: ApiParts, log: MemoryLog
) -> None:
    site.parts = platform_without_redis
    for route in ROUTES:
        if route.kind == "none" or route.stored:
            continue
        answer = await route.call(client)
        # A notice touches the log alone.
        if route.path.endswith("/notices"):
            assert answer.status_code == 201
            log.live.clear()
            continue
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable"), route
        assert "127.0.0.1" not in answer.text, route
        assert log.live == [], route


async def test_without_the_table_what_is_in_it_is_503_and_all_else_is_there(
    client: httpx.AsyncClient, site: Site, archive_without_table: ArchiveParts, redis: RedisCluster, log: MemoryLog
) -> None:
    site.parts = replace(site.parts, archive=archive_without_table)
    for route in ROUTES:
        await empty(redis, log)
        answer = await route.call(client)
        assert answer.status_code == (503 if route.stored or route.erases else route.status), route
        if route.stored:
            assert answer.json()["error"] == "unavailable", route
            assert "127.0.0.1" not in answer.text, route


async def test_what_cannot_be_published_is_503_and_can_be_tried_again(
    client: httpx.AsyncClient, platform: ApiParts, redis: RedisCluster, log: MemoryLog
) -> None:
    for route, topic in itertools.product(PUBLISHING, ("live", "save")):
        await empty(redis, log)
        await sentence(platform, platform.room.state)
        log.live_is_away, log.save_is_away = topic == "live", topic == "save"
        answer = await route.call(client)
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable"), (str(route), topic)
        log.live_is_away = log.save_is_away = False
        log.live.clear()
        assert (await route.call(client)).status_code == route.status, (str(route), topic)
        assert [event.type for event in log.live] == [event.type for event in log.saved], (str(route), topic)
        assert len(log.saved) == 1, (str(route), topic)


async def test_whatever_is_done_is_on_both_topics_with_the_name_of_who_did_it(
    client: httpx.AsyncClient, platform: ApiParts, redis: RedisCluster, log: MemoryLog
) -> None:
    for route in PUBLISHING:
        await empty(redis, log)
        await sentence(platform, platform.room.state)
        await route.call(client)
        assert len(log.live) == 1, route
        assert log.live == log.saved, route
        (live,) = log.live
        assert (live.activity_id, live.who.user_id, live.who.username, live.time) == (42, "mod", "Mod", NOW), route


async def test_a_method_that_there_is_not_is_405_and_names_those_that_there_are(client: httpx.AsyncClient) -> None:
    for route in ROUTES:
        answer = await client.request("TRACE", route.path)
        assert (answer.status_code, answer.json()["error"]) == (405, "not_allowed"), route
        assert answer.headers["allow"], route
