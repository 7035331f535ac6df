"""Kept-alive connections to one server, as many as there are requests under way."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from functions.adapters.http_connection import ConnectionDropped, HttpConnection, Response

# An address that has not answered within this time is raced by the next one, as RFC 8305 has it.
RACE_SECONDS = 0.25


class HttpPool:
    """Connections to the server of `url`, http or https. `protocol` makes each; `seconds` are for an answer, and for
    a connection to open."""

    def __init__(
        self,
        url: str,
        *,
        protocol: Callable[[], HttpConnection] = HttpConnection,
        tls: ssl.SSLContext | None = None,
        seconds: float,
    ) -> None:
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise ValueError(f"{url!r} is not an http or https address")
        self.authority = address.netloc
        self._tls = (tls or ssl.create_default_context()) if address.scheme == "https" else None
        self._host = address.hostname
        self._port = address.port or (443 if self._tls else 80)
        self._protocol = protocol
        self._seconds = seconds
        self._idle: list[HttpConnection] = []

    async def send(self, request: bytes) -> Response:
        """Send a whole request, once more if a kept connection had died; raises OSError, TimeoutError or
        ConnectionDropped."""
        connection = await self._take()
        try:
            response = await connection.request(request, timeout=self._seconds)
        except TimeoutError:
            # Where the way to the server is cut without a word, the others that were kept are as deaf as this one.
            if connection.requests > 1:
                await self.close()
            raise
        except ConnectionDropped as dropped:
            # A kept connection may have died while the function was frozen; a fresh one has no such excuse.
            if dropped.answered or connection.requests == 1:
                raise
            connection = await self._open()
            response = await connection.request(request, timeout=self._seconds)
        if connection.is_open:
            self._idle.append(connection)
        return response

    async def _take(self) -> HttpConnection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        return await self._open()

    async def _open(self) -> HttpConnection:
        loop = asyncio.get_running_loop()
        # Without NAT a server's IPv4 addresses answer nothing, and a request cannot wait for each of them. uvloop,
        # which functions do not run on, has no such option.
        race: dict[str, Any] = {"happy_eyeballs_delay": RACE_SECONDS} if isinstance(loop, asyncio.BaseEventLoop) else {}
        async with asyncio.timeout(self._seconds):
            _, connection = await loop.create_connection(self._protocol, self._host, self._port, ssl=self._tls, **race)
        return connection

    async def close(self) -> None:
        """Drop the kept connections."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()
