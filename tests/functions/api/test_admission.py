"""What a handshake would be answered with, and that asking uses nothing up. The stories compare it with handshakes."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.admission_state import AdmissionState
from functions.adapters.redis.room_state import RoomState
from functions.adapters.tokens.claims import Claims
from functions.adapters.tokens.token_keys import Keys
from functions.adapters.tokens.tokens import mint
from functions.api.parts import ApiParts
from functions.aws_events.websocket import Handshake
from functions.rooms.answers import Rate
from functions.rooms.identity import Identity
from functions.rooms.limits import Limits
from functions.rooms.sanctions import FOR_GOOD, Sanction
from functions.rooms.seats import Seat
from functions.rooms.words import Lists
from functions.runtime.metrics import Meter
from functions.usecases.admission import Admission, NoIdentity
from tests.functions.adapters.redis.snapshot import take
from tests.functions.api.bearers import SECRET, TOKENS
from tests.functions.api.site import Site
from tests.functions.conftest import NOW, Clock, MemoryLog

PATH = "/api/activities/42/admission"


def bearer(
    *, sub: str = "alice", name: str = "Alice", activity_id: int | None = 42, exp: float = NOW / 1000 + 60
) -> Any:
    claims = Claims.of_ours(sub=sub, name=name, activity_id=activity_id, exp=exp)
    return {"Authorization": f"Bearer {mint(claims, Keys.parse(SECRET))}"}


async def ask(client: httpx.AsyncClient, headers: dict[str, str] | None = None, **query: str) -> dict[str, Any]:
    answer = await client.get(PATH, params=query, headers=bearer() if headers is None else headers)
    assert answer.status_code == 200, answer.text
    answered: dict[str, Any] = answer.json()
    return answered


@pytest.fixture
def open_site(site: Site) -> Site:
    site.parts = replace(site.parts, admission=Admission(mode="open", tokens=TOKENS))
    return site


async def test_whoever_would_be_let_in_is_told_so_and_nothing_has_changed(
    client: httpx.AsyncClient, redis: RedisCluster, log: MemoryLog
) -> None:
    before = await take(redis, "*")
    admitted = {"admitted": True, "status": 101}
    nothing = dict.fromkeys(("reason", "message", "retryAfter", "until", "text"))
    assert await ask(client) == admitted | nothing
    assert await take(redis, "*") == before
    assert log.live == log.saved == []


async def test_each_flaw_of_a_token_has_its_reason(client: httpx.AsyncClient) -> None:
    good = bearer()["Authorization"]
    for headers, reason in (
        ({"Authorization": ""}, "token_missing"),
        ({"Authorization": "Bearer nonsense"}, "token_invalid"),
        ({"Authorization": f"{good}x"}, "token_invalid"),
        (bearer(exp=NOW / 1000), "token_expired"),
        (bearer(activity_id=43), "token_other_room"),
        (bearer(activity_id=None), "token_other_room"),
    ):
        answer = await ask(client, headers)
        assert (answer["admitted"], answer["status"], answer["reason"]) == (False, 401, reason), headers
        assert [answer[field] for field in ("retryAfter", "until", "text")] == [None] * 3, headers


async def test_a_forged_token_that_has_expired_is_only_invalid(client: httpx.AsyncClient) -> None:
    head, claims, _ = bearer(exp=1)["Authorization"].split(".")
    assert (await ask(client, {"Authorization": f"{head}.{claims}.forged"}))["reason"] == "token_invalid"


async def test_a_token_in_the_query_is_not_looked_at(client: httpx.AsyncClient) -> None:
    token = bearer()["Authorization"].removeprefix("Bearer ")
    assert (await ask(client, {"Authorization": ""}, token=token))["reason"] == "token_missing"


async def test_a_ban_tells_until_when_it_holds_and_why(client: httpx.AsyncClient, platform: ApiParts) -> None:
    await platform.moderation.sanction("bans", 42, "alice", Sanction(until=NOW + 1_500, reason="no links"))
    message = "you are banned from this room"
    banned = {"admitted": False, "status": 403, "reason": "banned", "message": message}
    assert await ask(client) == banned | {"retryAfter": 2, "until": NOW + 1_500, "text": "no links"}
    assert (await ask(client, bearer(sub="bob")))["admitted"]


async def test_a_ban_without_an_end_has_nothing_to_wait_for(client: httpx.AsyncClient, platform: ApiParts) -> None:
    await platform.moderation.sanction("bans", 42, "alice", Sanction(until=FOR_GOOD))
    answer = await ask(client)
    assert [answer[field] for field in ("reason", "until", "retryAfter", "text")] == ["banned", None, None, None]


async def test_a_ban_that_is_over_is_none(client: httpx.AsyncClient, platform: ApiParts, clock: Clock) -> None:
    await platform.moderation.sanction("bans", 42, "alice", Sanction(until=NOW + 1_000))
    clock.now = NOW + 1_000
    assert (await ask(client))["admitted"]


async def test_a_ban_from_all_rooms_has_a_reason_of_its_own(client: httpx.AsyncClient, platform: ApiParts) -> None:
    await platform.bans.ban("alice", Sanction(until=NOW + 60_000, reason="spam"), NOW)
    answer = await ask(client)
    assert (answer["reason"], answer["retryAfter"], answer["text"]) == ("banned_everywhere", 60, "spam")
    assert answer["message"] == "you are banned from all rooms"


async def test_who_has_come_too_often_is_told_when_to_come_again_and_asking_costs_nothing(
    client: httpx.AsyncClient, site: Site, redis: RedisCluster
) -> None:
    limits = Limits(joins=Rate(burst=1, per_second=0.1))
    state = RoomState(redis, heartbeat_seconds=60, limits=limits)
    rooms = AdmissionState(redis, limits=limits)
    site.parts = replace(site.parts, rooms=rooms)
    alice = Identity(activity_id=42, user_id="alice", username="Alice")
    assert (await ask(client))["admitted"]
    assert (await ask(client))["admitted"]
    await state.join(Seat("c1", "live.v1", "alice"), alice, NOW)
    answer = await ask(client)
    assert (answer["status"], answer["reason"], answer["retryAfter"]) == (429, "too_often", 10)
    assert await rooms.would_join(42, "alice", NOW + 10_000) is None


async def test_a_name_with_a_rejected_word_is_told(client: httpx.AsyncClient, platform: ApiParts) -> None:
    await platform.words.write(Lists(mask=(), reject=("alice",)))
    answer = await ask(client)
    assert (answer["status"], answer["reason"]) == (400, "name_rejected")


async def test_in_open_mode_the_query_says_who_asks(client: httpx.AsyncClient, open_site: Site) -> None:
    await open_site.parts.moderation.sanction("bans", 42, "al", Sanction(until=FOR_GOOD))
    for query, reason in (
        ({"username": "alice"}, None),
        ({"username": "alice", "userId": "al"}, "banned"),
        ({}, "name_missing"),
        ({"username": " "}, "bad_field"),
        ({"username": "a" * 33}, "bad_field"),
        ({"username": "alice", "userId": " a"}, "bad_field"),
        ({"username": "alice", "attributes": "[]"}, "bad_field"),
        ({"username": "alice", "since": "yesterday"}, "bad_field"),
    ):
        answer = await ask(client, {"Authorization": ""}, **query)
        assert answer["reason"] == reason, query


async def test_a_page_of_another_origin_is_told_only_that(client: httpx.AsyncClient, site: Site) -> None:
    origins = frozenset({"https://shop.example"})
    site.parts = replace(site.parts, admission=replace(site.parts.admission, origins=origins))
    assert (await ask(client, {"Origin": "https://evil.example"}))["reason"] == "origin"
    assert (await ask(client, bearer() | {"Origin": "https://shop.example"}))["admitted"]


async def test_asking_is_no_refused_handshake_in_the_figures(client: httpx.AsyncClient, site: Site) -> None:
    lines: list[str] = []
    admission = replace(site.parts.admission, meter=Meter(write=lines.append))
    site.parts = replace(site.parts, admission=admission)
    assert (await ask(client, {"Authorization": "Bearer nonsense"}))["reason"] == "token_invalid"
    assert lines == []
    with pytest.raises(NoIdentity):
        await admission.identify(Handshake("", {"activityId": ["42"], "token": ["nonsense"]}, {}))
    assert "TokensRefused" in "".join(lines)


async def test_a_server_that_is_away_is_503_as_at_the_handshake(
    client: httpx.AsyncClient, site: Site, platform_without_redis: ApiParts, log: MemoryLog
) -> None:
    log.live_is_away = True
    answer = await client.get(PATH, headers=bearer())
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    log.live_is_away = False
    site.parts = platform_without_redis
    answer = await client.get(PATH, headers=bearer())
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
