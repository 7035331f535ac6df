"""An address at which nobody can come in ends the load at once, with a line that says what to write."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bench.certificate import make_certificate
from local.app import Emulator
from local.options import Options
from tools.failure import Failure
from tools.load.options import LoadOptions
from tools.load.reach import reach

OPTIONS = LoadOptions(url="", viewers=1, first_room=1)


async def told(url: str) -> str:
    """The line with which a load of the rooms at `url` ends."""
    with pytest.raises(Failure) as failure:
        await reach(replace(OPTIONS, url=url), None)
    assert "\n" not in str(failure.value)
    return str(failure.value)


@asynccontextmanager
async def answering(answer: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that answers whatever comes so, and hangs up; its host:port."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_the_emulator_at_another_path_is_told_with_the_right_one(moto_url: str) -> None:
    async with Emulator(Options(port=0, aws_endpoint=moto_url, window_ms=50), {}) as emulator:
        right = f"ws://{emulator.address}/websocket"
        for path in ("", "/", "/prod", "/api", "/websockets"):
            assert f"write the stage behind the host, {right}" in await told(f"ws://{emulator.address}{path}"), path
        assert f"did you mean {right}?" in await told(f"wss://{emulator.address}/websocket")
        await reach(replace(OPTIONS, url=right), None)


async def test_another_servers_answer_is_told() -> None:
    for answer, wanted in (
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "with 404: is it the stack's output WebSocketUrl?"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "with 200: is it the stack's output WebSocketUrl?"),
        (b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "with 401: the rooms ask for a token"),
        (b"HTTP/1.1 301 Moved\r\nLocation: https://r.example/\r\nContent-Length: 0\r\n\r\n", "https://r.example/"),
        (b"220 mail.example ESMTP\r\n", "does not answer in HTTP: did you mean wss://"),
        (b"", "does not answer in HTTP: did you mean wss://"),
    ):
        async with answering(answer) as place:
            assert wanted in await told(f"ws://{place}/websocket"), answer


async def test_what_is_too_busy_is_for_the_load_to_measure() -> None:
    for status in (b"429 Too Many Requests", b"500 Internal Server Error", b"503 Service Unavailable"):
        async with answering(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n") as place:
            await reach(replace(OPTIONS, url=f"ws://{place}/websocket"), None)


async def test_tls_in_the_wrong_place_is_told(tmp_path: Path) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(make_certificate(tmp_path))
    async with answering(b"", tls) as place:
        assert f"did you mean wss://{place}/websocket?" in await told(f"ws://{place}/websocket")
        assert "its certificate is refused" in await told(f"wss://{place}/websocket")


async def test_a_name_that_does_not_resolve_is_told() -> None:
    assert "rooms.invalid does not resolve" in await told("wss://rooms.invalid/websocket")
