"""Orders for places are answered without the framework as they are with it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import connect
from functions.adapters.redis.platform_bans import PlatformBans
from functions.adapters.redis.room_state import RoomState
from functions.adapters.tokens.edge import Edge
from functions.adapters.tokens.token_keys import TokenKeys
from functions.api.app import app, by_framework, main
from functions.api.direct import answer_directly
from functions.api.parts import ApiParts
from functions.rooms.answers import Rate
from functions.rooms.limits import Limits
from functions.rooms.sanctions import FOR_GOOD, Sanction
from functions.rooms.words import Lists
from functions.runtime.entry import JsonObject
from functions.usecases.admission import Admission
from tests.functions.api.bearers import TOKENS
from tests.functions.api.site import Site
from tests.functions.api.test_admission import bearer
from tests.functions.api.test_place import PATH, gallery_of
from tests.functions.conftest import NOW, Clock, MemoryLog
from tests.functions.galleries import gallery_state, open_gallery

JSON = {"content-type": "application/json"}
# What is new in each answer.
CHANGING = {"now", "next", "ticks", "place"}


def event(body: str | None = "{}", *, method: str = "POST", path: str = PATH, **headers: str) -> JsonObject:
    context = {"http": {"method": method, "path": path, "sourceIp": "127.0.0.1"}}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    found = {"version": "2.0", "rawPath": path, "rawQueryString": "", "requestContext": context}
    return {**found, "headers": JSON | bearer_of() | given, **({} if body is None else {"body": body})}


def bearer_of(**claims: Any) -> dict[str, str]:
    return {"authorization": bearer(**claims)["Authorization"]}


@pytest.fixture
async def api(site: Site, redis: RedisCluster) -> ApiParts:
    """A site that has a gallery."""
    await open_gallery(redis)
    return replace(site.parts, gallery=gallery_of(site, gallery_state(redis)))


def seen(answer: JsonObject) -> tuple[int, JsonObject, JsonObject]:
    body = {name: value for name, value in json.loads(answer["body"]).items() if name not in CHANGING}
    headers = {name: value for name, value in answer["headers"].items() if name != "content-length"}
    return answer["statusCode"], headers, body


async def same(parts: ApiParts, asked: JsonObject, *, directly: bool = True) -> tuple[int, JsonObject, JsonObject]:
    """The answer. If it comes `directly`, it is as the framework's; else nothing was done before that one."""
    told = await answer_directly(asked, parts, app.exception_handlers)
    assert (told is not None) is directly
    if told is None:
        return seen(await main(asked, parts))
    assert seen(told) == seen(await by_framework(asked, parts))
    return seen(told)


async def test_a_place_is_taken_and_renewed_without_the_framework(api: ApiParts, clock: Clock) -> None:
    first = await answer_directly(event(), api, app.exception_handlers)
    assert first is not None
    told = json.loads(first["body"])
    assert (first["statusCode"], told["lane"], told["onlineNumber"]) == (200, "gallery", 1)
    assert first["headers"]["content-type"] == "application/json"
    clock.now += 60_000
    order = json.dumps({"place": told["place"], "mail": told["mail"]})
    status, _, renewed = await same(api, event(order))
    assert (status, renewed["userId"], "history" in renewed) == (200, "alice", False)
    assert (await same(replace(api, gallery=None), event()))[2]["lane"] == "seat"


async def test_what_is_not_well_formed_is_left_to_the_framework(api: ApiParts) -> None:
    for body in (None, "", "{", "null", "[]", '{"place":"x"}', '{"place":5}', '{"hash":"a"}', '{"lane":"seat"}'):
        assert (await same(api, event(body), directly=False))[0] == 400, body
    assert (await same(api, event(content_type="text/plain"), directly=False))[0] == 400
    assert (await same(api, event() | {"isBase64Encoded": True, "body": "e30="}, directly=False))[0] == 200
    for path, status in ((f"{PATH}/", 404), ("/api/activities/042/place", 400), ("/api/activities/0/place", 400)):
        assert (await same(api, event(path=path), directly=False))[0] == status, path
    assert (await same(api, event(path=f"/api/activities/{2**53}/place"), directly=False))[0] == 400
    assert (await same(api, event(method="PUT"), directly=False))[0] == 405
    assert (await api.room.state.figures(42)).places == 1


async def test_whom_the_framework_refuses_is_refused_in_the_same_words(api: ApiParts, redis: RedisCluster) -> None:
    for headers in ({"authorization": ""}, {"authorization": "Basic x"}, bearer_of(exp=1), bearer_of(activity_id=43)):
        status, told, _ = await same(api, event(**headers))
        assert (status, told["www-authenticate"]) == (401, "Bearer"), headers
    assert (await same(api, event('{"since":"x"}')))[0] == 400
    await api.words.write(Lists(mask=(), reject=("mallory",)))
    assert (await same(api, event(**bearer_of(name="Mallory"))))[2]["error"] == "name_rejected"
    await PlatformBans(redis).ban("bob", Sanction(until=FOR_GOOD), NOW)
    assert (await same(api, event(**bearer_of(sub="bob"))))[2]["error"] == "banned_everywhere"
    ours = replace(api, admission=replace(api.admission, origins=frozenset({"https://shop.example"})))
    assert (await same(ours, event(origin="https://evil.example")))[2]["error"] == "origin"
    assert (await same(ours, event(origin="https://shop.example")))[0] == 200
    nobody = replace(api, admission=Admission(mode="open", tokens=TOKENS))
    assert (await same(nobody, event('{"username":"Al"}', authorization="")))[2]["userId"] == "Al"


async def test_who_comes_too_often_is_told_so_and_when(site: Site, api: ApiParts, redis: RedisCluster) -> None:
    seldom = gallery_state(redis, limits=Limits(joins=Rate(burst=1, per_second=0.1)))
    api = replace(api, gallery=gallery_of(site, seldom))
    await main(event(), api)
    status, headers, told = await same(api, event())
    assert (status, headers["retry-after"], told["error"]) == (429, "10", "too_often")


async def test_calls_past_the_distribution_are_left_to_the_framework(api: ApiParts) -> None:
    async def secret() -> str:
        return json.dumps({"current": "first", "first": "s" * 32})

    only = replace(api, admission=replace(api.admission, edge=Edge(TokenKeys(secret))))
    assert (await same(only, event(), directly=False))[2]["error"] == "not_allowed"
    assert (await api.room.state.figures(42)).places == 0


async def test_where_a_server_is_away_it_is_said_in_the_same_words(api: ApiParts, log: MemoryLog) -> None:
    log.live_is_away = True
    assert (await same(api, event()))[2]["message"] == "Kafka does not answer, try again"
    nobody = connect("redis://127.0.0.1:1")
    away = replace(api, room=replace(api.room, state=RoomState(nobody, heartbeat_seconds=60)))
    assert (await same(away, event()))[2]["message"] == "Redis does not answer, try again"


async def test_a_mistake_of_ours_is_an_answer_and_is_logged(api: ApiParts, caplog: pytest.LogCaptureFixture) -> None:
    broken = replace(api, words=None)  # type: ignore[arg-type]  # there is always a list
    answer = await answer_directly(event(), broken, app.exception_handlers)
    assert answer is not None
    assert (answer["statusCode"], json.loads(answer["body"])["error"]) == (500, "error")
    assert "AttributeError" in caplog.text
