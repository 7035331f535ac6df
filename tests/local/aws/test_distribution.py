from typing import Any

import pytest

from local.aws.asgi import Receive, Scope, Send
from local.aws.distribution import Distribution, is_cached


def nothing(name: str, number: int) -> None:
    raise AssertionError(f"{name} was counted")


async def headers_after(secret: str, *headers: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """The headers with which a request comes to the APIs."""
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)

    async def anything(*_: object) -> Any:
        raise AssertionError

    scope = {"type": "http", "raw_path": b"/api/health", "headers": list(headers)}
    await Distribution(app, secret, count=nothing)(scope, anything, anything)
    ((found),) = scopes
    return list(found["headers"])


HOST, SECRET = (b"host", b"127.0.0.1:8000"), (b"x-live-rooms-edge", b"the secret")


async def test_a_secret_is_added_in_place_of_what_the_client_sent() -> None:
    assert await headers_after("", HOST) == [HOST]
    assert await headers_after("the secret", HOST) == [HOST, SECRET]
    assert await headers_after("the secret", (SECRET[0], b"guessed"), HOST) == [HOST, SECRET]
    assert await headers_after("the secret") == [SECRET]


async def test_a_request_to_an_apis_own_host_has_come_around_the_distribution() -> None:
    for host in (b"local.execute-api.localhost", b"a1b2.execute-api.us-east-1.amazonaws.com:8000"):
        assert await headers_after("the secret", (b"host", host)) == [(b"host", host)]


def test_only_paths_of_the_gallery_are_cached() -> None:
    for path, cached in (
        ("/gallery/42/key/7", True),
        ("/gallery/", True),
        ("/%67allery/42/key/7", True),
        ("/api/../gallery/42/key/7", True),
        ("/gallery/42/key/7%2F8", True),
        ("/gallery", False),
        ("/Gallery/42/key/7", False),
        ("/gallery%2F42/key/7", False),
        ("/galleryx/42", False),
        ("/gallery/../api/activities/42/place", False),
        ("/gallery/%2e%2E/api/activities/42/place", False),
        ("/api/activities/42/place", False),
        ("/api/gallery/42", False),
        ("", False),
        ("*", False),
    ):
        assert is_cached(path) == cached, path


@pytest.mark.parametrize("kind", ["lifespan", "websocket"])
async def test_what_is_no_request_of_http_is_passed_on(kind: str) -> None:
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)

    async def anything(*_: object) -> Any:
        raise AssertionError

    scope = {"type": kind} if kind == "lifespan" else {"type": kind, "raw_path": b"/gallery/1/k/2", "headers": []}
    await Distribution(app, "", count=nothing)(scope, anything, anything)
    assert scopes == [scope]


async def test_a_reader_of_the_gallery_is_answered_from_the_cache_with_the_secret_sent_along() -> None:
    scopes: list[Scope] = []
    sent: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=60")]})
        await send({"type": "http.response.body", "body": b"{}"})

    async def receive() -> Any:
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    counted: list[str] = []
    distribution = Distribution(app, "the secret", count=lambda name, number: counted.append(name))
    scope = {"type": "http", "method": "GET", "raw_path": b"/gallery/42/key/7", "headers": [HOST]}
    await distribution(scope, receive, send)
    await distribution(scope, receive, send)
    assert [SECRET in each["headers"] for each in scopes] == [True]
    assert [each["body"] for each in sent if "body" in each] == [b"{}", b"{}"]
    assert counted == ["CacheMisses", "OriginRequests", "CacheHits"]
    assert distribution.takes(scope)
    at_api = {**scope, "headers": [(b"host", b"local.execute-api.localhost")]}
    assert not distribution.takes(at_api), "whoever asks the API itself asks no cache"
    await distribution(at_api, receive, send)
    assert scopes[1] == at_api
