"""The pages and a room, which any ASGI application may play, behind one address."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from local.aws.asgi import Asgi, Receive, Scope, Send, respond
from local.pages import Pages


@asynccontextmanager
async def served(room: Asgi, pages: Asgi | None = None) -> AsyncIterator[str]:
    """The address while they are served: `pages`, or those that the emulator has. Every viewer takes a seat."""
    pages = pages or Pages()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await room(scope, receive, send)
        elif scope["path"].endswith("/place"):
            await respond(send, 200, [(b"content-type", b"application/json")], b'{"lane":"seat"}')
        else:
            await pages(scope, receive, send)

    config = uvicorn.Config(app, ws="websockets-sansio", lifespan="off", log_level="warning")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving
