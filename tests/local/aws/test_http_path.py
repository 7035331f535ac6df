"""Paths that were sent to a live API, and what its function saw, as published."""

import asyncio

import pytest

from local.aws.http_path import BadPathError, handed_on
from tests.local.aws.serving import WAIT_SECONDS, Functions, Site

# https://github.com/hotsock/voker/blob/main/vokerhttp/testdata/ingress-paths.json
CAPTURED = [
    ("plain", "plain"),
    ("space%20value", "space value"),
    ("question%3Fvalue", "question"),
    ("percent%25done", None),
    ("hash%23value", "hash#value"),
    ("slash%2Fvalue", "slash/value"),
    ("unicode-%CE%BB-%E4%B8%96%E7%95%8C", "unicode-λ-世界"),
    ("literal%252Fvalue", "literal/value"),
    ("literal%253Fvalue", "literal?value"),
    ("literal%2525value", "literal%value"),
]
QUERY = "marker=path-probe&value=a%3Fb%25c%23d&repeat=one&repeat=two"


async def status_of(site: Site, target: str) -> int:
    """The status of a GET of `target`, sent as it is."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nConnection: close\r\n\r\n".encode())
    async with asyncio.timeout(WAIT_SECONDS):
        head = await reader.readuntil(b"\r\n")
    writer.close()
    return int(head.split()[1])


@pytest.mark.parametrize(("sent", "seen"), CAPTURED)
async def test_a_function_sees_what_was_captured(site: Site, functions: Functions, sent: str, seen: str | None) -> None:
    functions.answers["api"] = {"statusCode": 200}
    status = await status_of(site, f"/api/capture/{sent}?{QUERY}")
    if seen is None:
        assert (status, functions.of("api")) == (400, [])
        return
    (event,) = functions.of("api")
    assert status == 200
    assert event["rawPath"] == event["requestContext"]["http"]["path"] == f"/api/capture/{seen}"
    assert event["pathParameters"] == {"proxy": f"capture/{seen}"}
    assert event["rawQueryString"] == QUERY


async def test_what_is_cut_off_the_path_is_no_query(site: Site, functions: Functions) -> None:
    functions.answers["api"] = {"statusCode": 200}
    assert await status_of(site, "/api/users/amy%3Fx=1") == 200
    (event,) = functions.of("api")
    assert (event["rawPath"], event["rawQueryString"]) == ("/api/users/amy", "")
    assert "queryStringParameters" not in event


async def test_a_path_of_which_nothing_is_left_is_no_route(site: Site, functions: Functions) -> None:
    for target in ("/api/%3Fhealth", "/api%3F/health", "/api%2F"):
        assert await status_of(site, target) == 404, target
    assert functions.of("api") == []


@pytest.mark.parametrize("path", ["/a%25", "/a%2525%25", "/a%25zz", "/a%25%34", "/%", "/%zz", "/%f", "/%FF", "/%25FF"])
def test_a_path_that_cannot_be_decoded_is_refused(path: str) -> None:
    with pytest.raises(BadPathError):
        handed_on(path)


def test_a_query_is_cut_off_before_what_behind_it_could_be_refused() -> None:
    assert handed_on("/a%3F%25") == "/a"
    assert handed_on("/%2541%253F") == "/A?"
