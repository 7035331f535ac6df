"""ASGI: the types of its three arguments, and the two things every HTTP part does with them."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


class BodyTooLargeError(Exception):
    """The request's body is longer than the reader allows."""


class ClientGoneError(Exception):
    """The client went away before its request was complete."""


async def read_body(receive: Receive, *, limit: int) -> bytes:
    """The request body; raises BodyTooLargeError past `limit` bytes, ClientGoneError if it broke off."""
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


async def respond(send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
    """A whole HTTP response; `headers` without content-length, which is added where the status allows one."""
    if status not in {204, 304}:
        headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
