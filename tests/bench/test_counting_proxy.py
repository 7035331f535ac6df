import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from bench.counting_proxy import Count, CountingProxy

Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Client:
    """A connection through the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, *lines: bytes) -> list[bytes]:
        """Send the lines together; returns as many of the answer."""
        self._writer.write(b"".join(lines))
        return [await self._reader.readline() for _ in lines]

    async def close(self) -> None:
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """To each line an OK, but to `port` the server's own port, as Redis writes an integer."""
    port = writer.get_extra_info("sockname")[1]
    while line := await reader.readline():
        writer.write(b":%d\r\n" % port if line == b"port\n" else b"+OK\r\n")


@asynccontextmanager
async def proxied(handle: Handle = answer, clients: int = 1) -> AsyncIterator[tuple[CountingProxy, int, list[Client]]]:
    """A proxy before a server, its port, and clients of it."""
    handling: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handling.add(asyncio.current_task())
        with suppress(OSError):
            await handle(reader, writer)
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    proxy = CountingProxy("127.0.0.1", server.sockets[0].getsockname()[1])
    port = await proxy.start()
    connected = [Client(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(clients)]
    yield proxy, port, connected
    for client in connected:
        await client.close()
    await proxy.stop()
    server.close()
    await asyncio.gather(*(task for task in handling if task))


async def test_what_is_sent_together_is_one_request() -> None:
    async with proxied() as (proxy, _, (client,)):
        assert await client.ask(b"one\n", b"two\n") == [b"+OK\r\n"] * 2
        assert proxy.count == Count(waits=1, requests=1, sent=8, received=10)


async def test_one_after_another_is_two_waits() -> None:
    async with proxied() as (proxy, _, (client,)):
        await client.ask(b"one\n")
        before = proxy.count
        await client.ask(b"two\n")
        await client.ask(b"three\n")
        assert proxy.count - before == Count(waits=2, requests=2, sent=10, received=10)


async def test_a_server_that_tells_its_port_is_said_to_be_at_the_proxys() -> None:
    async with proxied() as (_, port, (client,)):
        assert await client.ask(b"port\n") == [b":%d\r\n" % port]


async def test_requests_side_by_side_are_one_wait() -> None:
    held = asyncio.Event()

    async def answer_when_told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            await held.wait()
            writer.write(line)

    async with proxied(answer_when_told, clients=2) as (proxy, _, clients):
        asked = [asyncio.create_task(client.ask(b"one\n")) for client in clients]
        async with asyncio.timeout(5):
            while proxy.count.requests < 2:
                await asyncio.sleep(0.001)
        held.set()
        await asyncio.gather(*asked)
        assert (proxy.count.waits, proxy.count.requests) == (1, 2)
