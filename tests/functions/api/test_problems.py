"""What is wrong with a request is said in words of the API's own, for every route."""

import itertools
import re
from typing import Any

import httpx
import pytest

from functions.api.app import app
from tests.functions.api.bearers import bearing
from tests.functions.conftest import MemoryLog

TAKING_BODIES = [
    (method.upper(), path.format(activityId=42, seq=17), operation["requestBody"]["content"]["application/json"])
    for path, operations in app.openapi()["paths"].items()
    for method, operation in operations.items()
    if "requestBody" in operation
]
OTHER_TYPES = (
    None, "", "text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "application/octet-stream", "a/b; ,", "é/json", "json", "application/json,application/json",
)  # fmt: skip
JSON_TYPES = ("application/json", "Application/JSON", "application/json; charset=utf-8", "application/problem+json")
# Of Pydantic and FastAPI: "Input should be", "Field required", "Extra inputs are not permitted" and the like.
PROSE = re.compile(r"Input|should|required|permitted|valid |Value error|JSON decode|parsing|pydantic", re.IGNORECASE)
ODD: list[Any] = [None, True, 0, -1, 1.5, 10**30, "", "x", "x" * 10_000, "1", "\0", "a\nb", [], [None], {}, {"a": {}}]


def test_there_are_routes_that_take_bodies() -> None:
    assert len(TAKING_BODIES) >= 6
    assert {method for method, *_ in TAKING_BODIES} == {"PATCH", "POST", "PUT"}


@pytest.mark.parametrize("content", [b"", b'{"userId": "alice", "seconds": 5, "name": "n"}', b"{", b"[]"])
async def test_a_body_without_the_content_type_is_told_what_to_send(
    client: httpx.AsyncClient, log: MemoryLog, content: bytes
) -> None:
    for (method, path, _), content_type in itertools.product(TAKING_BODIES, OTHER_TYPES):
        headers = [] if content_type is None else [(b"Content-Type", content_type.encode())]
        answer = await client.request(method, path, content=content, headers=headers)
        assert answer.status_code == 400, (method, path, content_type)
        said = {"error": "bad_field", "message": "send Content-Type: application/json"}
        assert answer.json() == said, (method, path, content_type)
        assert log.live == [], (method, path, content_type)


async def test_every_spelling_of_the_content_type_is_taken(client: httpx.AsyncClient) -> None:
    for (method, path, described), content_type in itertools.product(TAKING_BODIES, JSON_TYPES):
        request = client.build_request(method, path, json=described["example"])
        request.headers["Content-Type"] = content_type
        if path.endswith("/place"):  # for viewers alone
            request.headers.update(bearing(activity_id=42))
        assert (await client.send(request)).is_success, (method, path, content_type)


async def test_a_route_that_takes_no_body_asks_for_no_content_type(client: httpx.AsyncClient) -> None:
    answer = await client.request("DELETE", "/api/activities/42/mutes?userId=alice", content=b"x")
    assert answer.status_code == 204
    answer = await client.request("DELETE", "/api/activities/42/mutes", content=b"x")
    assert answer.json()["message"] == "query.userId: is missing"


async def test_no_field_of_no_body_is_refused_in_the_librarys_words(client: httpx.AsyncClient) -> None:
    refused = 0
    for method, path, described in TAKING_BODIES:
        example: dict[str, Any] = described["example"]
        bodies: list[Any] = [*ODD, *({**example, name: odd} for name in example for odd in ODD)]
        bodies += [{k: v for k, v in example.items() if k != name} for name in example]
        bodies += [{**example, name: 1} for name in ("further", "a\nb", "\x1b[31m", "x" * 500, "")]
        bodies += [{**example, name: [odd]} for name in example for odd in ODD]
        for body in bodies:
            # `json=None` would send nothing at all.
            sent = (
                {"content": b"null", "headers": {"Content-Type": "application/json"}}
                if body is None
                else {"json": body}
            )
            answer = await client.request(method, path, **sent)
            assert answer.status_code < 500, (method, path, body)
            if answer.status_code == 400:
                refused += 1
                message: str = answer.json()["message"]
                assert not PROSE.search(message), (method, path, message)
                assert message.isprintable(), (method, path, message)
                assert 5 < len(message) < 1300, (method, path, message)
    assert refused > 200


