"""Bodies that are none, sent to every route that takes one."""

import itertools
from dataclasses import replace

import httpx

from tests.functions.api.site import Site
from tests.functions.conftest import MemoryLog

TAKING_BODIES = [
    ("PATCH", "/api/activities/42"),
    ("POST", "/api/activities/42/notices"),
    ("PUT", "/api/activities/42/mutes"),
    ("PUT", "/api/activities/42/bans"),
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


async def test_a_body_that_is_none_is_a_bad_field_in_few_words(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for (method, path), (name, body) in itertools.product(TAKING_BODIES, BODIES.items()):
        answer = await client.request(method, path, content=body, headers={"Content-Type": "application/json"})
        case = (method, path, name)
        assert (answer.status_code, answer.json()["error"]) == (400, "bad_field"), case
        assert answer.json().keys() == {"error", "message"}, case
        assert len(answer.content) < 2000, case
        assert log.live == [], case


async def test_what_is_not_there_is_said_in_the_same_shape(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/nothing")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    answer = await client.post("/api/health")
    assert (answer.status_code, answer.json()["error"]) == (405, "not_allowed")


async def test_all_that_can_be_done_with_a_path_is_told_where_something_else_is_tried(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.options("/api/activities/42/bans")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, PUT")


async def test_of_many_problems_some_are_named_and_the_others_counted(client: httpx.AsyncClient) -> None:
    answer = await client.patch("/api/activities/42", json=dict.fromkeys("abcde", 1))
    assert answer.json()["message"].count("is unknown") == 3
    assert answer.json()["message"].endswith("; and 2 more")


async def test_a_mistake_of_ours_is_told_in_the_same_shape_without_its_trace(
    client: httpx.AsyncClient, site: Site
) -> None:
    site.parts = replace(site.parts, room=None)  # type: ignore[arg-type]
    answer = await client.get("/api/activities/42")
    assert (answer.status_code, answer.json()["error"]) == (500, "error")
    assert "Trace" not in answer.text
    assert "NoneType" not in answer.text
