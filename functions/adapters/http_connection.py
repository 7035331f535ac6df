"""One kept-alive HTTP/1.1 connection, for one request at a time."""

import asyncio
from dataclasses import dataclass
from typing import cast

import httptools

# A response is a few headers and an empty body.
BUFFER_BYTES = 4096
# As much of a response's body as is worth a log line.
BODY_BYTES = 500


class ConnectionDropped(Exception):
    """The server closed the connection. `answered`: it had begun to answer, so it has seen the request."""

    def __init__(self, *, answered: bool) -> None:
        super().__init__("the server closed the connection")
        self.answered = answered


@dataclass(frozen=True)
class Response:
    """A status and the beginning of the body."""

    status: int
    body: bytes


class HttpConnection(asyncio.BufferedProtocol):
    """Made by `loop.create_connection`; `request` may be called again when it has returned.

    It reads into a buffer of its own: to a plain Protocol asyncio hands 256 KB of fresh memory for each response.
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
        """Can another request be sent?"""
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
        timer = loop.call_later(timeout, self._time_out)
        self._transport.write(data)
        try:
            return await self._waiter
        except asyncio.CancelledError:
            self.close()  # a response that nobody waits for would be taken for the next request's
            raise
        finally:
            timer.cancel()
            self._waiter = None

    def close(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def _time_out(self) -> None:
        self._fail(TimeoutError("no response in time"))
        self.close()

    def _fail(self, error: Exception) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)

    # asyncio.BufferedProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to put the next bytes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes of a response."""
        try:
            self._parser.feed_data(self._buffer[:nbytes])
        except httptools.HttpParserError as error:
            self._fail(OSError(f"not HTTP: {error}"))
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        self._fail(ConnectionDropped(answered=self._answered))

    # httptools' callbacks

    def on_message_begin(self) -> None:
        """The first byte of a response."""
        self._answered = True

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if len(self._body) < BODY_BYTES:
            self._body += body[: BODY_BYTES - len(self._body)]

    def on_message_complete(self) -> None:
        """The response is whole."""
        if not self._parser.should_keep_alive():
            self.close()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(Response(self._parser.get_status_code(), self._body))
