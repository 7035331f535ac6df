"""The HTTP API tells the reason of each refusal that a handshake really gets, and costs nothing to ask."""

import asyncio
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.story.rooms import GENEROUS, Rooms, Servers, running

pytestmark = pytest.mark.kafka

SHOP = "https://shop.example"
# A user may come in three times, and then not again during the test.
FEW_JOINS = {**GENEROUS, "JOIN_BURST": "3", "JOIN_PER_SECOND": "0.001"}


async def handshake(rooms: Rooms, token: str, origin: str | None, query: dict[str, Any]) -> int:
    """The status with which it is answered."""
    offered: Any = ["live.v1", f"bearer.{token}"] if token else ["live.v1"]
    sent: Any = origin
    try:
        address = f"ws://{rooms.address}/websocket?{urlencode(query)}"
        async with connect(address, subprotocols=offered, origin=sent, proxy=None, compression=None):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def ask(
    rooms: Rooms, activity: int | str, token: str = "", origin: str | None = None, **query: str
) -> dict[str, Any]:
    """What the API answers; of an error its own status."""
    headers = ({"Authorization": f"Bearer {token}"} if token else {}) | ({"Origin": origin} if origin else {})
    answer = await rooms.http.get(f"/api/activities/{activity}/admission", params=query, headers=headers)
    return {"status": answer.status_code, **answer.json()}


async def both(
    rooms: Rooms, activity: int | str, token: str = "", origin: str | None = None, **query: str
) -> dict[str, Any]:
    """What the API answers; its status is that of the handshake which follows."""
    asked = await ask(rooms, activity, token, origin, **query)
    found = await handshake(rooms, token, origin, {"activityId": activity, **query})
    assert asked["status"] == found, (asked, found)
    return asked


async def test_with_tokens_each_refusal_has_the_handshakes_status_and_its_reason(
    own_servers: Servers, activity: int, another_activity: int
) -> None:
    environment = {**FEW_JOINS, "ALLOWED_ORIGINS": SHOP}
    async with running(own_servers, environment=environment, auth_mode="token") as rooms:
        admin = {"Authorization": f"Bearer {await rooms.token(None, 'boss', caps=['admin', 'moderate'])}"}
        base = f"/api/activities/{activity}"

        async def put(path: str, body: Any) -> None:
            assert (await rooms.http.put(path, json=body, headers=admin)).is_success

        await put(f"{base}/bans", {"userId": "bob", "seconds": 600, "reason": "no links"})
        await put(f"{base}/bans", {"userId": "carol"})
        await put("/api/bans", {"userId": "dave", "seconds": 60})
        await put("/api/words", {"mask": [], "reject": ["darn"]})
        good, soon = await rooms.token(activity, "alice"), await rooms.token(activity, "alice", seconds=1)
        assert (await both(rooms, activity, good, SHOP))["admitted"]
        for token, origin, query, reason in (
            ("", None, {}, "token_missing"),
            ("nonsense", None, {}, "token_invalid"),
            (f"{good}x", None, {}, "token_invalid"),
            (await rooms.token(another_activity, "alice"), None, {}, "token_other_room"),
            (await rooms.token(None, "alice"), None, {}, "token_other_room"),
            (good, "https://evil.example", {}, "origin"),
            ("nonsense", "https://evil.example", {}, "origin"),
            (good, None, {"since": "yesterday"}, "bad_field"),
            (await rooms.token(activity, "darn"), None, {}, "name_rejected"),
            (await rooms.token(activity, "bob"), None, {}, "banned"),
            (await rooms.token(activity, "carol"), None, {}, "banned"),
            (await rooms.token(activity, "dave"), None, {}, "banned_everywhere"),
        ):
            asked = await both(rooms, activity, token, origin, **query)
            assert asked["reason"] == reason, asked
        bob = await both(rooms, activity, await rooms.token(activity, "bob"))
        assert (0 < bob["retryAfter"] <= 600, bob["text"]) == (True, "no links")
        for no_room in ("0", "x", str(2**53)):
            assert (await both(rooms, no_room, good))["error"] == "bad_field"
        # Alice came in once. Asking counts for nothing, the handshakes beside it do.
        assert [(await both(rooms, activity, good))["status"] for _ in range(3)] == [101, 101, 429]
        assert (await both(rooms, activity, good))["reason"] == "too_often"
        async with asyncio.timeout(20):
            while (await ask(rooms, activity, soon))["reason"] != "token_expired":
                await asyncio.sleep(0.05)
        assert (await both(rooms, activity, soon))["status"] == 401


async def test_in_open_mode_the_query_is_asked_as_the_handshake_asks_it(own_servers: Servers, activity: int) -> None:
    async with running(own_servers, environment=FEW_JOINS) as rooms:
        body = {"userId": "bob", "seconds": 600}
        assert (await rooms.http.put(f"/api/activities/{activity}/bans", json=body)).is_success
        for query, reason in (
            ({"username": "alice"}, None),
            ({"username": "alice", "userId": "bob"}, "banned"),
            ({"username": "bob", "userId": "alice"}, None),
            ({}, "name_missing"),
            ({"username": ""}, "bad_field"),
            ({"username": "a\nb"}, "bad_field"),
            ({"username": "a" * 33}, "bad_field"),
            ({"username": "alice", "userId": " a"}, "bad_field"),
            ({"username": "alice", "avatar": "a" * 513}, "bad_field"),
            ({"username": "alice", "attributes": "{"}, "bad_field"),
            ({"username": "alice", "since": "e257caa2.7"}, None),
        ):
            assert (await both(rooms, activity, **query))["reason"] == reason, query
