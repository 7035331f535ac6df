"""The connections API in trouble: what the relay POSTs to some of the viewers does not arrive, or is answered late."""

import asyncio
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

from local.app import Emulator
from local.aws.asgi import Asgi, Message, Receive, Scope, Send, respond
from local.aws.function import Invoke
from local.deployment import Servers
from local.router import Router

# The relay waits for less.
LATE_SECONDS = 4.0
OF_HUNDRED = 30

Trouble = Literal["throttled", "late"]


class TroubledPosts:
    """Stands before the connections API. `throttled`: 429, and nothing arrives. `late`: all arrives, and the answer
    takes LATE_SECONDS."""

    def __init__(self, api: Asgi) -> None:
        self._api = api
        self._trouble: Trouble | None = None
        self._salt = 0

    @contextmanager
    def trouble(self, kind: Trouble, salt: int) -> Iterator[None]:
        """For as long as the block runs, a share of the connections is in trouble; `salt` decides which."""
        self._trouble, self._salt = kind, salt
        try:
            yield
        finally:
            self._trouble = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        trouble = self._trouble if scope["method"] == "POST" and self._is_chosen(scope["path"]) else None
        if trouble == "throttled":
            await respond(send, 429, [(b"x-amzn-errortype", b"LimitExceededException")])
        elif trouble == "late":
            await self._api(scope, receive, _late(send))
        else:
            await self._api(scope, receive, send)

    def _is_chosen(self, path: str) -> bool:
        return zlib.crc32(f"{self._salt} {path}".encode()) % 100 < OF_HUNDRED


def _late(send: Send) -> Send:
    async def send_late(message: Message) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(LATE_SECONDS)
        await send(message)

    return send_late


class TroubledEmulator(Emulator):
    """An emulator whose connections API can get into trouble."""

    posts: TroubledPosts

    def _router(self, invoke: Invoke, servers: Servers) -> Router:
        router = super()._router(invoke, servers)
        self.posts = TroubledPosts(router.connections)
        return replace(router, connections=self.posts)
