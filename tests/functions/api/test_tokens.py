import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI

from functions.adapters.token_keys import Keys, TokenKeys
from functions.adapters.tokens import Claims, Tokens, mint
from functions.api import tokens
from functions.api.auth import door
from functions.api.errors import install
from functions.door import Door

NOW = 1_700_000_000
SECRET = '{"current": "k1", "k1": "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"}'
ASKED = {"activityId": 42, "userId": "alice", "name": "Alice"}

app = FastAPI()
install(app)
app.include_router(tokens.router, prefix="/api")


async def read() -> str:
    return SECRET


TOKENS = Tokens(TokenKeys(read), clock=lambda: NOW)


def bearing(*caps: str, activity_id: int | None = None) -> dict[str, str]:
    claims = Claims(sub="root", name="Root", activity_id=activity_id, exp=NOW + 60, caps=frozenset(caps))
    return {"Authorization": f"Bearer {mint(claims, Keys.parse(SECRET))}"}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    chosen = Door(mode="token", tokens=TOKENS, websocket_url="wss://rooms.example/websocket")
    app.dependency_overrides[door] = lambda: chosen
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://rooms") as client:
        yield client
    app.dependency_overrides.clear()


async def test_an_admin_gets_a_viewers_token_and_the_address_for_it(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/tokens", json=ASKED, headers=bearing("admin"))
    assert answer.status_code == 200
    claims = await TOKENS.verify(answer.json()["token"])
    assert claims == Claims(sub="alice", name="Alice", activity_id=42, exp=NOW + 3600)
    url = urlsplit(answer.json()["url"])
    assert (url.scheme, url.netloc, url.path) == ("wss", "rooms.example", "/websocket")
    assert parse_qs(url.query) == {"activityId": ["42"], "token": [answer.json()["token"]]}


async def test_what_the_token_allows_and_for_how_long_can_be_said(client: httpx.AsyncClient) -> None:
    asked = {**ASKED, "caps": ["moderate", "chat"], "seconds": 86400}
    answer = await client.post("/api/tokens", json=asked, headers=bearing("admin"))
    claims = await TOKENS.verify(answer.json()["token"])
    assert (claims.caps, claims.exp) == (frozenset({"moderate", "chat"}), NOW + 86400)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"seconds": value} for value in (0, -1, 86401, "60", 1.5, True, None)),
        *({"activityId": value} for value in (0, -1, 2**53, "42", 42.5, True, None)),
        *({"userId": value} for value in ("", " a", "a\x00b", "a" * 65, 7, None)),
        *({"name": value} for value in ("", "  ", "a\x00b", "a" * 33, 7, None, "\ud800")),
        *({"caps": value} for value in ("chat", ["fly"], [1], {"chat": 1}, None)),
        {"exp": NOW * 2},
    ],
)
async def test_what_cannot_be_meant_is_a_bad_field(client: httpx.AsyncClient, wrong: dict[str, Any]) -> None:
    body = json.dumps({**ASKED, **wrong}).encode()
    answer = await client.post(
        "/api/tokens", content=body, headers={**bearing("admin"), "Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_field")


async def test_only_an_admin_mints_and_one_of_a_room_for_that_room_alone(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/tokens", json=ASKED)).status_code == 401
    everything_else = bearing("chat", "like", "moderate", "publish")
    assert (await client.post("/api/tokens", json=ASKED, headers=everything_else)).status_code == 403
    assert (await client.post("/api/tokens", json=ASKED, headers=bearing("admin", activity_id=43))).status_code == 403
    assert (await client.post("/api/tokens", json=ASKED, headers=bearing("admin", activity_id=42))).status_code == 200


async def test_in_open_mode_the_address_says_who_comes_since_the_token_is_not_looked_at(
    client: httpx.AsyncClient,
) -> None:
    app.dependency_overrides[door] = lambda: Door(mode="open", tokens=TOKENS, websocket_url="ws://h/websocket")
    url = (await client.post("/api/tokens", json=ASKED)).json()["url"]
    query = parse_qs(urlsplit(url).query)
    assert (query["username"], query["userId"]) == (["Alice"], ["alice"])


async def test_without_a_known_address_there_is_a_token_alone(client: httpx.AsyncClient) -> None:
    app.dependency_overrides[door] = lambda: Door(mode="token", tokens=TOKENS)
    answer = await client.post("/api/tokens", json=ASKED, headers=bearing("admin"))
    assert answer.json()["url"] is None
    assert answer.json()["token"]
