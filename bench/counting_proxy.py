"""A proxy in front of Redis that counts how often its clients wait for an answer.

Of the protocol it knows only how CLUSTER SLOTS tells a node's port, in place of which it tells its own. A request is a
client that speaks after it was answered, so a pipeline is one; a wait is a time during which at least one request was
under way, so requests side by side are one.
"""

import asyncio
from dataclasses import dataclass
from typing import cast


@dataclass(frozen=True)
class Count:
    """What went through: `waits` one after another, of `requests` in all, and the bytes each way."""

    waits: int = 0
    requests: int = 0
    sent: int = 0
    received: int = 0

    def __sub__(self, other: "Count") -> "Count":
        return Count(
            self.waits - other.waits,
            self.requests - other.requests,
            self.sent - other.sent,
            self.received - other.received,
        )


class CountingProxy:
    """Listens on a free loopback port and hands everything on to `host:port`."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._told, self._tell = _integer(port), b""
        self._server: asyncio.Server | None = None
        self._clients: set[_Client] = set()
        self._under_way = 0
        self._waits = self._requests = self._sent = self._received = 0

    async def start(self) -> int:
        """Listen; returns the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Client(self), "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        self._tell = _integer(port)
        return port

    async def stop(self) -> None:
        """Close the port and all that came through it."""
        if self._server is not None:
            self._server.close()
        for client in tuple(self._clients):
            client.close()
        while self._clients:  # noqa: ASYNC110  a transport tells its protocol alone that it is closed
            await asyncio.sleep(0)

    @property
    def target(self) -> tuple[str, int]:
        """Whom it hands on to."""
        return self._target

    @property
    def count(self) -> Count:
        """So far."""
        return Count(self._waits, self._requests, self._sent, self._received)

    def opened(self, client: "_Client") -> None:
        self._clients.add(client)

    def closed(self, client: "_Client") -> None:
        self._clients.discard(client)
        if client.waiting:
            client.waiting = False
            self._under_way -= 1

    def asked(self, client: "_Client", size: int) -> None:
        self._sent += size
        if client.waiting:
            return
        client.waiting = True
        self._requests += 1
        self._waits += self._under_way == 0
        self._under_way += 1

    def answered(self, client: "_Client", data: bytes) -> bytes:
        """Returns what the client is to be told."""
        self._received += len(data)
        if client.waiting:
            client.waiting = False
            self._under_way -= 1
        return data.replace(self._told, self._tell)


def _integer(value: int) -> bytes:
    """As Redis writes it."""
    return b":%d\r\n" % value


class _Client(asyncio.Protocol):
    """One connection to the proxy, and the one that it has in turn."""

    def __init__(self, proxy: CountingProxy) -> None:
        self.waiting = False
        self._proxy = proxy
        self._client: asyncio.Transport | None = None
        self._server: asyncio.Transport | None = None
        self._unsent: list[bytes] = []
        self._connecting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._client = cast(asyncio.Transport, transport)
        self._proxy.opened(self)
        self._connecting = asyncio.create_task(self._connect())

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_connection(lambda: _Answers(self), *self._proxy.target)
        self._server = transport
        transport.writelines(self._unsent)

    def data_received(self, data: bytes) -> None:
        self._proxy.asked(self, len(data))
        if self._server is None:
            self._unsent.append(data)
        else:
            self._server.write(data)

    def answer(self, data: bytes) -> None:
        """The server said something."""
        told = self._proxy.answered(self, data)
        if self._client is not None:
            self._client.write(told)

    def connection_lost(self, exc: Exception | None) -> None:
        self._client = None
        self._proxy.closed(self)
        self.close()

    def close(self) -> None:
        """Close both sides."""
        for transport in (self._client, self._server):
            if transport is not None:
                transport.abort()


class _Answers(asyncio.Protocol):
    """The connection to the server."""

    def __init__(self, client: _Client) -> None:
        self._client = client

    def data_received(self, data: bytes) -> None:
        self._client.answer(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._client.close()
