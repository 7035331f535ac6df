import asyncio

import pytest

from local.aws.asgi import Message
from local.aws.connection import Connection, OutgoingFullError
from local.aws.payloads import Session

SESSION = Session(connection_id="a" * 15 + "=", connected_at_ms=1000, source_ip="127.0.0.1", user_agent=None)


class Wire:
    """An ASGI `send` that can be held back, or broken."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.open = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, message: Message) -> None:
        await self.open.wait()
        if self.error:
            raise self.error
        self.sent.append(message)

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.sent if message["type"] == "websocket.send"]


def connection(wire: Wire, *, limit: int = 100) -> Connection:
    return Connection(SESSION, wire, outgoing_limit=limit, now=50.0)


async def test_frames_go_out_in_the_order_they_were_pushed_and_the_close_last() -> None:
    wire = Wire()
    client = connection(wire)
    for text in ("a", "b"):
        client.push(text.encode(), now=51)
    client.close(1000, "done")
    assert wire.sent == []
    wire.open.set()
    await client.flushed()
    assert wire.texts == ["a", "b"]
    assert wire.sent[-1] == {"type": "websocket.close", "code": 1000, "reason": "done"}


async def test_what_a_slow_client_has_not_taken_is_bounded() -> None:
    wire = Wire()
    client = connection(wire, limit=100)
    client.push(b"x" * 60, now=51)
    client.push(b"y" * 40, now=51)
    with pytest.raises(OutgoingFullError):
        client.push(b"z", now=52)
    wire.open.set()
    await client.flushed()
    client.push(b"z", now=53)
    await client.flushed()
    assert [len(text) for text in wire.texts] == [60, 40, 1]


async def test_a_refused_frame_is_no_activity() -> None:
    client = connection(Wire(), limit=1)
    client.push(b"a", now=51)
    with pytest.raises(OutgoingFullError):
        client.push(b"b", now=99)
    assert client.last_active == 51


async def test_a_client_that_is_gone_takes_what_waited_with_it() -> None:
    for error in (OSError("gone"), RuntimeError("close was sent")):
        wire = Wire()
        client = connection(wire, limit=10)
        client.push(b"x" * 10, now=51)
        wire.error = error
        wire.open.set()
        await client.flushed()
        client.push(b"y" * 10, now=51)
        await client.flushed()
        assert wire.sent == [], error


async def test_after_the_end_nothing_is_pushed() -> None:
    wire = Wire()
    client = connection(wire)
    client.ended = True
    client.push(b"a", now=51)
    wire.open.set()
    await client.flushed()
    assert wire.sent == []


async def test_the_last_activity_is_told_in_wall_time() -> None:
    client = connection(Wire())
    assert client.last_active_ms == 1000
    client.push(b"a", now=52.5)
    assert client.last_active_ms == 3500


async def test_a_frame_is_written_at_once_where_the_server_can_and_never_before_one_that_waits() -> None:
    wire, written, writable = Wire(), list[bytes](), True

    def write_text(text: bytes) -> bool:
        if writable:
            written.append(text)
        return writable

    client = Connection(SESSION, wire, outgoing_limit=100, now=50.0, write_text=write_text)
    client.push(b"a", now=51)
    assert written == [b"a"]
    writable = False
    client.push(b"b", now=52)
    writable = True
    client.push(b"c", now=53)
    assert written == [b"a"]
    wire.open.set()
    await client.flushed()
    assert wire.texts == ["b", "c"]
    client.push(b"d", now=54)
    assert written == [b"a", b"d"]
    assert client.last_active == 54
