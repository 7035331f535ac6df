import itertools
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given, strategies

from functions.adapters.tokens.claims import Claims
from functions.adapters.tokens.token_keys import Keys, TokenKeys
from functions.adapters.tokens.tokens import Tokens, mint
from functions.api import tokens
from functions.api.errors import install
from functions.api.parts import parts_of
from functions.rooms.identity import CAPABILITIES, VIEWER
from functions.usecases.admission import Admission

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
    return bearer(first_token(*caps, activity_id=activity_id))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def first_token(*caps: str, activity_id: int | None = None, seconds: int = 60) -> str:
    claims = Claims.of_ours(sub="root", name="Root", activity_id=activity_id, exp=NOW + seconds, caps=frozenset(caps))
    return mint(claims, Keys.parse(SECRET))


async def is_banned(activity_id: int, user_id: str, now: int) -> bool:
    return (activity_id, user_id) == (44, "root")


async def find(user_id: str, now: int) -> None:
    """The platform has banned nobody."""


def use(chosen: Admission) -> None:
    moderation, room = SimpleNamespace(is_banned=is_banned), SimpleNamespace(clock=lambda: NOW * 1000)
    parts = SimpleNamespace(admission=chosen, moderation=moderation, bans=SimpleNamespace(find=find), room=room)
    app.dependency_overrides[parts_of] = lambda: parts


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    use(Admission(mode="token", tokens=TOKENS, websocket_url="wss://rooms.example/websocket"))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://rooms") as client:
        yield client
    app.dependency_overrides.clear()


