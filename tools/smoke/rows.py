"""The rows of `smoke --conform`: a section and a behaviour of docs/emulator.md, what the emulator does, and how to ask.

Left out is what an outsider cannot see or must wait long for: events and `$disconnect` (their functions' logs), idle
connections (10 minutes), half a request (30 seconds), mappings.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tools.objects import objects_in
from tools.smoke.probe import USER, NotAsked, Probe, closed

Ask = Callable[[Probe], Awaitable[str]]


@dataclass(frozen=True)
class Row:
    section: str
    behaviour: str
    emulator: str
    ask: Ask


async def _other_path(probe: Probe) -> str:
    return await probe.handshake(path="/elsewhere")


async def _path_form(probe: Probe) -> str:
    if not probe.is_local and ".execute-api." in probe.options.url:
        raise NotAsked("--url is API Gateway's own, which has no such paths; CloudFront has")
    path = f"{urlsplit(probe.options.url).path}/{probe.options.activity_id}/{USER}"
    return await probe.handshake(path=path, query="")


async def _odd_user(probe: Probe) -> str:
    path = f"/activities/{probe.options.activity_id}/mutes"
    await probe.platform("PUT", path, {"userId": "smoke/conform?", "seconds": 1})
    return await probe.platform("DELETE", f"{path}?userId=smoke%2Fconform%3F")


async def _large_body(probe: Probe) -> str:
    path = f"/activities/{probe.options.activity_id}/notices"
    return await probe.platform("POST", path, {"name": "smoke", "data": {"filler": "x" * 11_000_000}})


async def _no_query(probe: Probe) -> str:
    return await probe.handshake(query="")


async def _long_url(probe: Probe) -> str:
    query = urlsplit(probe.options.url).query
    return await probe.handshake(query=f"{query}&filler={'x' * 4200}")


async def _long_header(probe: Probe) -> str:
    return await probe.handshake(headers={"X-Filler": "x" * 9000})


async def _many_headers(probe: Probe) -> str:
    return await probe.handshake(headers={f"X-Filler-{number}": "x" for number in range(140)})


async def _plain(probe: Probe) -> str:
    return await probe.get()


async def _binary(probe: Probe) -> str:
    connection = await probe.enter()
    await connection.send(b"\x00\x01")
    return await closed(connection)


async def _large_frame(probe: Probe) -> str:
    connection = await probe.enter()
    await connection.send("x" * 33_000)
    return await closed(connection)


async def _large_message(probe: Probe) -> str:
    connection = await probe.enter()
    await _send_parts(connection, ["x" * 30_000] * 5)
    return await closed(connection)


async def _send_parts(connection: ClientConnection, parts: list[str]) -> None:
    try:
        await connection.send(parts)
    except ConnectionClosed:  # it was, before the last part
        return


async def _id_form(probe: Probe) -> str:
    connection = await probe.enter()
    id = await _connection_id(connection)
    await connection.close()
    return "16 characters of base64url that end in =" if re.fullmatch(r"[A-Za-z0-9_-]{15}=", id) else id


async def _connection_id(connection: ClientConnection) -> str:
    """As the welcome tells it."""
    while True:
        for one in objects_in(await connection.recv()):
            if "connectionId" in one:
                return str(one["connectionId"])


async def _malformed_id(probe: Probe) -> str:
    return await probe.connections("get_connection", ConnectionId="nonsense")


async def _gone(probe: Probe) -> str:
    connection = await probe.enter()
    id = await _connection_id(connection)
    await connection.close()
    return await probe.connections("post_to_connection", ConnectionId=id, Data=b"{}")


async def _got(probe: Probe) -> str:
    return await _with_viewer(probe, lambda id: probe.connections("get_connection", ConnectionId=id))


async def _too_large(probe: Probe) -> str:
    data = b"x" * (128 * 1024 + 1)
    return await _with_viewer(probe, lambda id: probe.connections("post_to_connection", ConnectionId=id, Data=data))


async def _not_utf8(probe: Probe) -> str:
    return await _with_viewer(
        probe, lambda id: probe.connections("post_to_connection", ConnectionId=id, Data=b"\xff\xfe")
    )


async def _with_viewer(probe: Probe, ask: Callable[[str], Awaitable[str]]) -> str:
    connection = await probe.enter()
    try:
        return await ask(await _connection_id(connection))
    finally:
        await connection.close()


async def _frame_type(probe: Probe) -> str:
    connection = await probe.enter()
    id = await _connection_id(connection)
    answered = await probe.connections("post_to_connection", ConnectionId=id, Data=b'{"conform":1}')
    if not answered.startswith("200"):
        raise NotAsked(f"a POST is answered with {answered}")
    try:
        while True:
            frame = await connection.recv()
            if "conform" in (frame if isinstance(frame, str) else frame.decode()):
                return "text" if isinstance(frame, str) else "binary"
    finally:
        await connection.close()


async def _deleted(probe: Probe) -> str:
    """What a viewer is sent by a POST and the DELETE that follows at once."""
    connection = await probe.enter()
    id = await _connection_id(connection)
    await probe.connections("post_to_connection", ConnectionId=id, Data=b'{"conform":2}')
    answered = await probe.connections("delete_connection", ConnectionId=id)
    came = "not"
    try:
        while True:
            if "conform" in str(await connection.recv()):
                came = "first"
    except ConnectionClosed:
        close = f"{connection.close_code} {connection.close_reason}".rstrip()
        return f"{answered}; the frame came {came}; closed with {close}"


async def _unsigned(probe: Probe) -> str:
    return await probe.unsigned()


ROWS = (
    Row("Handshake", "path", '403 {"message": "Forbidden"}', _other_path),
    Row("Handshake", "path form of an address, which CloudFront rewrites", "101", _path_form),
    Row("Handshake", "body of a refusal: no query", '401 {"message": "Unauthorized"}', _no_query),
    Row("Handshake", "URL above 4,096 characters", '414 {"message": "Request-URI Too Long"}', _long_url),
    Row("Handshake", "header above 8 KB", '431 {"message": "Request Header Fields Too Large"}', _long_header),
    Row("Handshake", "more than 128 headers", '431 {"message": "Request Header Fields Too Large"}', _many_headers),
    Row("Handshake", "plain HTTP request to the WebSocket's address", '426 {"message": "Upgrade Required"}', _plain),
    Row("Events", "form of ids", "16 characters of base64url that end in =", _id_form),
    Row("Messages", "binary frame", "1003", _binary),
    Row("Messages", "frame above 32 KB", "1009 frame with 33000 bytes exceeds limit of 32768 bytes", _large_frame),
    Row(
        "Messages",
        "message above 128 KB",
        "1009 frame with 30000 bytes after reading 120000 bytes exceeds limit of 131072 bytes",
        _large_message,
    ),
    Row("Connections API", "malformed id", "400 BadRequestException Invalid connectionId: nonsense", _malformed_id),
    Row("Connections API", "connection gone", "410 GoneException", _gone),
    Row("Connections API", "GET", "200 ConnectedAt, Identity, LastActiveAt", _got),
    Row("Connections API", "more than 128 KB", "413 PayloadTooLargeException Request Too Long", _too_large),
    Row("Connections API", "body that is not UTF-8", "400 BadRequestException Data is not UTF-8 text", _not_utf8),
    Row("Connections API", "frame type of a POST", "text", _frame_type),
    Row(
        "Connections API",
        "frames POSTed before a DELETE",
        "204; the frame came first; closed with 1000 Connection Closed Normally",
        _deleted,
    ),
    Row("HTTP API", "a query with an encoded slash and question mark", "204", _odd_user),
    Row("HTTP API", "body above 10 MB", "413", _large_body),
    Row("Connections API", "no signature", '403 {"message": "Missing Authentication Token"}', _unsigned),
)
