import asyncio
import select
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

import pytest

from functions.adapters.aws.connections import Connections, Outcome
from functions.adapters.aws.credentials import CredentialSource
from functions.rooms.payload import Payload

KEYS = CredentialSource({"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret"})
HELLO = Payload.of("hällo".encode())
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"

Answer = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """An HTTP server that answers each request with the next of `answers`, the last one for ever."""

    def __init__(self, answers: list[bytes | Answer]) -> None:
        self.answers = answers
        self.requests: list[bytes] = []
        self.connections = 0
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if isinstance(answer, bytes):
                    writer.write(answer)
                else:
                    await answer(head, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(*answers: bytes | Answer) -> AsyncIterator[Server]:
    served = Server(list(answers))
    server = await asyncio.start_server(served.handle, "127.0.0.1", 0)
    served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/websocket"
    try:
        yield served
    finally:
        server.close()


@contextmanager
def unanswering() -> Iterator[tuple[str, int]]:
    """An address whose queue is full, so that connecting to it takes until somebody gives up."""
    with ExitStack() as open_sockets:
        listener = open_sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting: list[socket.socket] = []
        while not waiting or select.select([], waiting[-1:], [], 0.2)[1]:
            waiting.append(open_sockets.enter_context(socket.socket()))
            waiting[-1].setblocking(False)
            waiting[-1].connect_ex(listener.getsockname())
        yield listener.getsockname()


@asynccontextmanager
async def posting_to(url: str, post_seconds: float = 2) -> AsyncIterator[Connections]:
    client = Connections(url, KEYS, region="us-east-1", post_seconds=post_seconds)
    await client.prepare()
    try:
        yield client
    finally:
        await client.close()


async def test_a_post_carries_the_frame_to_the_encoded_path_signed() -> None:
    async with serving(OK) as server, posting_to(server.url) as client:
        assert await client.post("L0SM9cOFvHcCIhw=", HELLO) is Outcome.DELIVERED
    (request,) = server.requests
    assert request.startswith(b"POST /websocket/%40connections/L0SM9cOFvHcCIhw%3D HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Authorization: AWS4-HMAC-SHA256 Credential=AKID/" in request
    assert request.endswith(b"\r\n\r\nh\xc3\xa4llo")


async def test_a_connection_is_kept_for_the_next_post() -> None:
    async with serving(OK) as server, posting_to(server.url) as client:
        for _ in range(5):
            await client.post("c", HELLO)
    assert (len(server.requests), server.connections) == (5, 1)


async def test_a_delete_closes_the_connection_of_the_encoded_path() -> None:
    async with serving(b"HTTP/1.1 204 No Content\r\n\r\n", OK) as server, posting_to(server.url) as client:
        assert await client.delete("L0SM9cOFvHcCIhw=") is Outcome.DELIVERED
        assert await client.post("c", HELLO) is Outcome.DELIVERED
        assert server.connections == 1
    request = server.requests[0]
    assert request.startswith(b"DELETE /websocket/%40connections/L0SM9cOFvHcCIhw%3D HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Authorization: AWS4-HMAC-SHA256 Credential=AKID/" in request
    assert request.endswith(b"Content-Length: 0\r\n\r\n")


async def test_a_delete_is_not_signed_as_a_post_is() -> None:
    async with serving(OK) as server:
        client = Connections(server.url, KEYS, region="us-east-1", clock=lambda: 1_700_000_000)
        await client.prepare()
        await client.post("c", Payload.of(b""))
        await client.delete("c")
        await client.close()
    signatures = {request.split(b"Signature=")[1].split(b"\r\n")[0] for request in server.requests}
    assert len(signatures) == 2


async def test_a_delete_never_raises_for_what_a_server_does() -> None:
    async with serving(hang_up) as server, posting_to(server.url) as client:
        assert await client.delete("c") is Outcome.FAILED
    async with posting_to("http://127.0.0.1:1/websocket") as client:
        assert await client.delete("c") is Outcome.FAILED


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (b"HTTP/1.1 410 Gone\r\nx-amzn-errortype: GoneException\r\ncontent-length: 0\r\n\r\n", Outcome.GONE),
        (b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\n{}", Outcome.TOO_LARGE),
        (b"HTTP/1.1 429 Too Many\r\ncontent-length: 2\r\n\r\n{}", Outcome.THROTTLED),
        (b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\n{}", Outcome.FORBIDDEN),
        (b"HTTP/1.1 500 Oh\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", Outcome.FAILED),
        (b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n", Outcome.FAILED),
    ],
)
async def test_a_status_tells_what_became_of_a_post(answer: bytes, outcome: Outcome) -> None:
    async with serving(answer, OK) as server, posting_to(server.url) as client:
        assert await client.post("c", HELLO) is outcome
        assert await client.post("c", HELLO) is Outcome.DELIVERED
        server.answers = [answer]
        assert await client.delete("c") is outcome
        assert server.connections == 1


async def test_a_server_that_closes_after_its_answer_is_not_posted_to_again_on_that_connection() -> None:
    closing = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    async with serving(closing) as server, posting_to(server.url) as client:
        assert [await client.post("c", HELLO) for _ in range(2)] == [Outcome.DELIVERED] * 2
        assert server.connections == 2


async def hang_up(head: bytes, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def test_a_kept_connection_that_died_is_replaced_by_a_fresh_one_once() -> None:
    async with serving(OK, hang_up, OK) as server, posting_to(server.url) as client:
        assert [await client.post("c", HELLO) for _ in range(2)] == [Outcome.DELIVERED] * 2
        assert server.connections == 2


async def test_a_fresh_connection_that_dies_is_a_failure() -> None:
    async with serving(hang_up) as server, posting_to(server.url) as client:
        assert await client.post("c", HELLO) is Outcome.FAILED
        assert server.connections == 1


async def test_a_post_that_was_half_answered_is_not_sent_again() -> None:
    async def half(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-le")
        await writer.drain()
        writer.close()

    async with serving(OK, half, OK) as server, posting_to(server.url) as client:
        assert await client.post("c", HELLO) is Outcome.DELIVERED
        assert await client.post("c", HELLO) is Outcome.FAILED
        assert len(server.requests) == 2


async def test_what_is_not_http_is_a_failure() -> None:
    async with serving(b"hello\r\n\r\n") as server, posting_to(server.url) as client:
        assert await client.post("c", HELLO) is Outcome.FAILED


async def test_a_post_without_an_answer_is_given_up_and_its_connection_dropped() -> None:
    async def never(head: bytes, writer: asyncio.StreamWriter) -> None:
        pass

    async with serving(never, OK) as server, posting_to(server.url, post_seconds=0.05) as client:
        assert await client.post("c", HELLO) is Outcome.FAILED
        assert await client.post("c", HELLO) is Outcome.DELIVERED
        assert server.connections == 2


async def test_a_server_that_is_away_is_a_failure() -> None:
    async with posting_to("http://127.0.0.1:1/websocket") as client:
        assert await client.post("c", HELLO) is Outcome.FAILED


async def test_an_address_without_an_answer_does_not_hold_up_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def found(host: str, port: int, **options: object) -> list[object]:
        assert host == "rooms.example"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in (silent, ("127.0.0.1", port))]

    async with serving(OK) as server:
        with unanswering() as silent:
            monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
            url = server.url.replace("127.0.0.1", "rooms.example")
            async with posting_to(url, post_seconds=10) as client:
                assert await client.post("c", HELLO) is Outcome.DELIVERED


@pytest.mark.parametrize("url", ["", "ws://x/websocket", "https://", "x.example/websocket"])
def test_an_address_that_is_not_http_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not an http or https address"):
        Connections(url, KEYS, region="us-east-1")


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted() -> None:
    async with serving(OK) as server:
        url = server.url.replace("http://", "https://")
        client = Connections(url, KEYS, region="us-east-1", tls=ssl.create_default_context())
        await client.prepare()
        assert await client.post("c", HELLO) is Outcome.FAILED
