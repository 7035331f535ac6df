"""The way between one page and the rooms: connections that can break, go deaf, and die."""

import asyncio
import contextlib

CHUNK_BYTES = 65_536


class Wire:
    """Relays TCP connections to `target`, host:port. `address` is where to connect instead."""

    def __init__(self, target: str) -> None:
        self.address = ""
        host, _, port = target.rpartition(":")
        self._target = host, int(port)
        self._up, self._down = asyncio.Event(), asyncio.Event()
        self._ends: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._up.set()
        self._down.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = "{}:{}".format(*self._server.sockets[0].getsockname())

    def drop(self) -> None:
        """Break all connections."""
        for end in list(self._ends):
            end.transport.abort()

    def deafen(self) -> None:
        """Nothing arrives at the page, until `hear`."""
        self._down.clear()

    def hear(self) -> None:
        self._down.set()

    def die(self) -> None:
        """Nothing goes either way any more, and no connection is closed, until `stop`."""
        self._up.clear()
        self._down.clear()

    async def stop(self) -> None:
        """Break all connections, and take no more."""
        if self._server is not None:
            self._server.close()
        self.drop()
        for pump in list(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        try:
            there, back = await asyncio.open_connection(*self._target)
        except OSError:
            self._let_go(writer)
            return
        self._ends.add(back)
        for source, sink, gate in ((reader, back, self._up), (there, writer, self._down)):
            pump = asyncio.create_task(self._pump(source, sink, gate))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, gate: asyncio.Event) -> None:
        """Pass on what comes, and the end of it."""
        try:
            with contextlib.suppress(OSError):
                while data := await source.read(CHUNK_BYTES):
                    await gate.wait()
                    sink.write(data)
                    await sink.drain()
            await gate.wait()
        finally:
            self._let_go(sink)

    def _let_go(self, end: asyncio.StreamWriter) -> None:
        self._ends.discard(end)
        end.close()
