"""Bodies that are none, sent to every route that takes one."""

import httpx
import pytest

from functions.api.app import app
from functions.api.parts import api_parts
from tests.functions.conftest import MemoryLog

TAKING_BODIES = [
    ("PATCH", "/api/activities/42"),
    ("POST", "/api/activities/42/notices"),
    ("PUT", "/api/activities/42/mutes/alice"),
    ("PUT", "/api/activities/42/bans/alice"),
    ("PUT", "/api/words"),
    ("POST", "/api/tokens"),
]
TEN_MEGABYTES = 10 * 1024 * 1024

BODIES = {
    "no json": b"{",
    "no json at all": b"seconds=60",
    "not utf-8": b'{"name": "\xff"}',
    "nested as deep as it may be large": b"[" * TEN_MEGABYTES,
    "nested objects": b'{"data":' * (TEN_MEGABYTES // 8),
    "nested and whole": b"[" * 100_000 + b"]" * 100_000,
    "nan": b'{"seconds": NaN, "slowModeSeconds": NaN, "mask": NaN}',
    "infinity": b'{"seconds": Infinity, "slowModeSeconds": -Infinity}',
    "beyond infinity": b'{"seconds": 1e400, "slowModeSeconds": 1e400}',
    "a number too long to read": b'{"seconds": ' + b"9" * 5000 + b"}",
    "a large number": b'{"seconds": ' + b"9" * 4000 + b', "slowModeSeconds": 99999999999999999999}',
    "surrogates": rb'{"\ud800": "\ud800", "name": "\ud800", "mask": ["\ud800"], "reject": []}',
    "many unknown fields": b"{" + b",".join(b'"f%d":1' % n for n in range(100_000)) + b"}",
    "a long field": b'{"' + b"x" * 1_000_000 + b'": 1}',
    "a list": b"[]",
    "a string": b'"hello"',
    "a number": b"1",
    "zero bytes": b"\x00\x00",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize(("method", "path"), TAKING_BODIES, ids=str)
async def test_a_body_that_is_none_is_a_bad_field_in_few_words(
    client: httpx.AsyncClient, log: MemoryLog, method: str, path: str, body: bytes
) -> None:
    answer = await client.request(method, path, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_field")
    assert answer.json().keys() == {"error", "message"}
    assert len(answer.content) < 2000
    assert log.live == []


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "a/b; ,", "é/json"])
@pytest.mark.parametrize(("method", "path"), TAKING_BODIES, ids=str)
async def test_a_body_of_another_type_is_a_bad_field(
    client: httpx.AsyncClient, log: MemoryLog, method: str, path: str, content_type: str
) -> None:
    headers = {"Content-Type": content_type.encode()}
    answer = await client.request(method, path, content=b'{"name": "n", "seconds": 5}', headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["error"]) == (400, "bad_field")
    assert log.live == []


async def test_what_is_not_there_is_said_in_the_same_shape(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/nothing")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    answer = await client.post("/api/health")
    assert (answer.status_code, answer.json()["error"]) == (405, "not_allowed")


async def test_all_that_can_be_done_with_a_path_is_told_where_something_else_is_tried(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.options("/api/activities/42/bans/a/b")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, PUT")


async def test_of_many_problems_some_are_named_and_the_others_counted(client: httpx.AsyncClient) -> None:
    answer = await client.patch("/api/activities/42", json=dict.fromkeys("abcde", 1))
    assert answer.json()["message"].count("Extra inputs") == 3
    assert answer.json()["message"].endswith("; and 2 more")


async def test_a_mistake_of_ours_is_told_in_the_same_shape_without_its_trace(client: httpx.AsyncClient) -> None:
    app.dependency_overrides[api_parts] = lambda: None
    answer = await client.get("/api/activities/42")
    assert (answer.status_code, answer.json()["error"]) == (500, "error")
    assert "Trace" not in answer.text
    assert "NoneType" not in answer.text
