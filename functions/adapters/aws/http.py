"""Kept-alive HTTP/1.1 connections to one server.

A request takes an idle connection out of the pool, or opens a new one, and puts it back after the response. So the pool
grows to as many connections as there are requests at once. They are kept, because opening one costs round trips and,
over TLS, a handshake. A kept connection can fail in two ways that a fresh one cannot:

- The server has closed it, while the function was frozen or in a race with our request. Then it ends before the first
  byte of a response, and the request is sent once more, on a fresh connection. In rare cases the server gets the
  request twice, which is safe: viewers drop a repeated frame by its seq. After the first byte there is no retry.
- A NAT gateway or a firewall has forgotten it. Nobody tells us, and the request times out. There is no time left for a
  retry. But the other idle connections are probably dead too, and the next requests must not wait for them.
"""

import asyncio
import ssl
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast
from urllib.parse import urlsplit

import httptools

# Responses are small: a few headers, and an empty body or a short JSON text. A larger one takes several reads.
BUFFER_BYTES = 4096
# The next address of the server is tried too if the first has not answered within this time (RFC 8305).
RACE_SECONDS = 0.25


class ConnectionDropped(Exception):
    """The server closed the connection. If it had `answered` some bytes, it has seen the request."""

    def __init__(self, *, answered: bool) -> None:
        super().__init__("the server closed the connection")
        self.answered = answered


@dataclass(frozen=True)
class Response:
    """The status and the whole body."""

    status: int
    body: bytes


class HttpPool:
    """Connections to the server of `url`, http or https. Opening one and each response may take `seconds`."""

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None, seconds: float) -> None:
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError(f"{url!r} is not an http or https address")
        self.authority = address.netloc
        self._is_https, self._given_tls = address.scheme == "https", tls
        self._host = address.hostname
        self._port = address.port or (443 if self._tls else 80)
        self._seconds = seconds
        self._idle: list[_HttpConnection] = []

    @cached_property
    def _tls(self) -> ssl.SSLContext | None:
        # To read the certificates takes 20 ms, and most environments of some functions never send a request.
        return (self._given_tls or ssl.create_default_context()) if self._is_https else None

    async def send(self, request: bytes) -> Response:
        """Send a whole request and return its response; raises OSError, TimeoutError or ConnectionDropped."""
        connection = await self._take()
        try:
            response = await connection.request(request, timeout=self._seconds)
        except TimeoutError:
            # A reused connection timed out, so the network path is probably dead. Drop the other idle connections too.
            if connection.requests > 1:
                await self.close()
            raise
        except ConnectionDropped as dropped:
            if dropped.answered or connection.requests == 1:
                raise
            connection = await self._open()
            response = await connection.request(request, timeout=self._seconds)
        if connection.is_open:
            self._idle.append(connection)
        return response

    async def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _take(self) -> "_HttpConnection":
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return await self._open()

    async def _open(self) -> "_HttpConnection":
        loop = asyncio.get_running_loop()
        # In a network without NAT the server's IPv4 addresses never answer, and a request cannot wait for each of them.
        # uvloop has no such option; functions do not run on it.
        race: dict[str, Any] = {"happy_eyeballs_delay": RACE_SECONDS} if isinstance(loop, asyncio.BaseEventLoop) else {}
        async with asyncio.timeout(self._seconds):
            _, connection = await loop.create_connection(_HttpConnection, self._host, self._port, ssl=self._tls, **race)
        return connection


class _HttpConnection(asyncio.BufferedProtocol):
    """One connection, for one request at a time. `requests` counts them.

    It reads into a buffer of its own: for a plain Protocol asyncio allocates 256 KB for each response.
    """

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._buffer = memoryview(bytearray(BUFFER_BYTES))
        self._waiter: asyncio.Future[Response] | None = None
        self._body = b""
        self._answered = False
        self.requests = 0

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def request(self, data: bytes, *, timeout: float) -> Response:
        """Send a whole request and return its response.

        Raises ConnectionDropped, or TimeoutError after `timeout` seconds, which closes the connection.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionDropped(answered=False)
        loop = asyncio.get_running_loop()
        self._waiter, self._answered, self._body = loop.create_future(), False, b""
        self.requests += 1
        timer = loop.call_later(timeout, self._fail, TimeoutError("no response in time"))
        self._transport.write(data)
        try:
            return await self._waiter
        except asyncio.CancelledError:
            self.close()  # or the late response would be taken for that of the next request
            raise
        finally:
            timer.cancel()
            self._waiter = None

    def close(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def _fail(self, error: Exception) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)
        self.close()

    # Called by asyncio:

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        try:
            self._parser.feed_data(self._buffer[:nbytes])
        except httptools.HttpParserError as error:
            self._fail(OSError(f"not HTTP: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(ConnectionDropped(answered=self._answered))

    # Called by httptools:

    def on_message_begin(self) -> None:
        self._answered = True

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive():
            self.close()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(Response(self._parser.get_status_code(), self._body))
