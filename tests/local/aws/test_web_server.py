import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import cycle

import pytest

from tests.local.aws.serving import QUERY, WAIT_SECONDS, Functions, RawClient, Site, handshake_headers, serving


async def test_an_upgrade_too_large_to_be_read_is_refused_and_closed(site: Site, functions: Functions) -> None:
    cases: dict[str, tuple[str, list[tuple[str, str]]]] = {
        "request line": (f"/websocket{QUERY}&x={'y' * 9000}", []),
        "header": (f"/websocket{QUERY}", [("X-Big", "y" * 9000)]),
        "number of headers": (f"/websocket{QUERY}", [(f"X-{number}", "y") for number in range(200)]),
    }
    for too_large, (path, more) in cases.items():
        client, head = await RawClient.handshake(site.port, path, [*handshake_headers(site.port), *more])
        assert head.startswith(b"HTTP/1.1 431 "), too_large
        rest = await asyncio.wait_for(client.reader.read(), WAIT_SECONDS)
        assert rest == b'{"message": "Request Header Fields Too Large"}', too_large
        await client.close()
    assert functions.events == []


HEAD = (
    b"GET /websocket?activityId=42&username=alice HTTP/1.1\r\nHost: rooms\r\nConnection: Upgrade\r\nUpgrade: websocket"
)
BEGUN = {
    "nothing": b"",
    "half a request line": b"GET /webso",
    "half a head": HEAD,
    "a head but for its last byte": HEAD + b"\r\n\r",
    "half a head of a call": b"PUT /api/words HTTP/1.1\r\nHost: rooms\r\n",
    "half a body": b"PUT /api/words HTTP/1.1\r\nHost: rooms\r\nContent-Length: 10\r\n\r\n12345",
    "half a chunk": b"PUT /api/words HTTP/1.1\r\nHost: rooms\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12",
}
CALL = b"GET /api/health HTTP/1.1\r\nHost: rooms\r\n\r\n"


@pytest.fixture
async def hasty(functions: Functions) -> AsyncIterator[Site]:
    """A site that waits for a request for half a second."""
    functions.answers["api"] = {"statusCode": 200, "body": "answered"}
    async with serving(functions, gateway_options={}, request_seconds=0.5) as site:
        yield site


async def closed(site: Site, begun: bytes, drip: bytes = b"", *, after: bytes = b"") -> None:
    """Return when a connection on which only this is sent, and then one byte of `drip` after the other, is closed.
    `after`: a call that is answered first."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    async with asyncio.timeout(WAIT_SECONDS):
        if after:
            writer.write(after)
            await reader.readuntil(b"answered")
        writer.write(begun)
        for byte in cycle(drip or b"-"):
            with suppress(TimeoutError, ConnectionError):
                if not await asyncio.wait_for(reader.read(100), 0.02):
                    break
            if drip:
                writer.write(bytes([byte]))
    writer.close()


async def test_a_connection_whose_request_does_not_come_in_time_is_closed(hasty: Site, functions: Functions) -> None:
    await asyncio.gather(*(closed(hasty, begun) for begun in BEGUN.values()))
    assert functions.events == []


async def test_one_byte_after_the_other_keeps_no_connection_open(hasty: Site, functions: Functions) -> None:
    drips = {
        "": b"\r\n",
        "GET /": b"a",
        HEAD.decode() + "\r\nX-More: ": b"a",
        BEGUN["half a head"].decode() + "\r\n": b"A: b\r\n",
        "PUT /api/words HTTP/1.1\r\nHost: rooms\r\nContent-Length: 100000\r\n\r\n": b"1",
    }
    await asyncio.gather(*(closed(hasty, begun.encode(), drip) for begun, drip in drips.items()))
    assert functions.events == []


async def test_a_connection_that_has_been_answered_is_closed_in_time_too(hasty: Site, functions: Functions) -> None:
    cases = ((b"GET /", b""), (b"GET /", b"a"), (b"", b"\r\n"), (BEGUN["half a body"], b""))
    await asyncio.gather(*(closed(hasty, begun, drip, after=CALL) for begun, drip in cases))
    assert len(functions.of("api")) == len(cases)


async def test_connections_that_are_open_and_silent_live_on(hasty: Site, functions: Functions) -> None:
    client, _ = await hasty.opened()
    await closed(hasty, b"")
    await closed(hasty, b"GET /", b"a")
    functions.answers["message"] = {"statusCode": 200, "body": "still here"}
    await client.send("hello")
    assert await client.recv() == "still here"
    await client.close()


async def test_a_function_may_take_longer_than_a_request_may(hasty: Site, functions: Functions) -> None:
    others_closed = asyncio.Event()

    async def answer(event: object) -> dict[str, object]:
        await others_closed.wait()
        return {"statusCode": 200, "body": "answered"}

    functions.answers["api"] = answer
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port)
    writer.write(CALL)
    await functions.called("api")
    await closed(hasty, b"")
    others_closed.set()
    async with asyncio.timeout(WAIT_SECONDS):
        assert (await reader.readuntil(b"answered")).startswith(b"HTTP/1.1 200")
    writer.close()