async def test_an_admin_gets_a_viewers_token_and_the_address_for_it(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/tokens", json=ASKED, headers=bearing("admin", "chat", "like"))
    assert (answer.status_code, answer.json()["exp"]) == (200, NOW + 3600)
    claims = await TOKENS.verify(answer.json()["token"])
    assert claims == Claims.of_ours(sub="alice", name="Alice", activity_id=42, exp=NOW + 3600)
    url = urlsplit(answer.json()["url"])
    assert (url.scheme, url.netloc, url.path) == ("wss", "rooms.example", "/websocket")
    assert parse_qs(url.query) == {"activityId": ["42"], "token": [answer.json()["token"]]}


async def test_what_the_token_allows_and_for_how_long_can_be_said(client: httpx.AsyncClient) -> None:
    asked = {**ASKED, "caps": ["chat"], "seconds": 86400}
    answer = await client.post("/api/tokens", json=asked, headers=bearing("admin", "chat"))
    claims = await TOKENS.verify(answer.json()["token"])
    assert (claims.caps, claims.exp) == (frozenset({"chat"}), NOW + 86400)


async def test_a_token_gives_no_capability_that_it_does_not_have(client: httpx.AsyncClient) -> None:
    for activity_id, wanted in itertools.product((None, 42), sorted(CAPABILITIES - {"admin"})):
        headers = bearing(*(CAPABILITIES - {wanted}), activity_id=activity_id)
        answer = await client.post("/api/tokens", json={**ASKED, "caps": [wanted]}, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed"), wanted
        assert answer.json()["message"].endswith(wanted), wanted


async def test_a_rooms_token_makes_no_admin_and_a_platforms_does(client: httpx.AsyncClient) -> None:
    asked = {**ASKED, "caps": ["admin"]}
    assert (await client.post("/api/tokens", json=asked, headers=bearing("admin", activity_id=42))).status_code == 403
    answer = await client.post("/api/tokens", json=asked, headers=bearing("admin"))
    assert (answer.status_code, answer.json()["exp"]) == (200, NOW + 60)


async def test_only_a_viewers_token_of_a_platform_outlives_its_maker(client: httpx.AsyncClient) -> None:
    every = sorted(CAPABILITIES)
    for activity_id, caps, left in (
        (None, ["chat", "like"], 86400),
        (None, [], 86400),
        (None, ["chat", "moderate"], 60),
        (42, ["chat"], 60),
        (42, ["moderate"], 60),
    ):
        asked = {**ASKED, "caps": caps, "seconds": 86400}
        answer = await client.post("/api/tokens", json=asked, headers=bearing(*every, activity_id=activity_id))
        assert answer.json()["exp"] == NOW + left, (activity_id, caps)
        assert (await TOKENS.verify(answer.json()["token"])).exp == NOW + left, (activity_id, caps)


async def test_whoever_is_banned_from_a_room_makes_no_token_for_it(client: httpx.AsyncClient) -> None:
    asked = {**ASKED, "activityId": 44, "caps": []}
    answer = await client.post("/api/tokens", json=asked, headers=bearing("admin", activity_id=44))
    assert (answer.status_code, answer.json()["error"]) == (403, "banned")
    assert (await client.post("/api/tokens", json=asked, headers=bearing("admin"))).status_code == 200


CAPS = strategies.sets(strategies.sampled_from(sorted(CAPABILITIES)))
WANTED = strategies.fixed_dictionaries(
    {"activityId": strategies.sampled_from([42, 43]), "seconds": strategies.integers(1, 86400)},
    optional={"caps": CAPS.map(sorted)},
)


@given(
    caps=CAPS.map(lambda caps: caps | {"admin"}),
    activity_id=strategies.sampled_from([None, 42]),
    seconds=strategies.integers(1, 100_000),
    chain=strategies.lists(WANTED, min_size=1, max_size=6),
)
async def test_no_chain_of_tokens_has_more_than_its_first(
    caps: set[str], activity_id: int | None, seconds: int, chain: list[dict[str, Any]]
) -> None:
    use(Admission(mode="token", tokens=TOKENS))
    token = first_token(*caps, activity_id=activity_id, seconds=seconds)
    first = await TOKENS.verify(token)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://rooms") as client:
        for wanted in chain:
            answer = await client.post("/api/tokens", json={**ASKED, **wanted}, headers=bearer(token))
            assert answer.status_code in (200, 403)
            if answer.status_code == 403:
                continue
            claims = await TOKENS.verify(answer.json()["token"])
            assert claims.caps <= first.caps
            assert claims.rooms == frozenset({wanted["activityId"]})
            assert first.rooms in (None, claims.rooms)
            assert claims.exp <= first.exp or (first.is_platform and claims.caps <= VIEWER)
            # A viewer's token makes no others. From here on the chain goes on with the new one.
            token = answer.json()["token"] if "admin" in claims.caps else token


async def test_what_cannot_be_meant_is_a_bad_field(client: httpx.AsyncClient) -> None:
    headers = {**bearing("admin"), "Content-Type": "application/json"}
    wrong: list[dict[str, Any]] = [
        *({"seconds": value} for value in (0, -1, 86401, "60", 1.5, True, None)),
        *({"activityId": value} for value in (0, -1, 2**53, "42", 42.5, True, None)),
        *({"userId": value} for value in ("", " a", "a\x00b", "a" * 65, 7, None)),
        *({"name": value} for value in ("", "  ", "a\x00b", "a" * 33, 7, None, "\ud800")),
        *({"caps": value} for value in ("chat", ["fly"], [1], {"chat": 1}, None)),
        {"exp": NOW * 2},
    ]
    for one in wrong:
        answer = await client.post("/api/tokens", content=json.dumps({**ASKED, **one}).encode(), headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), one


async def test_only_an_admin_mints_and_one_of_a_room_for_that_room_alone(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/tokens", json=ASKED)).status_code == 401
    everything_else = bearing("chat", "like", "moderate", "publish")
    admin = ("admin", "chat", "like")
    assert (await client.post("/api/tokens", json=ASKED, headers=everything_else)).status_code == 403
    assert (await client.post("/api/tokens", json=ASKED, headers=bearing(*admin, activity_id=43))).status_code == 403
    assert (await client.post("/api/tokens", json=ASKED, headers=bearing(*admin, activity_id=42))).status_code == 200


async def test_in_open_mode_the_address_says_who_comes_since_the_token_is_not_looked_at(
    client: httpx.AsyncClient,
) -> None:
    use(Admission(mode="open", tokens=TOKENS, websocket_url="ws://h/websocket"))
    url = (await client.post("/api/tokens", json=ASKED)).json()["url"]
    query = parse_qs(urlsplit(url).query)
    assert (query["username"], query["userId"]) == (["Alice"], ["alice"])


async def test_without_a_known_address_there_is_a_token_alone(client: httpx.AsyncClient) -> None:
    use(Admission(mode="token", tokens=TOKENS))
    answer = await client.post("/api/tokens", json=ASKED, headers=bearing("admin", "chat", "like"))
    assert answer.json()["url"] is None
    assert answer.json()["token"]


async def test_attributes_ride_in_the_token_and_in_an_open_room_s_address(client: httpx.AsyncClient) -> None:
    asked = ASKED | {"attributes": {"role": "host", "level": "12"}}
    answer = await client.post("/api/tokens", json=asked, headers=bearing("admin", "chat", "like"))
    assert answer.status_code == 200, answer.text
    assert (await TOKENS.verify(answer.json()["token"])).attributes == asked["attributes"]
    use(Admission(mode="open", tokens=TOKENS, websocket_url="ws://rooms.example/websocket"))
    query = parse_qs(urlsplit((await client.post("/api/tokens", json=asked)).json()["url"]).query)
    assert json.loads(query["attributes"][0]) == asked["attributes"]


async def test_attributes_that_cannot_be_meant_are_named(client: httpx.AsyncClient) -> None:
    for attributes, message in (
        ("host", "it must be an object of texts"),
        (None, "it must be an object of texts"),
        ({"level": 12}, "it must be an object of texts"),
        ({str(number): "" for number in range(17)}, "it must have at most 16 entries"),
        ({"a": "\n"}, "it has a text that must hold no control character, such as U+000A"),
        ({"a": "x" * 509, "b": "y" * 509}, "it must have at most 1024 bytes as JSON"),
    ):
        asked = ASKED | {"attributes": attributes}
        answer = await client.post("/api/tokens", json=asked, headers=bearing("admin", "chat", "like"))
        assert (answer.status_code, answer.json()["message"]) == (400, f"body.attributes: {message}")
