"""A client of Redis that sends in one piece what is called at the same time, and so costs little beside the server.

A simulation makes millions of calls in one process, and redis-py would take most of the time. On AWS these calls come
from many environments. What the server does is the same; it only reads and writes less often.
"""

import asyncio
from collections import deque
from typing import Any, Self
from urllib.parse import urlsplit

from redis.asyncio.cluster import RedisCluster
from redis.exceptions import NoScriptError, RedisError, ResponseError

from functions.adapters.redis.connection import RoomsConnection

CHUNK = 1 << 20
QUICK = ("EVALSHA", "EVAL", "HGET")


class Incomplete(Exception):
    """The rest of the reply has not come yet."""


class BatchingRedis(RedisCluster):
    """A client of a cluster of one node. The commands in QUICK go over a connection of their own."""

    @classmethod
    async def connected(cls, url: str) -> Self:
        """A client of the server at `url`. Close it in the end."""
        client = cls.from_url(url, decode_responses=True)
        assert isinstance(client, cls)
        await client._open(url)
        return client

    async def _open(self, url: str) -> None:
        self._pack = RoomsConnection().pack_command
        self._unsent: list[bytes] = []
        self._waiting: deque[asyncio.Future[Any]] = deque()
        reader, self._out = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
        self._reading = asyncio.create_task(self._read(reader))

    async def aclose(self) -> None:
        self._reading.cancel()
        self._out.close()
        await super().aclose()

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        """As RedisCluster does it."""
        if args[0] not in QUICK:
            return await super().execute_command(*args, **kwargs)
        answer = await self._sent(args)
        if isinstance(answer, RedisError):
            raise answer
        return answer

    def pipeline(self, *_: Any, **__: Any) -> Any:
        """A pipeline of commands in QUICK alone."""
        return _Pipeline(self)

    def _sent(self, command: tuple[Any, ...]) -> asyncio.Future[Any]:
        """The answer, which is an error if the server says so."""
        loop = asyncio.get_running_loop()
        if not self._unsent:
            loop.call_soon(self._flush)
        self._unsent += self._pack(*command)
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append(answer)
        return answer

    def _flush(self) -> None:
        self._out.write(b"".join(self._unsent))
        self._unsent.clear()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        rest = b""
        while chunk := await reader.read(CHUNK):
            data, at = rest + chunk, 0
            try:
                while at < len(data):
                    answer, at = read_reply(data, at)
                    self._answer(answer)
            except Incomplete:
                pass
            rest = data[at:]
        for waiting in self._waiting:
            waiting.set_result(RedisError("the server has closed the connection"))

    def _answer(self, answer: Any) -> None:
        waiting = self._waiting.popleft()
        if not waiting.done():  # else nobody waits for it any more
            waiting.set_result(answer)


class _Pipeline:
    """What `run_all` of functions/adapters/redis/script.py needs of redis-py's."""

    def __init__(self, redis: BatchingRedis) -> None:
        self._redis = redis
        self._answers: list[asyncio.Future[Any]] = []

    def execute_command(self, *args: Any, **_: Any) -> None:
        self._answers.append(self._redis._sent(args))

    async def execute(self, **_: Any) -> list[Any]:
        # They come in this order.
        return [await answer for answer in self._answers]


def read_reply(data: bytes, at: int) -> tuple[Any, int]:
    """A reply of RESP 2 that begins at an index of `data`, and the index behind it; raises Incomplete."""
    end = data.find(b"\r\n", at)
    if end < 0:
        raise Incomplete
    kind, line, at = data[at : at + 1], data[at + 1 : end], end + 2
    if kind == b"$":
        return _text(data, at, int(line))
    if kind == b"*":
        items = []
        for _ in range(int(line)):
            item, at = read_reply(data, at)
            items.append(item)
        return items, at
    if kind == b":":
        return int(line), at
    if kind == b"+":
        return line.decode(), at
    return (NoScriptError if line.startswith(b"NOSCRIPT") else ResponseError)(line.decode()), at


def _text(data: bytes, at: int, length: int) -> tuple[str | None, int]:
    if length < 0:
        return None, at
    end = at + length
    if len(data) < end + 2:
        raise Incomplete
    return data[at:end].decode(), end + 2
