from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI

from functions.adapters.secrets import SecretUnavailable
from functions.adapters.token_keys import Keys, TokenKeys
from functions.adapters.tokens import Claims, Tokens, mint
from functions.api.auth import Caller, door, require
from functions.api.errors import install
from functions.door import Door
from functions.rooms.identity import CAPABILITIES

NOW = 1_700_000_000
SECRET = '{"current": "k1", "k1": "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"}'

app = FastAPI()
install(app)


@app.get("/rooms/{activityId}")
async def moderated(caller: Annotated[Caller, Depends(require("moderate"))]) -> str:
    return f"{caller.user_id} {caller.name}"


@app.get("/anybody")
async def anybody(caller: Annotated[Caller, Depends(require())]) -> list[str]:
    return sorted(caller.caps)


async def read() -> str:
    return SECRET


async def read_nothing() -> str:
    raise SecretUnavailable("secret the-keys: away")


def token(*caps: str, activity_id: int | None = 42, exp: int = NOW + 60) -> str:
    claims = Claims(sub="u1", name="Alice", activity_id=activity_id, exp=exp, caps=frozenset(caps))
    return mint(claims, Keys.parse(SECRET))


def use(chosen: Door) -> None:
    app.dependency_overrides[door] = lambda: chosen


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    use(Door(mode="token", tokens=Tokens(TokenKeys(read), clock=lambda: NOW)))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://rooms") as client:
        yield client
    app.dependency_overrides.clear()


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_token_with_the_capability_gives_the_caller(client: httpx.AsyncClient) -> None:
    answer = await client.get("/rooms/42", headers=bearing(token("moderate")))
    assert (answer.status_code, answer.json()) == (200, "u1 Alice")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic dTE6cGFzcw=="},
        {"Authorization": token("moderate")},
        bearing("nonsense"),
        bearing(token("moderate") + "x"),
        bearing(token("moderate", exp=NOW)),
    ],
)
async def test_without_a_valid_token_it_is_401(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await client.get("/rooms/42", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_token_in_the_query_is_none(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/rooms/42?token={token('moderate')}")).status_code == 401


@pytest.mark.parametrize("caps", [(), ("chat", "like"), ("admin",), ("admin", "publish", "chat", "like")])
async def test_no_capability_implies_another(client: httpx.AsyncClient, caps: tuple[str, ...]) -> None:
    answer = await client.get("/rooms/42", headers=bearing(token(*caps)))
    assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")


async def test_a_token_of_another_room_is_403_and_a_platforms_is_good_for_all(client: httpx.AsyncClient) -> None:
    answer = await client.get("/rooms/43", headers=bearing(token("moderate")))
    assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")
    for path in ("/rooms/42", "/rooms/43"):
        answer = await client.get(path, headers=bearing(token("moderate", activity_id=None)))
        assert answer.status_code == 200


async def test_a_path_that_is_no_room_is_a_bad_field(client: httpx.AsyncClient) -> None:
    answer = await client.get("/rooms/x", headers=bearing(token("moderate")))
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_field")


async def test_where_no_capability_is_asked_for_any_token_will_do(client: httpx.AsyncClient) -> None:
    assert (await client.get("/anybody", headers=bearing(token()))).json() == []
    assert (await client.get("/anybody")).status_code == 401


async def test_in_open_mode_everybody_is_the_platform(client: httpx.AsyncClient) -> None:
    use(Door(mode="open", tokens=Tokens(TokenKeys(read_nothing))))
    assert (await client.get("/rooms/42")).json() == "platform platform"
    assert (await client.get("/anybody", headers=bearing("nonsense"))).json() == sorted(CAPABILITIES)


async def test_without_keys_it_is_503_and_only_the_log_says_which_secret(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    use(Door(mode="token", tokens=Tokens(TokenKeys(read_nothing))))
    answer = await client.get("/rooms/42", headers=bearing(token("moderate")))
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert "the-keys" not in answer.text
    assert "the-keys" in caplog.text
    assert token("moderate") not in caplog.text
