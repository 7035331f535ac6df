"""A proxy in front of Redis that counts how often its clients wait for an answer.

A request begins when a client sends something after it was answered. So a pipeline is one request. A wait is a time
during which at least one request is under way. So requests side by side are one wait.

The proxy knows one thing of the protocol: in the answer to CLUSTER SLOTS it replaces the server's port by its own.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import astuple, dataclass
from functools import partial
from itertools import chain

CHUNK = 1 << 20


@dataclass(frozen=True)
class Count:
    """`waits` one after another, all `requests`, and the bytes in each direction."""

    waits: int = 0
    requests: int = 0
    sent: int = 0
    received: int = 0

    def __sub__(self, other: "Count") -> "Count":
        return Count(*(mine - theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


class CountingProxy:
    """Listens on a free loopback port and forwards everything to `host:port`."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._own_port = 0
        self._server: asyncio.Server | None = None
        self._ends: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self._under_way = 0
        self._waits = self._requests = self._sent = self._received = 0

    async def start(self) -> int:
        """Returns the port that the proxy listens on."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._own_port = self._server.sockets[0].getsockname()[1]
        return self._own_port

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._server is not None:
            self._server.close()
        for end in chain.from_iterable(self._ends.values()):
            end.transport.abort()
        await asyncio.gather(*self._ends)

    @property
    def count(self) -> Count:
        """All that was counted so far."""
        return Count(self._waits, self._requests, self._sent, self._received)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        client, ends = _Client(), self._ends.setdefault(task, [writer])
        try:
            with suppress(OSError):
                server, to_server = await asyncio.open_connection(self._host, self._port)
                ends.append(to_server)
                await asyncio.gather(
                    self._forward(reader, to_server, partial(self._asked, client)),
                    self._forward(server, writer, partial(self._answered, client)),
                )
        finally:
            self._settle(client)
            for end in ends:
                end.transport.abort()
                with suppress(OSError):
                    await end.wait_closed()
            del self._ends[task]

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, note: Callable[[bytes], bytes]
    ) -> None:
        while data := await reader.read(CHUNK):
            writer.write(note(data))
        writer.close()

    def _asked(self, client: "_Client", data: bytes) -> bytes:
        self._sent += len(data)
        if not client.waits:
            client.waits = True
            self._requests += 1
            self._waits += self._under_way == 0
            self._under_way += 1
        return data

    def _answered(self, client: "_Client", data: bytes) -> bytes:
        self._received += len(data)
        self._settle(client)
        return data.replace(_integer(self._port), _integer(self._own_port))

    def _settle(self, client: "_Client") -> None:
        self._under_way -= client.waits
        client.waits = False


@dataclass
class _Client:
    """`waits` while a request of the client is under way."""

    waits: bool = False


def _integer(value: int) -> bytes:
    """An integer in Redis's protocol."""
    return b":%d\r\n" % value
