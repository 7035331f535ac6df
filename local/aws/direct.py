"""Requests that the server answers at once: no task, no wait, one write.

Nine of ten requests are POSTs to connections, or reads of the gallery that the cache answers, and each costs the
emulator's one process CPU. An ASGI application takes a task, five messages and a header at a time; this is for what
needs none of these.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

from local.aws.asgi import Headers, Scope

WriteText = Callable[[bytes], bool]
"""Writes a text frame, UTF-8. False: the client cannot take it now, or no more; nothing was written."""

WRITE_TEXT = "live-rooms.write-text"
"""The key of a WriteText among the extensions of a WebSocket's scope."""


class Direct(Protocol):
    """Answers requests whose body has come as a whole."""

    limit: int
    """The most bytes of a body that it takes."""

    def takes(self, scope: Scope) -> bool:
        """Whether it answers a request with this head, instead of the application."""

    def answer(self, scope: Scope, body: bytes) -> bytes:
        """The whole response. Raises nothing."""


_HEADS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


def response(status: int, headers: Headers, body: bytes) -> bytes:
    """An HTTP response whose status allows a body."""
    lines = b"".join([b"%b: %b\r\n" % pair for pair in headers])
    return b"%b%bcontent-length: %d\r\n\r\n%b" % (_HEADS[status], lines, len(body), body)


def text_frame(data: bytes) -> bytes:
    """A server's WebSocket frame of a whole text (RFC 6455, 5.2)."""
    size = len(data)
    if size < 126:
        return b"\x81%c%b" % (size, data)
    if size < 65536:
        return b"\x81\x7e%b%b" % (size.to_bytes(2, "big"), data)
    return b"\x81\x7f%b%b" % (size.to_bytes(8, "big"), data)
