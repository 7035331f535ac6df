"""The Runtime API: one execution environment gets its events here, and returns results.

Faithful: paths, headers, status codes and the 6 MB limit of a response. Not faithful: extensions, the telemetry API,
SnapStart's restore calls and response streaming are missing (404).
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Protocol, cast

import httptools

MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100  # Lambda's own figure: 6291556
_PREFIX = "/2018-06-01/runtime/"
_TOO_LARGE = (
    b'{"errorMessage":"Exceeded maximum allowed payload size (6291556 bytes).","errorType":"RequestEntityTooLarge"}'
)
_UNKNOWN_REQUEST = b'{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}'


class Environment(Protocol):
    """The execution environment that the Runtime API serves, and what it learns. Bodies are JSON, unparsed."""

    def runtime_waits(self) -> None:
        """The runtime asks for the next event: it is idle."""

    def runtime_answered(self, request_id: str, body: bytes) -> bool:
        """The function has returned `body`. False: there is no such request."""

    def runtime_failed(self, request_id: str, body: bytes) -> bool:
        """The function has raised; `body` has errorType and errorMessage. False: there is no such request."""

    def init_failed(self, body: bytes) -> None:
        """The function could not be imported; `body` as in `runtime_failed`."""


class RuntimeApi:
    """One listening port of the loopback address for each environment."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.address = ""
        self.connections: set[_Connection] = set()
        self.waiting: _Connection | None = None
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; afterwards `address` is the value of AWS_LAMBDA_RUNTIME_API."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        self.address = f"{host}:{port}"

    def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in tuple(self.connections):
            connection.close()

    def send(self, event: bytes, headers: Mapping[str, str]) -> None:
        """Answer the pending `next`. If the runtime is gone, the end of its process shows that."""
        connection, self.waiting = self.waiting, None
        if connection is not None:
            connection.reply(HTTPStatus.OK, event, headers)

    def request(self, connection: "_Connection", method: str, path: str, body: bytes) -> None:
        """Reply to one request of the runtime; `next` gets its reply from `send`."""
        call = (method, path.removeprefix(_PREFIX)) if path.startswith(_PREFIX) else ("", "")
        match call[0], call[1].split("/"):
            case "GET", ["invocation", "next"]:
                self.waiting = connection
                self.environment.runtime_waits()
            case "POST", ["invocation", request_id, "response"]:
                known = self.environment.runtime_answered(request_id, body)
                if known and len(body) > MAX_RESPONSE_BYTES:
                    connection.reply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _TOO_LARGE)
                else:
                    connection.acknowledge(known)
            case "POST", ["invocation", request_id, "error"]:
                connection.acknowledge(self.environment.runtime_failed(request_id, body))
            case "POST", ["init", "error"]:
                connection.acknowledge(True)
                self.environment.init_failed(body)
            case _:
                connection.reply(HTTPStatus.NOT_FOUND, b"404 page not found\n")


class _Connection(asyncio.Protocol):
    """One keep-alive HTTP/1.1 connection. httptools has no limit for headers: an X-Ray cause may be 1 MB."""

    def __init__(self, api: RuntimeApi) -> None:
        self._api = api
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.WriteTransport | None = None
        self._path = b""
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._api.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._api.connections.discard(self)
        if self._api.waiting is self:
            self._api.waiting = None

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self.close()

    def on_message_begin(self) -> None:
        self._path = b""
        self._body = []

    def on_url(self, url: bytes) -> None:
        self._path += url  # it may come in parts

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        method = self._parser.get_method().decode("ascii")
        self._api.request(self, method, self._path.decode("latin-1"), b"".join(self._body))

    def acknowledge(self, known: bool) -> None:
        """Reply 202, or 400 for a request id that is not the current one."""
        if known:
            self.reply(HTTPStatus.ACCEPTED, b'{"status":"OK"}\n')
        else:
            self.reply(HTTPStatus.BAD_REQUEST, _UNKNOWN_REQUEST)

    def reply(self, status: HTTPStatus, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Write one response; it is lost if the connection is gone."""
        if self._transport is None:
            return
        lines = [f"HTTP/1.1 {status.value} {status.phrase}", "Content-Type: application/json"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        lines += [f"Content-Length: {len(body)}", "", ""]
        self._transport.write("\r\n".join(lines).encode("latin-1") + body)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