QUERIES = [
    ("/api/activities/42/users?limit=0", "query.limit: must be at least 1"),
    ("/api/activities/42/users?limit=201", "query.limit: must be at most 200"),
    ("/api/activities/42/users?limit=x", "query.limit: must be an integer"),
    ("/api/activities/42/users?limit=1.5", "query.limit: must be an integer"),
    ("/api/activities/42/users?limit=", "query.limit: must be an integer"),
    (f"/api/activities/42/users?cursor={'x' * 513}", "query.cursor: must have at most 512 characters"),
    ("/api/activities?cursor=-1", "query.cursor: must be at least 0"),
    (f"/api/activities/42/messages?before={2**60}", f"query.before: must be at most {2**53 - 1}"),
]


async def test_what_a_query_may_hold_is_said_in_the_apis_words(client: httpx.AsyncClient) -> None:
    for path, message in QUERIES:
        answer = await client.get(path)
        assert (answer.status_code, answer.json()) == (400, {"error": "bad_field", "message": message}), path


BODIES: list[tuple[str, str, bytes, str]] = [
    ("PUT", "/api/activities/42/mutes", b'{"userId": "a"}', "body.seconds: is missing"),
    ("PUT", "/api/activities/42/mutes", b'{"userId": "a", "seconds": "5"}', "body.seconds: must be an integer"),
    ("PUT", "/api/activities/42/mutes", b'{"userId": "a", "seconds": 0}', "body.seconds: must be at least 1"),
    ("PUT", "/api/activities/42/mutes", b'{"userId": "a", "seconds": 5, "x": 1}', "body.x: is unknown"),
    ("PUT", "/api/activities/42/mutes", b'{"userId": "a", "seconds": 5, "a\\nb": 1}', "body.a?b: is unknown"),
    ("PUT", "/api/activities/42/mutes", b"{", "body: must be JSON"),
    ("PUT", "/api/activities/42/mutes", b"\xff", "body: must be JSON"),
    ("PUT", "/api/activities/42/mutes", b"", "body: is missing"),
    ("PUT", "/api/activities/42/mutes", b"[]", "body: must be an object"),
    ("PATCH", "/api/activities/42", b'{"frozen": 1}', "body.frozen: must be true or false"),
    ("POST", "/api/activities/42/notices", b'{"name": ""}', "body.name: must have at least 1 characters"),
    ("POST", "/api/activities/42/notices", b'{"name": 1}', "body.name: must be a text"),
    ("PUT", "/api/words", b'{"mask": {}, "reject": []}', "body.mask: must be a list"),
    (
        "POST",
        "/api/tokens",
        b'{"activityId": 1, "userId": "a", "name": "A", "caps": ["fly"]}',
        "body.caps.0: must be 'chat', 'like', 'moderate', 'publish' or 'admin'",
    ),
]


async def test_what_a_body_may_hold_is_said_in_the_apis_words(client: httpx.AsyncClient) -> None:
    for method, path, content, message in BODIES:
        answer = await client.request(method, path, content=content, headers={"Content-Type": "application/json"})
        assert answer.json() == {"error": "bad_field", "message": message}, (method, path, content)


async def test_what_a_header_may_hold_is_said_in_the_apis_words(client: httpx.AsyncClient) -> None:
    for key, message in (("a b", "must match ^[!-~]+$"), ("x" * 65, "must have at most 64 characters")):
        answer = await client.delete("/api/activities/42/messages/17", headers={"Idempotency-Key": key})
        assert answer.json()["message"] == f"header.Idempotency-Key: {message}"
