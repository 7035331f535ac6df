import json
from collections.abc import Mapping

import pytest

from local.aws.asgi import Message, Receive, Scope, Send
from local.router import Router

PARTS = ("gateway", "connections", "http_api", "page", "mint", "archive", "metrics")


class Part:
    """An ASGI application that notes the paths it was given."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])


class Parts:
    """A router and the seven parts behind it."""

    def __init__(self, health: Mapping[str, bool]) -> None:
        self.gateway, self.connections, self.http_api, self.page, self.mint, self.archive = (Part() for _ in range(6))
        self.metrics = Part()
        self.router = Router(
            gateway=self.gateway,
            connections=self.connections,
            http_api=self.http_api,
            page=self.page,
            mint=self.mint,
            archive=self.archive,
            metrics=self.metrics,
            health=lambda: health,
        )

    async def request(self, kind: str, path: str) -> list[Message]:
        """What the router itself sends."""
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.router({"type": kind, "path": path, "method": "GET", "headers": []}, receive, send)
        return sent


@pytest.fixture
def parts() -> Parts:
    return Parts({"redis": True, "kafka": True})


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("/websocket/@connections/abc=", "connections"),
        ("/websocket/@connections", "connections"),
        ("/api/health", "http_api"),
        ("/api", "http_api"),
        ("/", "page"),
        ("/live.js", "page"),
        ("/apiary", "page"),
        ("/websockets", "page"),
        ("/_local", "page"),
        ("/_local/token", "mint"),
        ("/_local/token/", "page"),
        ("/_local/tokens", "page"),
        ("/_local/archive", "archive"),
        ("/_local/archives", "page"),
        ("/_local/metrics", "metrics"),
        ("/api/tokens", "http_api"),
    ],
)
async def test_a_request_goes_to_the_part_of_its_path(parts: Parts, path: str, part: str) -> None:
    assert await parts.request("http", path) == []
    assert {name: vars(parts)[name].paths for name in PARTS} == {
        **{name: [] for name in PARTS},
        part: [path],
    }


@pytest.mark.parametrize("path", ["/websocket", "/websocket/42/alice", "/elsewhere"])
async def test_every_websocket_goes_to_the_gateway(parts: Parts, path: str) -> None:
    await parts.request("websocket", path)
    assert parts.gateway.paths == [path]


@pytest.mark.parametrize("path", ["/websocket", "/websocket/42/alice"])
async def test_plain_http_to_the_websocket_is_told_to_upgrade(parts: Parts, path: str) -> None:
    assert (await parts.request("http", path))[0]["status"] == 426
    assert parts.gateway.paths == []


@pytest.mark.parametrize(("kafka", "status"), [(True, 200), (False, 503)])
async def test_health_is_200_once_every_part_is_up(*, kafka: bool, status: int) -> None:
    start, body = await Parts({"redis": True, "kafka": kafka}).request("http", "/_local/health")
    assert start["status"] == status
    assert json.loads(body["body"]) == {"ready": kafka, "parts": {"redis": True, "kafka": kafka}}


async def test_what_is_neither_http_nor_websocket_is_left_alone(parts: Parts) -> None:
    assert await parts.request("lifespan", "") == []
