import math
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import connect
from functions.adapters.redis.platform_bans import PlatformBans
from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.words import Words
from functions.api import words
from functions.api.auth import Caller, caller
from functions.api.errors import install
from functions.api.parts import parts_of
from functions.parts import MessageParts
from functions.rooms.answers import Rate
from tests.functions.conftest import MemoryLog


def calling(name: str, *caps: str, activity_id: int | None = None) -> Caller:
    return Caller.of_ours(sub=name.lower(), name=name, caps=frozenset(caps), activity_id=activity_id, exp=math.inf)


ADMIN = calling("Boss", "admin")
ROOMS_ADMIN = calling("Owner", "admin", activity_id=42)
MODERATOR = calling("Mod", "chat", "like", "moderate", "publish")
NOTHING: dict[str, Any] = {"mask": [], "reject": []}


def parts_with(redis: RedisCluster, log: MemoryLog) -> SimpleNamespace:
    rate = Rate(burst=5, per_second=1)
    room = MessageParts(
        state=RoomState(redis, heartbeat_seconds=60),
        log=log,
        chat_rate=rate,
        other_rate=rate,
        words=Words(redis),
        bans=PlatformBans(redis),
    )
    return SimpleNamespace(room=room, words=room.words)


@pytest.fixture
def app(redis: RedisCluster, log: MemoryLog) -> FastAPI:
    app = FastAPI()
    install(app)
    app.include_router(words.router, prefix="/api")
    app.dependency_overrides[parts_of] = lambda: parts_with(redis, log)
    app.dependency_overrides[caller] = lambda: ADMIN
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://rooms") as client:
        yield client


async def test_there_are_no_words_at_first(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/words")
    assert (answer.status_code, answer.json()) == (200, NOTHING)


async def test_what_is_put_is_got_and_in_force(client: httpx.AsyncClient, redis: RedisCluster) -> None:
    lists = {"mask": ["bad", " No way ", "坏人"], "reject": ["\U0001f595"]}
    answer = await client.put("/api/words", json=lists)
    assert (answer.status_code, answer.json()) == (200, lists)
    assert (await client.get("/api/words")).json() == lists
    in_force = await Words(redis).current()
    assert in_force.check("B.A.D").text == "*****"
    assert in_force.check("\U0001f595").rejected


async def test_a_put_replaces_both_lists(client: httpx.AsyncClient) -> None:
    await client.put("/api/words", json={"mask": ["bad"], "reject": ["worse"]})
    await client.put("/api/words", json=NOTHING)
    assert (await client.get("/api/words")).json() == NOTHING


NO_LISTS: list[tuple[Any, str]] = [
    ({"mask": ["bad"]}, "body.reject"),
    ({"mask": [], "reject": [], "rejct": []}, "body.rejct"),
    ({"mask": "bad", "reject": []}, "body.mask"),
    ({"mask": [1], "reject": []}, "body.mask.0"),
    ({"mask": ["fine", ""], "reject": []}, "body.mask.1"),
    ({"mask": [], "reject": ["x" * 65]}, "body.reject.0"),
    ({"mask": ["fine", "\u200b"], "reject": []}, r"mask[1], '\u200b': a word must hold something visible"),
    ({"mask": [], "reject": ["a\x00b"]}, "reject[0]"),
    ({"mask": ["x"] * 10_001, "reject": []}, "body.mask"),
    ({"mask": ["x"] * 5001, "reject": ["x"] * 5000}, "at most 10000 words together"),
    ([], "body"),
]


async def test_what_can_be_no_list_is_a_bad_field(client: httpx.AsyncClient) -> None:
    for body, why in NO_LISTS:
        answer = await client.put("/api/words", json=body)
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), why
        assert why in answer.json()["message"], why
        assert (await client.get("/api/words")).json() == NOTHING, why


async def test_ten_thousand_wrong_words_make_one_complaint(client: httpx.AsyncClient) -> None:
    answer = await client.put("/api/words", json={"mask": [1] * 10_000, "reject": []})
    assert answer.status_code == 400
    assert len(answer.content) < 200


async def test_what_is_no_json_or_no_text_is_a_bad_field(client: httpx.AsyncClient) -> None:
    for body in ("", "{", "null", '{"mask": ["\\ud800"], "reject": []}'):
        answer = await client.put("/api/words", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), body


async def test_only_who_may_administer_sees_or_changes_the_words(app: FastAPI, client: httpx.AsyncClient) -> None:
    for caller_ in (MODERATOR, ROOMS_ADMIN):
        app.dependency_overrides[caller] = lambda caller_=caller_: caller_
        for answer in (await client.get("/api/words"), await client.put("/api/words", json=NOTHING)):
            assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")


async def test_a_text_is_tried_against_the_words_in_force(client: httpx.AsyncClient) -> None:
    tries = [
        ("oh d.a.r.n", "oh *******", False),
        ("so worse", "so *****", True),
        ("fine", "fine", False),
        ("", "", False),
    ]
    assert (await client.post("/api/words/try", json={"text": "darn"})).json() == {"text": "darn", "rejected": False}
    await client.put("/api/words", json={"mask": ["darn"], "reject": ["worse"]})
    for text, masked, rejected in tries:
        answer = await client.post("/api/words/try", json={"text": text})
        assert (answer.status_code, answer.json()) == (200, {"text": masked, "rejected": rejected}), text


async def test_words_are_tried_before_they_are_put(client: httpx.AsyncClient) -> None:
    await client.put("/api/words", json={"mask": ["darn"], "reject": []})
    answer = await client.post("/api/words/try", json={"text": "darn it", "words": {"mask": [], "reject": ["it"]}})
    assert answer.json() == {"text": "darn **", "rejected": True}
    assert (await client.get("/api/words")).json() == {"mask": ["darn"], "reject": []}


async def test_what_can_be_no_try_is_a_bad_field(client: httpx.AsyncClient) -> None:
    for body, why in (
        ({}, "body.text"),
        ({"text": 1}, "body.text"),
        ({"text": "x" * 501}, "body.text"),
        ({"text": "x", "words": {"mask": ["\u200b"], "reject": []}}, r"mask[0], '\u200b'"),
        ({"text": "x", "words": []}, "body.words"),
        ({"text": "x", "other": 1}, "body.other"),
    ):
        answer = await client.post("/api/words/try", json=body)
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), why
        assert why in answer.json()["message"], why


async def test_without_redis_it_says_so(app: FastAPI, client: httpx.AsyncClient, log: MemoryLog) -> None:
    app.dependency_overrides[parts_of] = lambda: parts_with(connect("redis://127.0.0.1:1"), log)
    for answer in (await client.get("/api/words"), await client.put("/api/words", json=NOTHING)):
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")


async def test_the_example_of_the_description_can_be_put(app: FastAPI, client: httpx.AsyncClient) -> None:
    fields = app.openapi()["components"]["schemas"]["WordLists"]["properties"]
    example = {name: field["examples"][0] for name, field in fields.items()}
    assert (await client.put("/api/words", json=example)).status_code == 200
