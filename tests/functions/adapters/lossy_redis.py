"""Redis behind a proxy that loses answers: the command is done, and its connection is cut before that is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from redis.asyncio.cluster import RedisCluster

from functions.adapters.redis_client import connect


@dataclass
class LossyRedis:
    """`client` goes through the proxy; `lost` is how many answers have been."""

    port: int
    lose: int = 0
    lost: int = 0
    address: tuple[str, int] = ("", 0)
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def client(self) -> RedisCluster:
        # The server tells its clients of itself, past the proxy.
        return connect(f"redis://127.0.0.1:{self.address[1]}", address_remap=lambda _: self.address)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, commands = await asyncio.open_connection("127.0.0.1", self.port)
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
    """A proxy before the Redis at `redis_url`."""
    proxy = LossyRedis(urlsplit(redis_url).port or 6379)
    async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as server:
        host, port, *_ = server.sockets[0].getsockname()
        proxy.address = (host, port)
        yield proxy
