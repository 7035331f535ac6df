"""Redis as ElastiCache Serverless shows it: a cluster behind TLS, in which nobody is anybody without signing in."""

import asyncio
import contextlib
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from bench.certificate import make_certificate
from local.servers.redis import EmbeddedRedis


class TlsRedis:
    """`accepted` counts the connections so far; `admin` is a plain connection that needs no signing in."""

    def __init__(self, server: EmbeddedRedis, certificate: Path) -> None:
        self.accepted = 0
        self.certificate = certificate
        self.address = ("", 0)
        self._port = int(server.address.rpartition(":")[2])
        self.admin: Any = Redis(port=self._port, decode_responses=True)

    @property
    def url(self) -> str:
        """Where TLS is spoken."""
        return f"rediss://{self.address[0]}:{self.address[1]}"

    def remap(self, address: tuple[str, int]) -> tuple[str, int]:
        """Where a client finds a node: the server tells its own port, which speaks no TLS."""
        return self.address

    async def let_in(self, user: str, password: str, access: str) -> None:
        """One user, and nobody else, with these rights."""
        await self.admin.acl_setuser(user, reset=True)
        await self.admin.execute_command("ACL", "SETUSER", user, "resetpass", f">{password}", *access.split())

    async def forward(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Take TLS off one connection."""
        self.accepted += 1
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self._port)
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))


@asynccontextmanager
async def tls_redis(directory: Path) -> AsyncIterator[TlsRedis]:
    """One that is stopped at the end."""
    server = EmbeddedRedis()
    await server.start()
    certificate = make_certificate(directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    redis = TlsRedis(server, certificate)
    listener = await asyncio.start_server(redis.forward, "127.0.0.1", 0, ssl=context)
    try:
        redis.address = ("127.0.0.1", listener.sockets[0].getsockname()[1])
        await redis.admin.execute_command("ACL", "SETUSER", "default", "on", "nopass")
        yield redis
    finally:
        listener.close()
        await redis.admin.aclose()
        await server.stop()


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    with contextlib.suppress(OSError, ssl.SSLError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
