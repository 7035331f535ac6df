"""The gateway and the APIs beside it, served by uvicorn on a free port, with fake functions behind them."""

import asyncio
import base64
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from local.aws.asgi import Asgi, Receive, Scope, Send
from local.aws.connections_api import ConnectionsApi
from local.aws.function import JsonObject
from local.aws.gateway import Gateway, upgrade_required
from local.aws.gateway_config import GatewayConfig
from local.aws.http_api import HttpApi
from local.aws.http_payload import HttpApiConfig
from local.aws.sigv4 import Credentials
from local.aws.web_server import serve

WAIT_SECONDS = 10
CREDENTIALS = Credentials("AKIDLOCAL", "not-a-secret")
GOLDEN = Path(__file__).parent / "golden"
QUERY = "?activityId=42&username=alice"

Answer = Callable[[JsonObject], Awaitable[Any]]


def golden(name: str) -> JsonObject:
    """The golden event of that name."""
    event: JsonObject = json.loads((GOLDEN / f"{name}.json").read_text())
    return event


def allow(**context: Any) -> JsonObject:
    """What an authorizer returns to let everybody in."""
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "alice", "policyDocument": policy, "context": context}


@dataclass
class Functions:
    """An `invoke` that records events; `answers` holds a value, an exception or an async function for each."""

    answers: dict[str, Any] = field(default_factory=dict)
    events: list[tuple[str, JsonObject]] = field(default_factory=list)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, name: str, event: JsonObject) -> Any:
        async with self._changed:
            self.events.append((name, json.loads(json.dumps(event))))
            self._changed.notify_all()
        answer = self.answers.get(name)
        if isinstance(answer, Exception):
            raise answer
        return await answer(event) if callable(answer) else answer

    def of(self, name: str) -> list[JsonObject]:
        """The events the function has got so far."""
        return [event for called, event in self.events if called == name]

    async def called(self, name: str, times: int = 1) -> JsonObject:
        """The event of the call with that number, once it has come."""
        async with asyncio.timeout(WAIT_SECONDS), self._changed:
            await self._changed.wait_for(lambda: len(self.of(name)) >= times)
        return self.of(name)[times - 1]


@dataclass(frozen=True)
class Site:
    """Everything under one port."""

    port: int
    functions: Functions
    gateway: Gateway

    @property
    def ws(self) -> str:
        """The WebSocket address, without a query."""
        return f"ws://127.0.0.1:{self.port}/websocket"

    @property
    def http(self) -> str:
        """The address the connections API and the HTTP API are under."""
        return f"http://127.0.0.1:{self.port}"

    def open(self, path: str = QUERY, **options: Any) -> connect:
        """A client to be, compression off; await it or enter it."""
        return connect(f"{self.ws}{path}", compression=None, proxy=None, **options)

    async def opened(self, path: str = QUERY, **options: Any) -> tuple[ClientConnection, str]:
        """An open client and its connection id."""
        before = len(self.functions.of("connect"))
        client = await self.open(path, **options)
        event = await self.functions.called("connect", before + 1)
        connection_id: str = event["requestContext"]["connectionId"]
        return client, connection_id


def _application(gateway: Gateway, connections: ConnectionsApi, http: HttpApi) -> Asgi:
    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await gateway(scope, receive, send)
        elif "@connections" in scope["path"]:
            await connections(scope, receive, send)
        elif scope["path"].startswith("/api"):
            await http(scope, receive, send)
        else:
            await upgrade_required(scope, receive, send)

    return application


@asynccontextmanager
async def serving(
    functions: Functions,
    *,
    gateway_options: JsonObject,
    http_timeout_seconds: float = 30,
    request_seconds: float = 30,
    **config: Any,
) -> AsyncIterator[Site]:
    """Serve until the block ends; `config` goes to GatewayConfig."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    port = listener.getsockname()[1]
    name = f"127.0.0.1:{port}"
    gateway = Gateway(invoke=functions, config=GatewayConfig(domain_name=name, **config), **gateway_options)
    http_config = HttpApiConfig(
        domain_name=name,
        path="/api/{proxy+}",
        function="api",
        integration_timeout_seconds=http_timeout_seconds,
    )
    connections = ConnectionsApi(gateway=gateway, credentials=CREDENTIALS)
    http = HttpApi(invoke=functions, config=http_config)
    application = _application(gateway, connections, http)
    async with serve(application, listener, request_seconds=request_seconds, direct=[connections]):
        try:
            yield Site(port, functions, gateway)
        finally:
            await gateway.stop()


class RawClient:
    """A WebSocket client that is nothing but a TCP connection, for what a proper one would not do."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def handshake(
        cls, port: int, path: str = f"/websocket{QUERY}", headers: list[tuple[str, str]] | None = None
    ) -> tuple["RawClient", bytes]:
        """Connect and send the upgrade; the client and the head of the response."""
        client = await cls.request(port, path, headers)
        async with asyncio.timeout(WAIT_SECONDS):
            head = await client.reader.readuntil(b"\r\n\r\n")
        return client, head

    @classmethod
    async def request(
        cls, port: int, path: str = f"/websocket{QUERY}", headers: list[tuple[str, str]] | None = None
    ) -> "RawClient":
        """Connect and send the upgrade, without waiting for its response."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = [f"GET {path} HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket"]
        lines += [f"{name}: {value}" for name, value in headers or handshake_headers(port)]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        return cls(reader, writer)

    def send(self, opcode: int, payload: bytes, *, final: bool = True, claimed: int | None = None) -> None:
        """A masked frame; `claimed` is its length as the header says it, where that is not the payload's."""
        length = len(payload) if claimed is None else claimed
        head = bytes([opcode | (0x80 if final else 0)])
        if length < 126:
            head += bytes([0x80 | length])
        elif length < 65536:
            head += bytes([0xFE]) + length.to_bytes(2, "big")
        else:
            head += bytes([0xFF]) + length.to_bytes(8, "big")
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self.writer.write(head + mask + masked)

    async def frame(self) -> tuple[int, bytes]:
        """The next frame from the server, of less than 64 KB: opcode and payload."""
        async with asyncio.timeout(WAIT_SECONDS):
            first, length = await self.reader.readexactly(2)
            if length == 126:
                length = int.from_bytes(await self.reader.readexactly(2), "big")
            return first & 0x0F, await self.reader.readexactly(length)

    async def close(self, *, reset: bool = False) -> None:
        """Drop the TCP connection, without a close frame."""
        if reset:
            self.writer.transport.abort()
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


def handshake_headers(port: int) -> list[tuple[str, str]]:
    """The headers of the golden handshake, but for Connection and Upgrade."""
    return [
        ("Host", f"127.0.0.1:{port}"),
        ("Origin", "https://live.example.org"),
        ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
        ("Sec-WebSocket-Key", base64.b64encode(b"made up for test").decode()),
        ("Sec-WebSocket-Version", "13"),
        ("User-Agent", "golden/1.0"),
    ]


def shape(value: Any) -> Any:
    """Keys in their order and types, without the values."""
    if isinstance(value, dict):
        return [(key, shape(inner)) for key, inner in value.items()]
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value).__name__
