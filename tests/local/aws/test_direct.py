"""Requests that are answered without an ASGI task, and those that cannot be: a client notices no difference."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from websockets.asyncio.client import ClientConnection

from local.aws.asgi import Receive, Scope, Send, respond
from local.aws.direct import text_frame
from local.aws.distribution import Distribution
from local.aws.web_server import serve
from tests.local.aws.serving import CREDENTIALS, WAIT_SECONDS, RawClient, Site

STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")


def head(site: Site, connection_id: str, body: bytes, *extra: str, version: str = "1.1") -> bytes:
    """The head of a signed POST, without a content-length."""
    path = "/websocket/%40connections/" + connection_id.replace("=", "%3D")
    request = AWSRequest(method="POST", url=f"{site.http}{path}", data=body)
    SigV4Auth(BotoCredentials(CREDENTIALS.access_key, CREDENTIALS.secret_key), "execute-api", "us-east-1").add_auth(
        request
    )
    lines = [f"POST {path} HTTP/{version}", f"Host: 127.0.0.1:{site.port}", *extra]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in request.headers.items()), "", ""]).encode()


def post(site: Site, connection_id: str, body: bytes, *extra: str, version: str = "1.1") -> bytes:
    return head(site, connection_id, body, f"Content-Length: {len(body)}", *extra, version=version) + body


class Caller:
    """An HTTP client that is nothing but a TCP connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def of(cls, port: int) -> "Caller":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()

    async def answers(self, *pieces: bytes, count: int = 1) -> list[tuple[int, bytes]]:
        """Send the pieces, one write after another; the statuses and bodies of so many answers."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)
        async with asyncio.timeout(WAIT_SECONDS):
            return [await self._answer() for _ in range(count)]

    async def _answer(self) -> tuple[int, bytes]:
        head = await self.reader.readuntil(b"\r\n\r\n")
        found, length = STATUS.match(head), re.search(rb"(?i)content-length: (\d+)", head)
        assert found is not None
        return int(found[1]), await self.reader.readexactly(int(length[1]) if length else 0)


Opened = tuple[ClientConnection, str, Caller]


@pytest.fixture
async def opened(site: Site) -> AsyncIterator[Opened]:
    """A viewer, the id of its connection, and who posts to it."""
    client, connection_id = await site.opened(max_size=None)
    caller = await Caller.of(site.port)
    yield client, connection_id, caller
    await caller.close()
    await client.close()


async def test_pipelined_posts_are_answered_and_arrive_in_their_order(site: Site, opened: Opened) -> None:
    client, connection_id, caller = opened
    requests = [post(site, connection_id, b"%d" % number) for number in range(20)]
    assert await caller.answers(b"".join(requests), count=20) == [(200, b"")] * 20
    assert [await client.recv() for _ in range(20)] == [str(number) for number in range(20)]


async def test_a_post_behind_a_request_that_takes_time_is_answered_behind_it(site: Site, opened: Opened) -> None:
    client, connection_id, caller = opened
    slow = f"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\n\r\n".encode()
    found = await caller.answers(slow + post(site, connection_id, b"behind"), count=2)
    assert found[1] == (200, b"")
    assert await client.recv() == "behind"


async def test_a_request_may_come_byte_by_byte_in_chunks_or_after_100_continue(site: Site, opened: Opened) -> None:
    client, connection_id, caller = opened
    slowly = post(site, connection_id, b"slowly")
    assert await caller.answers(*(slowly[at : at + 1] for at in range(len(slowly)))) == [(200, b"")]
    chunked = head(site, connection_id, b"in chunks", "Transfer-Encoding: chunked")
    assert await caller.answers(chunked + b"3\r\nin \r\n6\r\nchunks\r\n0\r\n\r\n") == [(200, b"")]
    expecting = post(site, connection_id, b"expected", "Expect: 100-continue")
    assert await caller.answers(expecting, count=2) == [(100, b""), (200, b"")]
    assert [await client.recv() for _ in range(3)] == ["slowly", "in chunks", "expected"]


@pytest.mark.parametrize(("version", "extra"), [("1.1", ["Connection: close"]), ("1.0", [])])
async def test_a_connection_that_is_not_to_be_kept_is_closed(
    site: Site, opened: Opened, version: str, extra: list[str]
) -> None:
    client, connection_id, caller = opened
    assert await caller.answers(post(site, connection_id, b"last", *extra, version=version)) == [(200, b"")]
    async with asyncio.timeout(WAIT_SECONDS):
        assert await caller.reader.read() == b""
    assert await client.recv() == "last"


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 131_072])
async def test_frames_of_every_length_arrive_whole(site: Site, opened: Opened, size: int) -> None:
    client, connection_id, caller = opened
    assert await caller.answers(post(site, connection_id, b"x" * size)) == [(200, b"")]
    assert await client.recv() == "x" * size


async def test_a_body_above_the_limit_is_413_and_the_connection_goes_on(site: Site, opened: Opened) -> None:
    _, connection_id, caller = opened
    (found,) = await caller.answers(post(site, connection_id, b"x" * 131_073))
    assert found[0] == 413


async def test_a_client_that_is_closing_gets_no_frame_behind_its_close(site: Site) -> None:
    client, _ = await RawClient.handshake(site.port)
    connection_id = next(iter(site.gateway.connections))
    caller = await Caller.of(site.port)
    client.send(0x8, b"\x03\xe8")
    assert (await client.frame())[0] == 0x8
    status = (await caller.answers(post(site, connection_id, b"late")))[0][0]
    assert status in (200, 410)
    async with asyncio.timeout(WAIT_SECONDS):
        assert await client.reader.read() == b""
    await caller.close()
    await client.close()


SLOT = b"GET /gallery/42/key/7 HTTP/1.1\r\nHost: rooms\r\n"
HITS = ["CacheHits"]


@pytest.fixture
async def reading() -> AsyncIterator[tuple[Caller, list[str]]]:
    """A reader of a gallery whose slot 7 the cache has, and what the cache counts from then on."""
    counted: list[str] = []

    async def origin(scope: Scope, receive: Receive, send: Send) -> None:
        await respond(send, 200, [(b"cache-control", b"max-age=60")], scope["raw_path"])

    edge = Distribution(origin, "", count=lambda name, number: counted.append(name))
    listener = socket.create_server(("127.0.0.1", 0))
    async with serve(edge, listener, direct=[edge]):
        reader = await Caller.of(listener.getsockname()[1])
        assert await reader.answers(SLOT + b"\r\n") == [(200, b"/gallery/42/key/7")]
        counted.clear()
        yield reader, counted
        await reader.close()


async def test_pipelined_reads_are_answered_in_their_order(reading: tuple[Caller, list[str]]) -> None:
    reader, counted = reading
    other = SLOT.replace(b"7", b"8", 1)
    bodies = [body for _, body in await reader.answers((SLOT + b"\r\n" + other + b"\r\n") * 3, count=6)]
    assert bodies == [b"/gallery/42/key/7", b"/gallery/42/key/8"] * 3
    assert (counted.count("OriginRequests"), len(counted)) == (1, 7)


async def test_a_read_is_answered_from_the_cache_however_it_is_sent(reading: tuple[Caller, list[str]]) -> None:
    reader, counted = reading
    for extra in (
        b"\r\n",
        b"Content-Length: 0\r\n\r\n",
        b"Content-Length: 3\r\n\r\nabc",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    ):
        counted.clear()
        assert (await reader.answers(SLOT + extra), counted) == ([(200, b"/gallery/42/key/7")], HITS), extra


def test_a_text_frame_has_the_shortest_length_that_there_is() -> None:
    heads = {0: b"\x81\x00", 125: b"\x81\x7d", 126: b"\x81\x7e\x00\x7e", 65_535: b"\x81\x7e\xff\xff"}
    heads[65_536] = b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"
    for size, expected in heads.items():
        assert text_frame(b"x" * size) == expected + b"x" * size
