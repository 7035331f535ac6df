"""uvicorn, as API Gateway serves: one port for WebSockets and HTTP."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn

from local.aws.websocket_protocol import WebSocketProtocol
from local.router import Asgi

# A WebSocket message, and one frame of it, are at most so long at API Gateway.
MESSAGE_BYTES, FRAME_BYTES = 128 * 1024, 32 * 1024


@contextlib.asynccontextmanager
async def serve(app: Asgi, listener: socket.socket) -> AsyncIterator[None]:
    """Serve `app` while the context is entered."""
    server = _Server(
        uvicorn.Config(
            app,
            ws=WebSocketProtocol,
            http="httptools",
            ws_max_size=(MESSAGE_BYTES, FRAME_BYTES),  # type: ignore[arg-type]  # handed on to websockets, which takes both
            # API Gateway neither compresses nor pings.
            ws_per_message_deflate=False,
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


def _is_news(record: logging.LogRecord) -> bool:
    """Uvicorn takes a handshake that is refused with a status of its own for a mistake of the application."""
    return record.getMessage() != "ASGI callable returned without completing handshake."


logging.getLogger("uvicorn.error").addFilter(_is_news)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the command line: there are more parts to stop than this one."""
        yield
