"""uvicorn, as API Gateway serves: one port for WebSockets and HTTP.

Not known: whether API Gateway compresses (permessage-deflate; here it is never agreed to), with which code it closes a
client that breaks the WebSocket protocol (here that of RFC 6455: 1002, and 1007 for text that is not UTF-8), what it
answers to an upgrade request that is too large (here 431), and how long it waits for the rest of a request (here 30 s
from its beginning, or from when the connection was made; then it is closed).
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Any, cast
from urllib.parse import unquote

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode
from websockets.http11 import Request
from websockets.protocol import State

from local.aws.asgi import Asgi, Scope
from local.aws.direct import WRITE_TEXT, Direct, text_frame

logger = logging.getLogger(__name__)

# API Gateway's limits of a WebSocket message and of one frame.
MESSAGE_BYTES, FRAME_BYTES = 128 * 1024, 32 * 1024
REQUEST_SECONDS = 30.0
LINGER_SECONDS = 10.0  # how long a client that broke the protocol may take to close
_BODY = b'{"message": "Request Header Fields Too Large"}'
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)


@contextlib.asynccontextmanager
async def serve(
    app: Asgi, listener: socket.socket, *, request_seconds: float = REQUEST_SECONDS, direct: Sequence[Direct] = ()
) -> AsyncIterator[None]:
    """Serve `app` on `listener` while the context is entered; the first in `direct` that takes a request answers it
    instead. A request may take `request_seconds` to come."""
    server = _Server(
        uvicorn.Config(
            app,
            ws=_Protocol,
            http=partial(_Requests, seconds=request_seconds, direct=direct),  # type: ignore[arg-type]  # it makes a protocol
            ws_max_size=(MESSAGE_BYTES, FRAME_BYTES),  # type: ignore[arg-type]  # passed on to websockets, which accepts both
            # Whether API Gateway negotiates permessage-deflate is not known.
            ws_per_message_deflate=False,
            # No ping of API Gateway was ever seen.
            ws_ping_interval=None,
            lifespan="off",
            log_config=None,
            access_log=False,
            backlog=4096,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await task


def _is_error(record: logging.LogRecord) -> bool:
    """False for a handshake that the gateway refuses with a status of its own: uvicorn logs that as an error."""
    return record.getMessage() != "ASGI callable returned without completing handshake."


logging.getLogger("uvicorn.error").addFilter(_is_error)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the command line, which stops the other parts too."""
        yield


class _Requests(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which all connections begin with. It closes a connection whose request has not come as a
    whole after `seconds`, however the client spreads it. uvicorn itself waits without end.

    The time begins with the connection, later with the first byte after a response.
    """

    def __init__(self, *arguments: Any, seconds: float, direct: Sequence[Direct], **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._seconds = seconds
        self._direct = direct
        self._taken: Direct | None = None  # what answers this request
        self._body: list[bytes] = []  # of that request
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._begin()

    def data_received(self, data: bytes) -> None:
        # Empty lines before a request are no part of one.
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            self._begin()
        super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begin()

    def on_headers_complete(self) -> None:
        self._taken, self._body = self._takes(), []
        if self._taken is None:
            super().on_headers_complete()

    def _takes(self) -> Direct | None:
        """What answers this request without the application; None if nothing does. Its body is gathered then."""
        scope, length = cast(Scope, self.scope), self._length()
        cycle: RequestResponseCycle | None = self.cycle
        if length is None or self.expect_100_continue or self.flow.write_paused or self.parser.should_upgrade():
            return None
        if cycle and not cycle.response_complete:  # a pipelined request
            return None
        path, _, query = self.url.partition(b"?")
        method = self.parser.get_method().decode("ascii")
        scope.update(method=method, path=unquote(path.decode("latin-1")), raw_path=path, query_string=query)
        return next((direct for direct in self._direct if length <= direct.limit and direct.takes(scope)), None)

    def _length(self) -> int | None:
        """Of the body that follows; None if that is not told in advance."""
        told = [pair for pair in self.headers if pair[0] in (b"content-length", b"transfer-encoding")]
        if not told:
            return 0
        name, value = told[0]
        return int(value) if len(told) == 1 and name == b"content-length" else None

    def on_body(self, body: bytes) -> None:
        if self._taken is None:
            super().on_body(body)
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        self._end()
        if self._taken is None:
            super().on_message_complete()
            return
        answer = self._taken.answer(cast(Scope, self.scope), b"".join(self._body))
        self.transport.write(answer)
        if self.parser.should_keep_alive():
            self.on_response_complete()
        else:
            self.transport.close()

    def handle_websocket_upgrade(self) -> None:
        self._end()
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)

    def _begin(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(self._seconds, self.transport.close)

    def _end(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


class _Protocol(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol, with an answer to upgrade requests that are too large, and a line about who breaks
    the protocol.

    The websockets library reads no request line or header above 8 KB and no more than 128 headers. After such a request
    uvicorn neither answers nor closes. After a broken frame uvicorn forgets the messages that came with it, and resets
    the TCP connection if there is more to read, so that many a client never sees the close frame.
    """

    _failed = False

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:  # else there is no scope
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[WRITE_TEXT] = self.write_text

    def write_text(self, data: bytes) -> bool:
        """A WriteText. The websockets library need not know of the frame: it is not compressed, and no answer comes."""
        open_now = self.handshake_complete and not self.disconnected and not self.close_sent
        if not open_now or not self.writable.is_set() or self.conn.state is not State.OPEN:
            return False
        self.transport.write(text_frame(data))
        return True

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.handshake_initiated = True
            self.transport.write(_REFUSAL)
            self.transport.close()

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError as error:
                self.conn.fail(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    def handle_parser_exception(self) -> None:
        if self._failed:
            return
        self.handle_events()  # what came before the broken frame
        close = self.conn.close_sent
        if self.close_sent or close is None:
            # There was a close frame before, or there is no answer to the handshake yet.
            self.queue.put_nowait({"type": "websocket.disconnect", "code": CloseCode.ABNORMAL_CLOSURE})
            self.transport.close()
            return
        logger.warning("a client broke the WebSocket protocol, so it is closed with %d: %s", close.code, close.reason)
        self.queue.put_nowait({"type": "websocket.disconnect", "code": close.code, "reason": close.reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self._failed = self.close_sent = True
        self._linger()

    def _linger(self) -> None:
        """Take what else the client sends until it closes too, but for a while only."""
        self.transport.write_eof()
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)
