"""The handler, as API Gateway calls it."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from functions.adapters.redis.admission_state import AdmissionState
from functions.adapters.redis.client import connect
from functions.adapters.redis.kept_answers import KeptAnswers
from functions.adapters.redis.moderation_state import ModerationState
from functions.adapters.redis.platform_bans import PlatformBans
from functions.adapters.redis.properties_state import PropertiesState
from functions.adapters.redis.room_state import RoomState
from functions.adapters.redis.words import Words
from functions.api.app import main
from functions.api.parts import ApiParts, ArchiveParts
from functions.parts import MessageParts
from functions.rooms.answers import Rate
from functions.runtime.entry import Entry, JsonObject
from functions.runtime.settings import Settings
from functions.usecases.admission import Admission
from local.aws.http_payload import HttpApiConfig, http_event
from local.aws.payloads import Occasion
from tests.functions.api.bearers import TOKENS, bearing
from tests.functions.conftest import MemoryLog
from tests.functions.fake_connections import FakeConnections

API = HttpApiConfig(account_id="0", api_id="a", domain_name="rooms", path="/api/{proxy+}", function="api")
RATE = Rate(burst=5, per_second=1)
ENVIRONMENT = {
    "REDIS_URL": "redis://127.0.0.1:1",
    "KAFKA_BOOTSTRAP": "127.0.0.1:1",
    "CONNECTIONS_URL": "http://127.0.0.1:1",
    "TABLE": "rooms",
    "TOKEN_SECRET": "keys",
}


class Handler:
    """The API's entry, with parts of the test's own. `built`: those that it has made so far."""

    def __init__(self, redis_url: str, log: MemoryLog, archive: ArchiveParts) -> None:
        self.redis = connect(redis_url)
        self.log = log
        self.archive = archive
        self.built: list[ApiParts] = []
        self._entry = Entry("api", main, self.build)

    async def build(self, settings: Settings) -> ApiParts:
        room = MessageParts(
            state=RoomState(self.redis, heartbeat_seconds=60),
            log=self.log,
            chat_rate=RATE,
            other_rate=RATE,
            words=Words(self.redis),
            bans=PlatformBans(self.redis),
        )
        parts = ApiParts(
            shows_docs=True,
            room=room,
            moderation=ModerationState(self.redis),
            rooms=AdmissionState(self.redis),
            properties=PropertiesState(self.redis),
            connections=FakeConnections(),
            archive=self.archive,
            words=room.words,
            bans=room.bans,
            admission=Admission(mode="token", tokens=TOKENS),
            answers=KeptAnswers(self.redis),
        )
        self.built.append(parts)
        return parts

    def __call__(self, event: JsonObject) -> JsonObject:
        answer: JsonObject = self._entry(event, None)
        return answer

    def end(self) -> None:
        """Close the client in the loop that it lives in, and then the loop."""
        loop = self._entry._loop
        assert loop is not None
        loop.run_until_complete(self.redis.aclose())
        loop.close()


@pytest.fixture
def handler(
    clean_redis: str, log: MemoryLog, empty_archive: ArchiveParts, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Handler]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    handler = Handler(clean_redis, log, empty_archive)
    yield handler
    handler.end()


def event(method: str, address: str, body: Any = None, headers: dict[str, str] | None = None) -> dict[str, Any]:
    path, _, query = address.partition("?")
    sent = {"content-type": "application/json", **{k.lower(): v for k, v in (headers or bearing()).items()}}
    scope = {
        "method": method,
        "query_string": query.encode(),
        "http_version": "1.1",
        "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
        "client": ("127.0.0.1", 1),
    }
    content = b"" if body is None else json.dumps(body).encode()
    occasion = Occasion(request_id="r", now_ms=0)
    return http_event(API, occasion, scope, content, path=path, trace="t")


def test_requests_become_responses_one_after_another_on_the_same_clients(handler: Handler, log: MemoryLog) -> None:
    answer = handler(event("PATCH", "/api/activities/42", {"frozen": True}))
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (200, "application/json")
    answer = handler(event("GET", "/api/activities/42"))
    assert json.loads(answer["body"])["settings"]["frozen"] is True
    answer = handler(event("PUT", "/api/activities/42/mutes", {"userId": "坏/人", "seconds": 5}))
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (204, False)
    assert log.live[-1].to == "坏/人"
    assert len(handler.built) == 1


def test_a_body_that_came_as_bytes_is_read(handler: Handler, log: MemoryLog) -> None:
    raw = event("POST", "/api/activities/42/notices")
    raw |= {"body": "eyJuYW1lIjogIm4ifQ==", "isBase64Encoded": True}
    assert handler(raw)["statusCode"] == 201
    assert log.live[0].name == "n"


def test_without_a_token_the_header_that_says_so_comes_along(handler: Handler) -> None:
    answer = handler(event("GET", "/api/activities", headers={"X-Nothing": ""}))
    assert (answer["statusCode"], answer["headers"]["www-authenticate"]) == (401, "Bearer")
    assert json.loads(answer["body"])["error"] == "unauthorized"


def test_a_path_that_came_decoded_is_not_decoded_once_more(handler: Handler) -> None:
    for path in ("/api/activities/%34%32", "/api/%68ealth", "/api/health%2F", "/api/health%3F"):
        assert handler(event("GET", path))["statusCode"] in (400, 404), path


def test_the_user_of_a_query_is_the_one_who_was_sent(handler: Handler, log: MemoryLog) -> None:
    users = ["amy?x", "a%2Fb", "%41", "100%", "a/b", "a?b#c", "坏人", "a+b", "a b", "a&userId=amy", "a=b;c", "a%00b"]
    for user in users:
        assert handler(event("PUT", "/api/activities/42/mutes", {"userId": user, "seconds": 5}))["statusCode"] == 204
        answer = handler(event("DELETE", f"/api/activities/42/mutes?{urlencode({'userId': user})}"))
        assert answer["statusCode"] == 204, user
    assert [event.to for event in log.live] == [user for user in users for _ in range(2)]
