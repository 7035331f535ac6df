from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI

from functions.adapters.aws.secrets import SecretUnavailable
from functions.adapters.tokens.claims import Claims
from functions.adapters.tokens.token_keys import Keys, TokenKeys
from functions.adapters.tokens.tokens import Tokens, mint
from functions.api.auth import Caller, require
from functions.api.errors import install
from functions.api.parts import parts_of
from functions.rooms.identity import CAPABILITIES
from functions.rooms.sanctions import FOR_GOOD, Sanction
from functions.usecases.admission import Admission

NOW = 1_700_000_000
SECRET = '{"current": "k1", "k1": "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"}'

app = FastAPI()
install(app)


@app.get("/rooms/{activityId}")
async def moderated(caller: Annotated[Caller, Depends(require("moderate"))]) -> str:
    return f"{caller.sub} {caller.name}"


@app.get("/anybody")
async def anybody(caller: Annotated[Caller, Depends(require())]) -> list[str]:
    return sorted(caller.caps)


async def read() -> str:
    return SECRET


async def read_nothing() -> str:
    raise SecretUnavailable("secret the-keys: away")


def token(*caps: str, activity_id: int | None = 42, exp: int = NOW + 60, sub: str = "u1") -> str:
    claims = Claims.of_ours(sub=sub, name="Alice", activity_id=activity_id, exp=exp, caps=frozenset(caps))
    return mint(claims, Keys.parse(SECRET))


class Bans:
    """Bans of room 42, by user."""

    def __init__(self, *banned: str) -> None:
        self._banned = banned

    async def is_banned(self, activity_id: int, user_id: str, now: int) -> bool:
        assert now == NOW * 1000
        return activity_id == 42 and user_id in self._banned

    async def find(self, user_id: str, now: int) -> Sanction | None:
        """Of the platform's bans, which hold in all rooms."""
        return Sanction(until=FOR_GOOD) if user_id == "outcast" else None


def use(chosen: Admission, *banned: str) -> None:
    bans, room = Bans(*banned), SimpleNamespace(clock=lambda: NOW * 1000)
    parts = SimpleNamespace(admission=chosen, moderation=bans, bans=bans, room=room)
    app.dependency_overrides[parts_of] = lambda: parts


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    use(Admission(mode="token", tokens=Tokens(TokenKeys(read), clock=lambda: NOW)))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://rooms") as client:
        yield client
    app.dependency_overrides.clear()


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_a_token_with_the_capability_gives_the_caller(client: httpx.AsyncClient) -> None:
    answer = await client.get("/rooms/42", headers=bearing(token("moderate")))
    assert (answer.status_code, answer.json()) == (200, "u1 Alice")


async def test_without_a_valid_token_it_is_401(client: httpx.AsyncClient) -> None:
    for headers in (
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic dTE6cGFzcw=="},
        {"Authorization": token("moderate")},
        bearing("nonsense"),
        bearing(token("moderate") + "x"),
        bearing(token("moderate", exp=NOW)),
    ):
        answer = await client.get("/rooms/42", headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized"), headers
        assert answer.headers["www-authenticate"] == "Bearer", headers


async def test_a_token_in_the_query_is_none(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/rooms/42?token={token('moderate')}")).status_code == 401


async def test_no_capability_implies_another(client: httpx.AsyncClient) -> None:
    every: tuple[tuple[str, ...], ...] = ((), ("chat", "like"), ("admin",), ("admin", "publish", "chat", "like"))
    for caps in every:
        answer = await client.get("/rooms/42", headers=bearing(token(*caps)))
        assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed"), caps


async def test_a_token_of_another_room_is_403_and_a_platforms_is_good_for_all(client: httpx.AsyncClient) -> None:
    answer = await client.get("/rooms/43", headers=bearing(token("moderate")))
    assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")
    for path in ("/rooms/42", "/rooms/43"):
        answer = await client.get(path, headers=bearing(token("moderate", activity_id=None)))
        assert answer.status_code == 200


async def test_whoever_is_banned_from_the_room_is_403_and_a_platform_is_banned_from_none(
    client: httpx.AsyncClient,
) -> None:
    use(Admission(mode="token", tokens=Tokens(TokenKeys(read), clock=lambda: NOW)), "u1")
    answer = await client.get("/rooms/42", headers=bearing(token("moderate")))
    assert (answer.status_code, answer.json()["error"]) == (403, "banned")
    for room, header in ((43, token("moderate", activity_id=43)), (42, token("moderate", activity_id=None))):
        assert (await client.get(f"/rooms/{room}", headers=bearing(header))).status_code == 200, room


async def test_whoever_the_platform_has_banned_is_403_in_every_room_and_a_platform_in_none(
    client: httpx.AsyncClient,
) -> None:
    for room in (42, 43):
        header = bearing(token("moderate", activity_id=room, sub="outcast"))
        answer = await client.get(f"/rooms/{room}", headers=header)
        assert (answer.status_code, answer.json()["error"]) == (403, "banned")
        assert answer.json()["message"] == "you are banned from all rooms"
    header = bearing(token("moderate", activity_id=None, sub="outcast"))
    assert (await client.get("/rooms/42", headers=header)).status_code == 200


async def test_a_path_that_is_no_room_is_a_bad_field(client: httpx.AsyncClient) -> None:
    answer = await client.get("/rooms/x", headers=bearing(token("moderate")))
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_field")


async def test_where_no_capability_is_asked_for_any_token_will_do(client: httpx.AsyncClient) -> None:
    assert (await client.get("/anybody", headers=bearing(token()))).json() == []
    assert (await client.get("/anybody")).status_code == 401


async def test_in_open_mode_everybody_is_the_platform(client: httpx.AsyncClient) -> None:
    use(Admission(mode="open", tokens=Tokens(TokenKeys(read_nothing))))
    assert (await client.get("/rooms/42")).json() == "platform platform"
    assert (await client.get("/anybody", headers=bearing("nonsense"))).json() == sorted(CAPABILITIES)


async def test_without_keys_it_is_503_and_only_the_log_says_which_secret(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    use(Admission(mode="token", tokens=Tokens(TokenKeys(read_nothing))))
    answer = await client.get("/rooms/42", headers=bearing(token("moderate")))
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert "the-keys" not in answer.text
    assert "the-keys" in caplog.text
    assert token("moderate") not in caplog.text
