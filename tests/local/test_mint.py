import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from functions.adapters.secrets import SecretUnavailable
from functions.adapters.token_keys import Keys, TokenKeys
from functions.adapters.tokens import Tokens
from local.mint import BODY_LIMIT, Mint, fresh_keys

KEYS = fresh_keys()
ORDER = {"activityId": 42, "userId": "u1", "name": "Alice", "caps": ["chat", "moderate"], "seconds": 60}


async def read() -> str:
    return KEYS


async def read_nothing() -> str:
    raise SecretUnavailable("away")


TOKENS = Tokens(TokenKeys(read))


def client_of(mint: Mint, host: str = "127.0.0.1:8000") -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=mint), base_url=f"http://{host}")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(Mint(TOKENS)) as client:
        yield client


async def test_who_sits_at_this_machine_gets_a_token(client: httpx.AsyncClient) -> None:
    answer = await client.post("/_local/token", json=ORDER)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    claims = await TOKENS.verify(answer.json()["token"])
    assert (claims.sub, claims.name, claims.activity_id) == ("u1", "Alice", 42)
    assert claims.caps == {"chat", "moderate"}


@pytest.mark.parametrize(
    "header", [{"Origin": "http://127.0.0.1:8000"}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-origin"}]
)
async def test_no_web_page_gets_one_not_even_ours(client: httpx.AsyncClient, header: dict[str, str]) -> None:
    answer = await client.post("/_local/token", json=ORDER, headers=header)
    assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")


@pytest.mark.parametrize("host", ["evil.example", "rooms.tunnel.example:8000", "127.0.0.1.evil.example"])
async def test_nobody_who_was_led_here_by_another_name_gets_one(host: str) -> None:
    async with client_of(Mint(TOKENS), host) as client:
        assert (await client.post("/_local/token", json=ORDER)).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8000", "localhost", "[::1]:8000", "127.0.0.1"])
async def test_this_machine_has_several_names(host: str) -> None:
    async with client_of(Mint(TOKENS), host) as client:
        assert (await client.post("/_local/token", json=ORDER)).status_code == 200


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "bad_json"),
        (b"\xff", "bad_json"),
        (b"[" * 8000, "bad_json"),
        (b" " * (BODY_LIMIT + 1), "bad_json"),
        (b"[]", "bad_field"),
        (json.dumps({**ORDER, "caps": ["fly"]}).encode(), "bad_field"),
    ],
)
async def test_what_cannot_be_meant_is_refused(client: httpx.AsyncClient, body: bytes, error: str) -> None:
    answer = await client.post("/_local/token", content=body)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_a_token_is_not_got_by_looking(client: httpx.AsyncClient) -> None:
    assert (await client.get("/_local/token")).status_code == 405


@pytest.mark.parametrize(("tokens", "status"), [(None, 409), (Tokens(TokenKeys(read_nothing)), 503)])
async def test_without_keys_there_is_no_token(tokens: Tokens | None, status: int) -> None:
    async with client_of(Mint(tokens)) as client:
        answer: Any = await client.post("/_local/token", json=ORDER)
    assert answer.status_code == status
    assert answer.json()["message"]


def test_keys_are_new_each_time() -> None:
    assert Keys.parse(fresh_keys()).by_kid != Keys.parse(fresh_keys()).by_kid
