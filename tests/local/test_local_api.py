import json
from typing import Any

import httpx

from functions.adapters.aws.secrets import SecretUnavailable
from functions.adapters.tokens.token_keys import Keys, TokenKeys
from functions.adapters.tokens.tokens import Tokens
from local.local_api import BODY_LIMIT, LocalApi, fresh_keys

KEYS = fresh_keys()
ORDER = {"activityId": 42, "userId": "u1", "name": "Alice", "caps": ["chat", "moderate"], "seconds": 60}
ARCHIVE = {"table": "rooms", "endpoint": "http://127.0.0.1:5", "region": "us-east-1"}
METRIC = {"name": "Seats", "sum": 3}


async def read() -> str:
    return KEYS


async def read_nothing() -> str:
    raise SecretUnavailable("away")


TOKENS = Tokens(TokenKeys(read))


async def ask(
    method: str, path: str, *, host: str = "127.0.0.1:8000", kafka: bool = True, tokens: Any = TOKENS, **request: Any
) -> httpx.Response:
    """The answer to one request."""
    health = {"redis": True, "kafka": kafka}
    api = LocalApi(archive=ARCHIVE, health=lambda: health, metrics=lambda: [METRIC], tokens=tokens)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=api), base_url=f"http://{host}") as client:
        return await client.request(method, path, **request)


async def make_token(**options: Any) -> httpx.Response:
    return await ask("POST", "/_local/token", **{"json": ORDER, **options})


async def test_health_is_200_once_every_part_is_up() -> None:
    for kafka, status in ((True, 200), (False, 503)):
        answer = await ask("GET", "/_local/health", kafka=kafka)
        assert answer.status_code == status
        assert answer.json() == {"ready": kafka, "parts": {"redis": True, "kafka": kafka}}


async def test_the_metrics_are_told() -> None:
    answer = await ask("GET", "/_local/metrics")
    assert (answer.status_code, answer.json()) == (200, {"metrics": [METRIC]})


async def test_whoever_sits_here_is_told_where_the_table_is() -> None:
    for host in ("127.0.0.1:8000", "localhost"):
        answer = await ask("GET", "/_local/archive", host=host)
        assert (answer.status_code, answer.json()) == (200, ARCHIVE), host


async def test_who_sits_at_this_machine_gets_a_token() -> None:
    answer = await make_token()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    claims = await TOKENS.verify(answer.json()["token"])
    assert (claims.sub, claims.name, claims.rooms) == ("u1", "Alice", frozenset({42}))
    assert claims.caps == {"chat", "moderate"}


async def test_no_web_page_gets_one_not_even_ours_and_none_is_told_of_the_archive() -> None:
    for header in (
        {"Origin": "http://127.0.0.1:8000"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ):
        for answer in (await make_token(headers=header), await ask("GET", "/_local/archive", headers=header)):
            assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed"), header


async def test_nobody_who_was_led_here_by_another_name_gets_one() -> None:
    for host in ("evil.example", "rooms.tunnel.example:8000", "127.0.0.1.evil.example"):
        assert (await make_token(host=host)).status_code == 403, host
        assert (await ask("GET", "/_local/archive", host=host)).status_code == 403, host


async def test_this_machine_has_several_names() -> None:
    for host in ("localhost:8000", "localhost", "[::1]:8000", "127.0.0.1"):
        assert (await make_token(host=host)).status_code == 200, host


async def test_what_cannot_be_meant_is_refused() -> None:
    for body, error in (
        (b"", "bad_json"),
        (b"\xff", "bad_json"),
        (b"[" * 8000, "bad_json"),
        (b" " * (BODY_LIMIT + 1), "bad_json"),
        (b"[]", "bad_field"),
        (json.dumps({**ORDER, "caps": ["fly"]}).encode(), "bad_field"),
    ):
        answer = await make_token(json=None, content=body)
        assert (answer.status_code, answer.json()["error"]) == (400, error), body[:80]


async def test_another_method_is_refused() -> None:
    for method, name in (("GET", "token"), ("HEAD", "token"), ("POST", "archive"), ("PUT", "health")):
        assert (await ask(method, f"/_local/{name}")).status_code == 405, name


async def test_there_is_nothing_else() -> None:
    for path in ("/_local", "/_local/", "/_local/token/", "/_local/tokens", "/_local/archives", "/_local/_local/token"):
        answer = await ask("POST", path)
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found"), path


async def test_without_keys_there_is_no_token() -> None:
    for tokens, status in ((None, 409), (Tokens(TokenKeys(read_nothing)), 503)):
        answer = await make_token(tokens=tokens)
        assert answer.status_code == status
        assert answer.json()["message"]


def test_keys_are_new_each_time() -> None:
    assert Keys.parse(fresh_keys()).by_kid != Keys.parse(fresh_keys()).by_kid
