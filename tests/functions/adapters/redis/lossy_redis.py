"""Redis behind a proxy that loses answers: the command is done, and its connection is cut before that is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis.client import connect

Address = tuple[str, int]


@dataclass
class LossyRedis:
    """`client` goes through the proxy, to each node; `lost` is how many answers have been."""

    url: str
    lose: int = 0
    lost: int = 0
    # Where the proxy of each node is.
    addresses: dict[Address, Address] = field(default_factory=dict)

    def client(self) -> RedisCluster:
        # The nodes tell their clients of themselves, past the proxy.
        return connect(self.url, address_remap=lambda node: self.addresses.get(node, node))

    async def serve(self, node: Address, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, commands = await asyncio.open_connection(*node)
        there = asyncio.create_task(self._carry(reader, commands))
        back = asyncio.create_task(self._carry_or_lose(answers, writer))
        await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
        for one in (there, back):
            one.cancel()
        await asyncio.gather(there, back, return_exceptions=True)
        for end in (commands, writer):
            end.close()

    @staticmethod
    async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)

    async def _carry_or_lose(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if self.lose:
                self.lose -= 1
                self.lost += 1
                return
            writer.write(data)


@asynccontextmanager
async def lossy(redis_url: str) -> AsyncIterator[LossyRedis]:
    """A proxy before each node of the Redis at `redis_url`."""
    proxy = LossyRedis(redis_url)
    async with AsyncExitStack() as stack:
        async with connect(redis_url) as redis:
            nodes = [(node.host, int(node.port)) for node in redis.get_primaries()]
        for node in nodes:
            server = await asyncio.start_server(partial(proxy.serve, node), "127.0.0.1", 0)
            await stack.enter_async_context(server)
            host, port, *_ = server.sockets[0].getsockname()
            proxy.addresses[node] = (host, port)
        yield proxy
