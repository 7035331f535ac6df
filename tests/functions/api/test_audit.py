"""Calls that are made again under the id that their caller gave them, since nobody knows what became of the first."""

import httpx
import pytest
from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.relay_state import RelayState
from functions.rooms import events
from functions.rooms.settling import result_of
from functions.usecases import once
from tests.functions.conftest import NOW, MemoryLog

ROOM = "/api/activities/42"
NOTICE = {"name": "coupon", "data": {"code": "TAKE10"}}
KEY = {"Idempotency-Key": "k1"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "PATIENCE_SECONDS", (0.0,))


async def post(client: httpx.AsyncClient, key: dict[str, str] = KEY, **body: object) -> httpx.Response:
    return await client.post(f"{ROOM}/notices", json=NOTICE | body, headers=key)


async def test_a_notice_of_which_nobody_knows_is_shown_once(
    client: httpx.AsyncClient, log: MemoryLog, relay_state: RelayState
) -> None:
    log.live_stands_still = True
    assert (await post(client)).status_code == 503
    log.wake()
    waiting = await post(client)
    assert (waiting.status_code, waiting.json()["error"]) == (503, "unavailable")
    await relay_state.before({42: log.live}, NOW)
    assert (await post(client)).json() == {"seq": log.live[0].seq}
    assert (len(log.live), len(log.saved)) == (1, 1)


async def test_a_notice_that_is_certainly_not_published_is_so_at_once_when_it_is_sent_again(
    client: httpx.AsyncClient, log: MemoryLog
) -> None:
    log.live_is_away = True
    assert (await post(client)).status_code == 503
    log.live_is_away = False
    assert (await post(client)).status_code == 201


async def test_without_an_id_each_notice_is_one(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for _ in range(2):
        assert (await post(client, {})).status_code == 201
    assert len(log.live) == 2


async def test_an_id_that_cannot_be_one_or_was_used_for_a_like_is_a_bad_field(
    client: httpx.AsyncClient, log: MemoryLog, redis: RedisCluster
) -> None:
    await redis.set("room:{42}:id:3:mod:liked", "ok")
    for key in ("", "x" * 65, "a b", "liked"):
        answer = await post(client, {"Idempotency-Key": key})
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), key
        assert "Idempotency-Key" in answer.json()["message"], key
    assert log.live == []


async def test_what_a_moderator_does_has_the_id_of_the_call(client: httpx.AsyncClient, log: MemoryLog) -> None:
    keys = [f"k{number}" for number in range(7)]
    calls = [
        ("PUT", "/mutes", {"userId": "bob", "seconds": 60}),
        ("DELETE", "/mutes?userId=bob", None),
        ("PUT", "/bans", {"userId": "bob", "seconds": 60}),
        ("DELETE", "/bans?userId=bob", None),
        ("DELETE", "/messages/7", None),
        ("PATCH", "", {"frozen": True}),
        ("PATCH", "/properties", {"pinned": 1}),
    ]
    for key, (method, path, body) in zip(keys, calls, strict=True):
        answer = await client.request(method, ROOM + path, json=body, headers={"Idempotency-Key": key})
        assert answer.status_code in (200, 204), (method, path)
    assert [event.client_id for event in log.live] == keys
    kinds = {events.SANCTION, events.REMOVED, events.SETTINGS, events.PROPERTIES}
    assert {event.type for event in log.saved} == kinds


async def test_a_notice_to_others_is_another_notice(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for to in ("bob", ["bob", "carol"], ["carol", "bob"]):
        assert (await post(client, {}, to=to)).status_code == 201
    digests = {result_of(event, None).digest for event in log.live}
    assert len(digests) == 3


async def test_a_patch_that_is_sent_again_changes_nothing_and_is_shown_once(
    client: httpx.AsyncClient, log: MemoryLog, relay_state: RelayState
) -> None:
    async def patch(key: str, body: dict[str, object]) -> httpx.Response:
        return await client.patch(f"{ROOM}/properties", json=body, headers={"Idempotency-Key": key})

    log.live_is_away = True
    assert (await patch("k1", {"pinned": 1})).status_code == 503
    log.live_is_away = False
    assert (await patch("k2", {"pinned": 2, "other": None})).json() == {"pinned": 2}
    again = await patch("k1", {"pinned": 1})
    assert (again.status_code, again.json()) == (200, {"pinned": 2})
    assert [event.data for event in log.live] == [{"pinned": 2, "other": None}, {"pinned": 2}]
    log.live_stands_still = True
    assert (await patch("k3", {"pinned": 3})).status_code == 503
    log.wake()
    assert (await patch("k3", {"pinned": 3})).status_code == 200
    [view] = await relay_state.before({42: log.live}, NOW)
    assert view.duplicates == {log.live[3].seq}
    log.live_is_away = True
    assert (await patch("k4", {"pinned": 4})).status_code == 503
    log.live_is_away = False
    refused = await patch("k4", {"pinned": 5})
    assert (refused.status_code, refused.json()["message"]) == (
        400,
        "header.Idempotency-Key: it was used for another call",
    )
