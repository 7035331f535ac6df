"""Clients that break the WebSocket protocol: RFC 6455 says with which code each is closed."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from local.aws.function import JsonObject
from tests.local.aws.serving import WAIT_SECONDS, Functions, RawClient, Site

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
Sends = Callable[[RawClient], object]


def raw(data: bytes) -> Sends:
    return lambda client: client.writer.write(data)


def frames(*sent: tuple[int, bytes, bool]) -> Sends:
    def send(client: RawClient) -> None:
        for opcode, payload, final in sent:
            client.send(opcode, payload, final=final)

    return send


NO_TEXT: dict[str, Sends] = {
    "one frame": frames((TEXT, b"\xff\xfe", True)),
    "a surrogate": frames((TEXT, b"\xed\xa0\x80", True)),
    "an overlong slash": frames((TEXT, b"\xc0\xaf", True)),
    "half a character": frames((TEXT, "é".encode()[:1], True)),
    "two fragments": frames((TEXT, b"fine", False), (CONTINUATION, b"\xff", True)),
    "an end in the middle of a character": frames((TEXT, b"\xe2", False), (CONTINUATION, b"\x82", True)),
    "a ping in between": frames((TEXT, b"fine", False), (PING, b"", True), (CONTINUATION, b"\xff", True)),
    "the reason of a close frame": frames((CLOSE, b"\x03\xe8\xff\xff", True)),
}
NO_PROTOCOL: dict[str, Sends] = {
    "no mask": raw(b"\x81\x02hi"),
    "reserved bits": raw(b"\xf1\x82\0\0\0\0hi"),
    "compressed without agreement": raw(b"\xc1\x82\0\0\0\0hi"),
    "an unknown opcode": frames((3, b"", True)),
    "an unknown control opcode": frames((11, b"", True)),
    "a continuation of nothing": frames((CONTINUATION, b"x", True)),
    "a message inside a message": frames((TEXT, b"x", False), (TEXT, b"y", True)),
    "a ping in fragments": frames((PING, b"x", False)),
    "a ping of 126 bytes": frames((PING, b"x" * 126, True)),
    "a close frame of one byte": frames((CLOSE, b"\x03", True)),
    "code 1005 in a close frame": frames((CLOSE, b"\x03\xed", True)),
    "code 999 in a close frame": frames((CLOSE, b"\x03\xe7", True)),
}
BROKEN = [(1007, kind, send) for kind, send in NO_TEXT.items()] + [
    (1002, kind, send) for kind, send in NO_PROTOCOL.items()
]


async def close_code(client: RawClient) -> int:
    """The code of the close frame; frames before it are passed over."""
    while True:
        opcode, payload = await client.frame()
        if opcode == CLOSE:
            return int.from_bytes(payload[:2], "big")


async def send_for_ever(client: RawClient) -> None:
    while True:
        client.send(TEXT, b"x" * 1000)
        await client.writer.drain()


@pytest.mark.parametrize(("code", "send"), [pytest.param(code, send, id=kind) for code, kind, send in BROKEN])
async def test_a_client_that_breaks_the_protocol_is_closed_with_one_line_in_the_log(
    site: Site, functions: Functions, caplog: pytest.LogCaptureFixture, code: int, send: Sends
) -> None:
    client, _ = await RawClient.handshake(site.port)
    client.send(TEXT, b"before")
    send(client)
    assert await close_code(client) == code
    event = await functions.called("disconnect")
    assert event["requestContext"]["disconnectStatusCode"] == code
    assert (await functions.called("message"))["body"] == "before"
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.exc_info for record in warnings] == [None]
    assert f"closed with {code}: " in warnings[0].getMessage()
    await client.close()


async def test_a_client_that_goes_on_sending_still_gets_its_close_frame(site: Site, functions: Functions) -> None:
    client, _ = await RawClient.handshake(site.port)
    client.send(TEXT, b"\xff")
    for _ in range(100):
        client.send(TEXT, b"x" * 30_000)
    assert await close_code(client) == 1007
    assert await client.reader.read() == b""
    assert (await functions.called("disconnect"))["requestContext"]["disconnectStatusCode"] == 1007
    assert functions.of("message") == []
    await client.close()


async def test_the_server_hangs_up_on_one_that_never_does(
    site: Site, functions: Functions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.aws.web_server.LINGER_SECONDS", 0.05)
    client, _ = await RawClient.handshake(site.port)
    client.send(TEXT, b"\xff")
    assert await close_code(client) == 1007
    async with asyncio.timeout(WAIT_SECONDS):
        with pytest.raises(ConnectionError):
            await send_for_ever(client)
    await client.close()


async def test_a_broken_frame_before_the_handshake_is_over_ends_it(
    site: Site, functions: Functions, caplog: pytest.LogCaptureFixture
) -> None:
    release = asyncio.Event()

    async def slow(event: JsonObject) -> JsonObject:
        await release.wait()
        return {"statusCode": 200}

    functions.answers["connect"] = slow
    client = await RawClient.request(site.port)
    await functions.called("connect")
    client.writer.write(b"\x81\x02hi")
    async with asyncio.timeout(WAIT_SECONDS):
        await client.reader.read()
    release.set()
    assert (await functions.called("disconnect"))["requestContext"]["disconnectStatusCode"] == 1006
    assert "Traceback" not in caplog.text
    await client.close()


async def test_garbage_instead_of_the_reply_to_a_close_frame_is_not_told(
    site: Site, functions: Functions, caplog: pytest.LogCaptureFixture
) -> None:
    client, _ = await RawClient.handshake(site.port)
    client.send(BINARY, b"x")
    assert await close_code(client) == 1003
    client.send(3, b"garbage")
    async with asyncio.timeout(WAIT_SECONDS):
        assert await client.reader.read() == b""
    assert (await functions.called("disconnect"))["requestContext"]["disconnectStatusCode"] == 1003
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    await client.close()
