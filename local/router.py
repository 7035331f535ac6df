"""Which part answers a request: on AWS each has an address of its own, here one port serves all."""

import json
from collections.abc import Callable, Mapping
from typing import Protocol

from functions.manifest import STAGE
from local.aws.asgi import Receive, Scope, Send, respond
from local.aws.gateway import upgrade_required


class Asgi(Protocol):
    """An ASGI application."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection or request."""
        ...


class Router:
    """An ASGI application. `health` tells whether each part is up, by name."""

    def __init__(
        self,
        *,
        gateway: Asgi,
        connections: Asgi,
        http_api: Asgi,
        page: Asgi,
        mint: Asgi,
        archive: Asgi,
        metrics: Asgi,
        health: Callable[[], Mapping[str, bool]],
    ) -> None:
        self._gateway = gateway
        self._connections = connections
        self._http_api = http_api
        self._page = page
        self._mint = mint
        self._archive = archive
        self._metrics = metrics
        self._health = health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on a WebSocket or an HTTP request by its path."""
        if scope["type"] == "websocket":
            await self._gateway(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope["path"])(scope, receive, send)

    def _http(self, path: str) -> Asgi:
        if path.startswith(f"/{STAGE}/@connections"):
            return self._connections
        if path == f"/{STAGE}" or path.startswith(f"/{STAGE}/"):
            return upgrade_required
        if path == "/api" or path.startswith("/api/"):
            return self._http_api
        ours: dict[str, Asgi] = {
            "/_local/archive": self._archive,
            "/_local/health": self._answer_health,
            "/_local/metrics": self._metrics,
            "/_local/token": self._mint,
        }
        return ours.get(path, self._page)

    async def _answer_health(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = dict(self._health())
        ready = all(parts.values())
        body = json.dumps({"ready": ready, "parts": parts}).encode()
        await respond(send, 200 if ready else 503, [(b"content-type", b"application/json")], body)
