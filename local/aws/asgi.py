"""ASGI: the types of an application, and how its parts read a request and respond."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


class BodyTooLargeError(Exception):
    """The request's body is longer than the reader allows."""


class ClientGoneError(Exception):
    """The client went away before its request was complete."""


async def read_body(receive: Receive, *, limit: int) -> bytes:
    """The request's body; raises BodyTooLargeError above `limit` bytes, ClientGoneError when the client goes away."""
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        body += message.get("body", b"")
        if len(body) > limit:
            raise BodyTooLargeError
        more = message.get("more_body", False)
    return body


def text_headers(scope: Scope) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]


def joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The values of each name, joined by commas."""
    values: dict[str, str] = {}
    for name, value in pairs:
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def source_ip(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""


async def respond(send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
    """Send a whole HTTP response; a content-length is added to `headers` where the status allows one."""
    if status not in {204, 304}:
        headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
