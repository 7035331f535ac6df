"""A viewer's connection, against a server of the websockets library."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from tests.tools.load.objects import TAG, array, chat, welcome
from tools.load.connection import Connection, Refused
from tools.load.presence import OTHERS
from tools.load.room import Room
from tools.load.viewer import Tally, Target, Viewer
from tools.token_source import no_token

Handler = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def a_viewer(
    handler: Handler, *, refuse: HTTPStatus | None = None, subprotocol: str = "live.v1"
) -> AsyncIterator[Viewer]:
    """A viewer of a server that does `handler` for each connection, or refuses it."""

    async def process(connection: ServerConnection, request: Request) -> Response | None:
        return connection.respond(refuse, "") if refuse else None

    async with (
        asyncio.timeout(20),
        serve(handler, "127.0.0.1", 0, process_request=process, subprotocols=[Subprotocol(subprotocol)]) as server,
    ):
        port = next(iter(server.sockets)).getsockname()[1]
        async with viewer_at(port) as viewer:
            yield viewer


@asynccontextmanager
async def viewer_at(port: int) -> AsyncIterator[Viewer]:
    target = Target(f"ws://127.0.0.1:{port}/websocket", "live.v1", TAG, no_token)
    viewer = Viewer("alice", Room(7, tag=TAG), OTHERS, target, Tally())
    try:
        yield viewer
    finally:
        viewer.drop()


async def let_in(connection: ServerConnection) -> None:
    await connection.send(array(welcome(2)).decode())


async def test_a_viewer_is_welcomed_and_closes_as_a_client_should() -> None:
    closed = asyncio.get_running_loop().create_future()

    async def handler(connection: ServerConnection) -> None:
        await let_in(connection)
        await connection.wait_closed()
        closed.set_result((connection.request.path if connection.request else "", connection.close_code))

    async with a_viewer(handler) as viewer:
        connection = await viewer.enter()
        assert viewer.is_here
        assert viewer.heartbeat_seconds == 60
        await connection.close(20)
        assert await closed == ("/websocket?activityId=7&username=alice", 1000)
        assert await connection.ended == "1000"
        assert not viewer.is_here


async def test_a_chat_is_answered_and_its_time_is_known() -> None:
    async def handler(connection: ServerConnection) -> None:
        await let_in(connection)
        said = json.loads(await connection.recv())
        await connection.send(array({"messageType": 0, "id": said["id"], "ok": True, "seq": 3}).decode())
        await connection.send(array(chat(3, id=said["id"])).decode())
        await connection.close(1001)

    async with a_viewer(handler) as viewer:
        connection = await viewer.enter()
        viewer.chat()
        assert await connection.ended == "1001"
        viewer.part(stays=True)
        assert viewer.room.accepted == {3}
        assert viewer.room.catalogue.seqs == [3]
        assert [key.runs for key in viewer.room.presences] == [(0, 0)]
        assert viewer.room.count_up()[OTHERS].latencies.total == 1


async def test_frames_of_any_length_and_in_fragments_are_heard() -> None:
    long = array(*(chat(seq, textMessage="x" * 400) for seq in range(1, 300))).decode()

    async def handler(connection: ServerConnection) -> None:
        await let_in(connection)
        await connection.send(long)
        await connection.send(iter([long[:1000], long[1000:70000], long[70000:]]))
        await connection.ping()
        await connection.close()

    async with a_viewer(handler) as viewer:
        connection = await viewer.enter()
        assert await connection.ended == "1000"
        assert viewer.room.count_up()[OTHERS].frames == 3
        viewer.part(stays=True)
        assert [key.runs for key in viewer.room.presences] == [(0, 298, 0, 298)]


async def test_a_ping_is_answered() -> None:
    async def handler(connection: ServerConnection) -> None:
        await (await connection.ping())
        await let_in(connection)
        await connection.wait_closed()

    async with a_viewer(handler) as viewer:
        await viewer.enter()


async def test_a_refused_handshake_is_its_status() -> None:
    async with a_viewer(let_in, refuse=HTTPStatus.SERVICE_UNAVAILABLE) as viewer:
        with pytest.raises(Refused, match="503"):
            await viewer.enter()
        assert viewer._tally.refused_handshakes == {"503": 1}


async def test_a_server_of_another_subprotocol_is_refused() -> None:
    async with a_viewer(let_in, subprotocol="other") as viewer:
        with pytest.raises(
            Refused,
        ):
            await viewer.enter()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "dropped"),
        (b"HTTP/1.1 101", "dropped"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\nno, and the end is the end of the connection", "403"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "handshake failed: did not receive a valid HTTP response"),
        (b"HTTP/1.1 abc\r\n", "handshake failed: did not receive a valid HTTP response"),
        (b"HTTP/1.1 101 OK\r\n\r\n", "handshake failed: .*Connection"),
        (
            b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong\r\n\r\n",
            "handshake failed: .*Sec-WebSocket-Accept",
        ),
        (b"HTTP/1.1 101 " + b"x" * 100_000, "handshake failed: read 100013 bytes"),
    ],
)
async def test_an_answer_to_something_else_is_refused_with_what_it_was(answer: bytes, reason: str) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()

    async with (
        asyncio.timeout(20),
        await asyncio.start_server(handler, "127.0.0.1", 0) as server,
        viewer_at(server.sockets[0].getsockname()[1]) as viewer,
    ):
        with pytest.raises(Refused, match=reason):
            await viewer.enter()


@pytest.mark.parametrize("said", ["hello", b"\x00", "[1]"])
async def test_a_server_that_talks_nonsense_is_left(said: str | bytes) -> None:
    async def handler(connection: ServerConnection) -> None:
        await let_in(connection)
        await connection.send(said)
        await connection.wait_closed()

    async with a_viewer(handler) as viewer:
        connection = await viewer.enter()
        assert "frame" in await connection.ended


async def test_a_connection_that_is_reset_has_ended() -> None:
    async def handler(connection: ServerConnection) -> None:
        await let_in(connection)
        connection.transport.abort()

    async with a_viewer(handler) as viewer:
        connection = await viewer.enter()
        assert await connection.ended in ("reset", "dropped")


async def test_refused_frames_are_counted_by_error() -> None:
    async def handler(connection: ServerConnection) -> None:
        await let_in(connection)
        refusal: dict[str, Any] = {"messageType": 0, "ok": False, "error": "rate_limited"}
        await connection.send(array(refusal).decode())
        await connection.send(json.dumps({"message": "Internal server error", "connectionId": "c"}))
        await connection.close()

    async with a_viewer(handler) as viewer:
        connection = await viewer.enter()
        await connection.ended
        assert viewer._tally.refused_frames == {"rate_limited": 1, "Internal server error": 1}


async def test_one_who_stops_reading_gets_the_rest_when_it_reads_on() -> None:
    async def handler(connection: ServerConnection) -> None:
        await let_in(connection)
        await connection.recv()
        await connection.send(array(chat(3)).decode())
        await connection.wait_closed()

    def is_heard(connection: Connection) -> bool:
        return viewer.room.count_up()[OTHERS].frames > 1 and connection.is_open

    async with a_viewer(handler) as viewer:
        connection = await viewer.enter()
        connection.stop_reading()
        viewer.like()
        connection.read_on()
        while not is_heard(connection):
            await asyncio.sleep(0.01)
