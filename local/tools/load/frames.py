"""The client's side of WebSocket frames (RFC 6455), as little of it as API Gateway needs: no extensions.

A client of the websockets library for each viewer costs several times as much; see docs/load.md.
"""

from collections.abc import Iterator
from typing import NamedTuple

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_CONTINUATION = 0
# API Gateway sends messages of at most 128 KB.
MESSAGE_BYTES = 1024 * 1024


class BrokenFrame(Exception):
    """What the server sent is no WebSocket frame, or one that a server must not send."""


class Message(NamedTuple):
    """A whole message, or a control frame."""

    opcode: int
    payload: bytes


def masked(opcode: int, payload: bytes, key: bytes) -> bytes:
    """A frame as a client sends it, under a masking key of four random bytes; `payload` has less than 64 KB."""
    size = len(payload)
    length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2)
    mask = (key * (size // 4 + 1))[:size]
    body = (int.from_bytes(payload) ^ int.from_bytes(mask)).to_bytes(size)
    return bytes((0x80 | opcode,)) + length + key + body


def unmasked(opcode: int, payload: bytes) -> bytes:
    """A frame as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 65536:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2) + payload
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8) + payload


class FrameReader:
    """Makes messages of what a server sends, in whatever pieces it arrives."""

    def __init__(self) -> None:
        self._buffer = b""
        self._opcode = 0
        self._fragments: list[bytes] = []

    @property
    def is_between(self) -> bool:
        """Whether what comes next is the first byte of a message."""
        return not self._buffer and not self._fragments

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that `data` completes; raises BrokenFrame. Read it to the end."""
        buffer = self._buffer + data if self._buffer else data
        position = 0
        while (frame := _frame(buffer, position)) is not None:
            first, start, end = frame
            position = end
            message = self._message(first, buffer[start:end])
            if message is not None:
                yield message
        self._buffer = buffer[position:]

    def _message(self, first: int, payload: bytes) -> Message | None:
        final, opcode = first & 0x80, first & 0x0F
        if opcode >= CLOSE:
            if not final or len(payload) > 125 or opcode > PONG:
                raise BrokenFrame("a control frame that is none")
            return Message(opcode, payload)
        if opcode > BINARY or (opcode == _CONTINUATION) != bool(self._opcode):
            raise BrokenFrame("a frame out of turn, or of no known kind")
        if opcode != _CONTINUATION:
            if final:
                return Message(opcode, payload)
            self._opcode = opcode
        self._fragments.append(payload)
        if sum(map(len, self._fragments)) > MESSAGE_BYTES:
            raise BrokenFrame("a message that is too long")
        return self._joined() if final else None

    def _joined(self) -> Message:
        message = Message(self._opcode, b"".join(self._fragments))
        self._opcode, self._fragments = 0, []
        return message


def _frame(buffer: bytes, position: int) -> tuple[int, int, int] | None:
    """The first byte of the frame at `position`, and where its payload starts and ends; None if it is not all there."""
    left = len(buffer) - position
    if left < 2:
        return None
    first, size = buffer[position], buffer[position + 1]
    if first & 0x70 or size & 0x80:
        raise BrokenFrame("a frame with an extension, or masked")
    start = position + 2
    if size >= 126:
        width = 2 if size == 126 else 8
        if left < 2 + width:
            return None
        size = int.from_bytes(buffer[start : start + width])
        start += width
    if size > MESSAGE_BYTES:
        raise BrokenFrame("a frame that is too long")
    end = start + size
    return (first, start, end) if end <= len(buffer) else None
