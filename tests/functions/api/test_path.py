"""Paths that are none, and odd spellings of those that there are: for every path of the description."""

import itertools
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import httpx

from functions.api.app import app
from tests.functions.api.bearers import bearing
from tests.functions.api.site import Site
from tests.functions.conftest import MemoryLog

NO_ROOMS = (
    "0",
    "x",
    "9007199254740992",
    "-1",
    "%00",
    "%F0%9F%8E%89",
    "1.5",
    "01",
    "1e1",
    "+1",
    "4_2",
    "%D9%A1",
    "%2042",
)
NO_SEQS = ("x", "-1", "9007199254740992", "%00", "01", "1.0", "+1", "1_7", "%2017", "17%20", "%D9%A1")

CALLS = [
    (method.upper(), path.format(activityId=42, seq=17))
    for path, operations in app.openapi()["paths"].items()
    for method in operations
] + [("GET", "/api/docs"), ("GET", "/api/openapi.json")]
# What would succeed if the path were not odd.
BODY = {"userId": "alice", "seconds": 60}


def misspelt(path: str) -> Iterator[str]:
    """Spellings of `path` that are not its own."""
    parts = path.split("/")
    for place in range(1, len(parts)):
        before, at, after = parts[:place], parts[place], parts[place + 1 :]
        for odd in ("", ".", "..", "%2E", "%2e%2E", "x/.."):
            yield "/".join([*before, odd, at, *after])
        if at != at.upper():
            yield "/".join([*before, at.upper(), *after])
            yield "/".join([*before, at.capitalize(), *after])
    yield from (path + end for end in ("/", "//", "%2F", "/.", "/..", "/%2e", "%0A", "%0D%0A", "/x/y/z"))
    # A number with something at its end is a number that is none, see below.
    if not path[-1].isdigit():
        yield from (path + end for end in ("%00", "%20", ".", ";", "%3Fuser", "%23", "s", "+", "%2500"))


class AsItIs(httpx.AsyncBaseTransport):
    """Sends the path that is in the header `X-Path`: httpx itself tidies paths up."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await self._site({**scope, "path": unquote(request.headers["X-Path"])}, receive, send)

        return await httpx.ASGITransport(app).handle_async_request(request)


async def test_each_path_has_one_spelling(site: Site, log: MemoryLog) -> None:
    client = httpx.AsyncClient(transport=AsItIs(site), base_url="http://rooms", headers=bearing())
    for method, path in CALLS:
        for odd in misspelt(path):
            answer = await client.request(method, "/", params={"userId": "alice"}, json=BODY, headers={"X-Path": odd})
            assert answer.status_code == 404, (method, odd)
            assert answer.json()["error"] == "not_found", (method, odd)
            assert log.live == [], (method, odd)


async def test_what_is_no_room_is_a_bad_field(client: httpx.AsyncClient) -> None:
    for activity_id, path in itertools.product(NO_ROOMS, ("", "/users")):
        answer = await client.get(f"/api/activities/{activity_id}{path}")
        assert answer.status_code == 400, (activity_id, path)
        message = "activityId must be an integer from 1 to 9007199254740991"
        assert answer.json() == {"error": "bad_field", "message": message}, (activity_id, path)


async def test_what_is_no_seq_is_a_bad_field(client: httpx.AsyncClient, log: MemoryLog) -> None:
    for seq in NO_SEQS:
        answer = await client.delete(f"/api/activities/42/messages/{seq}")
        message = "seq must be an integer from 0 to 9007199254740991"
        assert (answer.status_code, answer.json()["message"]) == (400, message), seq
    assert log.live == []


def test_no_path_holds_anything_but_numbers() -> None:
    for path, operations in app.openapi()["paths"].items():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                assert parameter["in"] != "path" or parameter["schema"]["type"] == "integer", path
