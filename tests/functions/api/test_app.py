"""The handler, as API Gateway calls it."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.adapters.moderation_state import ModerationState
from functions.adapters.redis_client import connect
from functions.adapters.room_answers import Rate
from functions.adapters.room_state import RoomState
from functions.adapters.word_list import Words
from functions.api.app import app, handler
from functions.api.auth import door
from functions.api.parts import ApiParts, api_parts
from functions.door import Door
from functions.parts import RoomParts
from local.aws.http_payload import HttpApiNames, HttpRequest, http_event
from local.aws.payloads import Occasion
from tests.functions.api.bearers import TOKENS, bearing
from tests.functions.conftest import MemoryLog
from tests.functions.fake_connections import FakeConnections

NAMES = HttpApiNames(account_id="0", api_id="a", domain_name="rooms")
RATE = Rate(burst=5, per_second=1)


@pytest.fixture
def built(clean_redis: str, log: MemoryLog) -> Iterator[list[ApiParts]]:
    """The parts that the environment has made so far; a loop of its own, as in a Lambda function."""
    made: list[ApiParts] = []
    redis = connect(clean_redis)

    def once() -> ApiParts:
        if not made:
            room = RoomParts(
                state=RoomState(redis, heartbeat_seconds=60),
                log=log,
                chat_rate=RATE,
                other_rate=RATE,
                words=Words(redis),
            )
            made.append(ApiParts(room, ModerationState(redis), FakeConnections()))
        return made[0]

    app.dependency_overrides[api_parts] = once
    app.dependency_overrides[door] = lambda: Door(mode="token", tokens=TOKENS)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield made
    loop.run_until_complete(redis.aclose())
    asyncio.set_event_loop(None)
    loop.close()
    app.dependency_overrides.clear()


def event(method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    sent = {"content-type": "application/json", **{k.lower(): v for k, v in (headers or bearing()).items()}}
    scope = {
        "method": method,
        "path": path,
        "query_string": b"",
        "http_version": "1.1",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 1),
    }
    request = HttpRequest(
        scope=scope,
        body=b"" if body is None else json.dumps(body).encode(),
        route_key="ANY /api/{proxy+}",
        path_parameters={"proxy": path.removeprefix("/api/")},
        trace="t",
    )
    return http_event(NAMES, request, Occasion(request_id="r", now_ms=0))


def test_requests_become_responses_one_after_another_on_the_same_clients(built: list[ApiParts], log: MemoryLog) -> None:
    answer = handler(event("PATCH", "/api/activities/42", {"frozen": True}), None)
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (200, "application/json")
    answer = handler(event("GET", "/api/activities/42"), None)
    assert json.loads(answer["body"])["settings"]["frozen"] is True
    answer = handler(event("PUT", "/api/activities/42/mutes/坏/人", {"seconds": 5}), None)
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (204, False)
    assert log.live[-1].to == "坏/人"
    assert len(built) == 1


def test_a_body_that_came_as_bytes_is_read(built: list[ApiParts], log: MemoryLog) -> None:
    raw = event("POST", "/api/activities/42/notices")
    raw |= {"body": "eyJuYW1lIjogIm4ifQ==", "isBase64Encoded": True}
    assert handler(raw, None)["statusCode"] == 201
    assert log.live[0].name == "n"


def test_without_a_token_the_header_that_says_so_comes_along(built: list[ApiParts]) -> None:
    answer = handler(event("GET", "/api/activities", headers={"X-Nothing": ""}), None)
    assert (answer["statusCode"], answer["headers"]["www-authenticate"]) == (401, "Bearer")
    assert json.loads(answer["body"])["error"] == "unauthorized"
    assert built == []


@pytest.mark.parametrize("user", ["a%2Fb", "%41", "100%", "a/b", "a?b#c", "坏人", "a+b", "a%00b"])
def test_a_path_that_came_decoded_is_not_decoded_once_more(built: list[ApiParts], log: MemoryLog, user: str) -> None:
    answer = handler(event("PUT", f"/api/activities/42/mutes/{user}", {"seconds": 5}), None)
    assert answer["statusCode"] == 204
    assert [event.to for event in log.live] == [user]
