import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from functions.adapters.aws.http import ConnectionDropped, HttpPool
from tests.functions.adapters.aws.test_connections import OK, hang_up, serving

REQUEST = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\nhi"


@asynccontextmanager
async def pool_of(url: str, seconds: float = 3) -> AsyncIterator[HttpPool]:
    pool = HttpPool(url, seconds=seconds)
    try:
        yield pool
    finally:
        await pool.close()


async def test_there_are_as_many_connections_as_requests_under_way() -> None:
    released = asyncio.Event()

    async def held(head: bytes, writer: Any) -> None:
        await released.wait()
        writer.write(OK)

    async with serving(held) as server, pool_of(server.url) as pool:
        under_way = [asyncio.create_task(pool.send(REQUEST)) for _ in range(3)]
        async with asyncio.timeout(5):
            while len(server.requests) < 3:
                await asyncio.sleep(0)
        released.set()
        assert [(await one).status for one in under_way] == [200] * 3
        for _ in range(3):
            await pool.send(REQUEST)
        assert (len(server.requests), server.connections) == (6, 3)


async def test_a_kept_connection_that_died_is_replaced_once() -> None:
    async with serving(OK, hang_up, OK) as server, pool_of(server.url) as pool:
        for _ in range(2):
            assert (await pool.send(REQUEST)).status == 200
        assert server.connections == 2
    async with serving(OK, hang_up) as server, pool_of(server.url) as pool:
        await pool.send(REQUEST)
        with pytest.raises(ConnectionDropped):
            await pool.send(REQUEST)
        assert server.connections == 2


async def test_a_server_that_has_begun_to_answer_is_not_asked_again() -> None:
    async def half(head: bytes, writer: Any) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-le")
        await writer.drain()
        writer.close()

    async with serving(OK, half) as server, pool_of(server.url) as pool:
        await pool.send(REQUEST)
        with pytest.raises(ConnectionDropped):
            await pool.send(REQUEST)
        assert len(server.requests) == 2


async def test_no_answer_in_time_is_an_error_and_the_connection_is_not_used_again() -> None:
    over = asyncio.Event()

    async def silence(head: bytes, writer: Any) -> None:
        await over.wait()

    async with serving(OK, silence, OK) as server, pool_of(server.url, seconds=1) as pool:
        await pool.send(REQUEST)
        with pytest.raises(TimeoutError):
            await pool.send(REQUEST)
        await pool.send(REQUEST)
        over.set()
        assert server.connections == 2


async def test_where_one_kept_connection_is_deaf_the_others_are_not_tried() -> None:
    released, over = asyncio.Event(), asyncio.Event()

    async def held(head: bytes, writer: Any) -> None:
        await released.wait()
        writer.write(OK)

    async def silence(head: bytes, writer: Any) -> None:
        await over.wait()

    async with serving(held, held, silence, OK) as server, pool_of(server.url, seconds=1) as pool:
        under_way = [asyncio.create_task(pool.send(REQUEST)) for _ in range(2)]
        async with asyncio.timeout(5):
            while len(server.requests) < 2:
                await asyncio.sleep(0)
        released.set()
        await asyncio.gather(*under_way)
        with pytest.raises(TimeoutError):
            await pool.send(REQUEST)
        await pool.send(REQUEST)
        over.set()
        assert server.connections == 3


@pytest.mark.parametrize("url", ["", "ftp://here", "here:80", "https://"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not an http or https address"):
        HttpPool(url, seconds=1)
