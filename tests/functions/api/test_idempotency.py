"""A call that is made again under its `Idempotency-Key` is answered as the first time, and changes nothing: all calls
that change something for others."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import StateUnavailable
from functions.adapters.redis.keys import UNDER_WAY_MS, answer_key
from functions.api.app import app
from functions.api.parts import ApiParts
from functions.rooms.results import RESULT_MS
from tests.functions.adapters.redis.snapshot import lose_all
from tests.functions.api.bearers import bearing
from tests.functions.api.site import Platform, Site
from tests.functions.api.test_routes import ROUTES, Route, sentence
from tests.functions.conftest import NOW, MemoryLog
from tests.functions.fake_connections import FakeConnections

KEY = {"Idempotency-Key": "k1"}
MUTES = "/api/activities/42/mutes"
MUTE = {"userId": "alice", "seconds": 60}
# An erasure goes on with each call; the others change nothing, or their place in the gallery has an id.
WITHOUT = {
    ("DELETE", "/api/users/records"),
    ("POST", "/api/tokens"),
    ("POST", "/api/words/try"),
    ("POST", "/api/activities/{activityId}/place"),
    ("DELETE", "/api/activities/{activityId}/place"),
    ("POST", "/api/activities/{activityId}/place/leave"),
}


def template(route: Route) -> str:
    path = route.path.partition("?")[0].replace("/42", "/{activityId}")
    return path.replace("/17", "/{seq}")


CHANGING = [route for route in ROUTES if route.method != "GET" and (route.method, template(route)) not in WITHOUT]


async def content(redis: RedisCluster) -> Mapping[str, bytes]:
    """All that Redis holds, without what a script keeps for the case that its answer is lost."""
    keys = [key async for key in redis.scan_iter("*") if ":call:" not in key]
    return {key: await redis.execute_command("DUMP", key, NEVER_DECODE=True) for key in keys}


def test_every_call_that_changes_something_takes_a_key() -> None:
    described = app.openapi()["paths"]
    taking = {
        (method.upper(), path)
        for path, operations in described.items()
        for method, operation in operations.items()
        if "Idempotency-Key" in {one["name"] for one in operation.get("parameters", ())}
    }
    changing = {(method.upper(), path) for path, methods in described.items() for method in methods if method != "get"}
    assert taking == changing - WITHOUT == {(route.method, template(route)) for route in CHANGING}


@pytest.mark.parametrize("route", CHANGING, ids=str)
async def test_a_call_that_is_made_again_is_answered_again_and_changes_nothing(
    route: Route,
    client: httpx.AsyncClient,
    platform: Platform,
    redis: RedisCluster,
    log: MemoryLog,
    connections: FakeConnections,
) -> None:
    await sentence(platform, platform.room.state)
    first = await route.call(client, bearing() | KEY)
    is_told = bool(log.live)
    assert first.status_code == route.status
    # Somebody else has changed everything since.
    answers = [key async for key in redis.scan_iter("*:answer:*")]
    for key in [key async for key in redis.scan_iter("*") if key not in answers]:
        await redis.delete(key)
    log.live.clear()
    log.saved.clear()
    connections.shown.clear()
    connections.closed.clear()
    before = await content(redis)
    again = await route.call(client, bearing() | KEY)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers.get("content-type") == first.headers.get("content-type")
    assert await content(redis) == before
    assert (log.live, log.saved, connections.shown, connections.closed) == ([], [], {}, [])
    # With another key it is another call.
    await sentence(platform, platform.room.state)
    other = await route.call(client, bearing() | {"Idempotency-Key": "k2"})
    assert (other.status_code, bool(log.live)) == (route.status, is_told)


async def test_a_key_is_for_one_call_of_one_caller_in_one_room(client: httpx.AsyncClient, log: MemoryLog) -> None:
    assert (await client.put(MUTES, json=MUTE, headers=KEY)).status_code == 204
    for method, path, body in [
        ("PUT", MUTES, MUTE | {"seconds": 61}),
        ("DELETE", f"{MUTES}?userId=alice", None),
        ("PUT", "/api/activities/42/bans", {"userId": "alice"}),
        ("POST", "/api/activities/42/notices", {"name": "coupon"}),
        ("PATCH", "/api/activities/42/properties", {"pinned": 1}),
    ]:
        answer = await client.request(method, path, json=body, headers=KEY)
        assert (answer.status_code, answer.json()) == (
            400,
            {"error": "bad_field", "message": "header.Idempotency-Key: it was used for another call"},
        ), (method, path)
    assert len(log.live) == 1
    elsewhere = await client.put("/api/activities/43/mutes", json=MUTE, headers=KEY)
    everywhere = await client.put("/api/bans", json={"userId": "alice"}, headers=KEY)
    by_another = await client.put(MUTES, json=MUTE, headers=bearing("moderate", sub="other") | KEY)
    assert {one.status_code for one in (elsewhere, everywhere, by_another)} == {204}
    assert len(log.live) == 3


async def test_a_call_that_failed_is_done_when_it_is_made_again(
    client: httpx.AsyncClient, platform: ApiParts, log: MemoryLog
) -> None:
    log.live_is_away = True
    assert (await client.put(MUTES, json=MUTE, headers=KEY)).status_code == 503
    wrong = await client.put("/api/activities/42/bans", json={"userId": "alice", "seconds": 0}, headers=KEY)
    assert wrong.status_code == 400
    log.live_is_away = False
    for _ in range(2):
        assert (await client.put(MUTES, json=MUTE, headers=KEY)).status_code == 204
    assert [event.client_id for event in log.live] == ["k1"]
    assert await platform.moderation.lift("mutes", 42, "alice", NOW)


async def test_who_may_not_call_any_more_is_not_answered_again(client: httpx.AsyncClient) -> None:
    assert (await client.put(MUTES, json=MUTE, headers=KEY)).status_code == 204
    for headers, status in [
        (bearing("chat"), 403),
        (bearing("moderate", activity_id=43), 403),
        ({"Authorization": ""}, 401),
    ]:
        assert (await client.put(MUTES, json=MUTE, headers=headers | KEY)).status_code == status


async def test_while_a_call_is_under_way_the_same_one_has_to_wait(
    client: httpx.AsyncClient, platform: ApiParts, redis: RedisCluster, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_go_on = asyncio.Event(), asyncio.Event()
    publish = log.publish_live

    async def slow(event: Any) -> Any:
        begun.set()
        await may_go_on.wait()
        return await publish(event)

    monkeypatch.setattr(log, "publish_live", slow)
    first = asyncio.create_task(client.put(MUTES, json=MUTE, headers=KEY))
    await begun.wait()
    waiting = await client.put(MUTES, json=MUTE, headers=KEY)
    assert (waiting.status_code, waiting.json()["error"]) == (503, "unavailable")
    assert "under way" in waiting.json()["message"]
    # A function that is killed leaves the key behind, but not for long.
    assert 0 < await redis.pttl(answer_key(42, "mod", "k1")) <= UNDER_WAY_MS
    may_go_on.set()
    assert (await first).status_code == 204
    assert (await client.put(MUTES, json=MUTE, headers=KEY)).status_code == 204
    assert len(log.live) == 1
    assert UNDER_WAY_MS < await redis.pttl(answer_key(42, "mod", "k1")) <= RESULT_MS


async def test_a_call_whose_answer_cannot_be_kept_has_succeeded(
    client: httpx.AsyncClient, platform: ApiParts, log: MemoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(key: str, packed: str) -> None:
        raise StateUnavailable("away")

    monkeypatch.setattr(platform.answers, "keep", away)
    assert (await client.put(MUTES, json=MUTE, headers=KEY)).status_code == 204
    assert len(log.live) == 1


async def test_without_redis_nothing_is_done(
    client: httpx.AsyncClient, site: Site, platform_without_redis: ApiParts, redis: RedisCluster, log: MemoryLog
) -> None:
    site.parts = platform_without_redis
    for route in CHANGING:
        assert (await route.call(client, bearing() | KEY)).status_code == 503, route
    assert log.live == []
    await lose_all(redis)
