"""A viewer's WebSocket, as cheap as asyncio allows: a frame that is known already is compared and counted, no more."""

import asyncio
import os
from collections.abc import Callable
from typing import cast

from local.tools.load.frames import BINARY, CLOSE, PING, PONG, TEXT, BrokenFrame, FrameReader, Message, masked
from local.tools.load.handshake import BadResponse, new_key, status_of
from local.tools.load.heard import Heard, Object, Unreadable
from local.tools.load.presence import Presence
from local.tools.load.room import Room

_HEAD_BYTES = 16 * 1024


class Refused(Exception):
    """The connection did not come about; the text is a status, or what happened instead of one."""


class Connection(asyncio.Protocol):
    """One connection. `welcomed` is done with the welcome, or fails with Refused; `ended` with why it is over.

    `request` makes the opening request for a key. `replied` is told of every reply.
    """

    def __init__(
        self,
        request: Callable[[bytes], bytes],
        room: Room,
        presence: Presence,
        *,
        subprotocol: str | None,
        replied: Callable[[Object], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        self.presence = presence
        self.welcomed: asyncio.Future[Object] = loop.create_future()
        self.ended: asyncio.Future[str] = loop.create_future()
        self._room = room
        self._request = request
        self._subprotocol = subprotocol
        self._replied = replied
        self._key = new_key()
        self._head: bytes | None = b""  # of the response, until it is all there
        self._reader = FrameReader()
        self._reason = ""
        self._closing = False
        self._transport: asyncio.Transport

    @property
    def is_open(self) -> bool:
        """Whether frames can be sent: it was welcomed, and neither side has closed it."""
        return self.presence.since is not None and not self._closing and not self.ended.done()

    def send(self, text: str) -> None:
        """Send a text frame."""
        self._transport.write(masked(TEXT, text.encode(), os.urandom(4)))

    async def close(self, seconds: float) -> None:
        """Close as a client should; drop it if the other side has not closed in time. Returns when it is over."""
        if not self._closing:
            self._closing = True
            self._transport.write(masked(CLOSE, (1000).to_bytes(2), os.urandom(4)))
        await asyncio.wait((self.ended,), timeout=seconds)
        self.abort()

    def abort(self) -> None:
        """Drop the TCP connection without a word."""
        self._closing = True
        self._transport.abort()

    def stop_reading(self) -> None:
        """Leave what comes to the buffers of the kernel."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def read_on(self) -> None:
        """Undo `stop_reading`."""
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP, and TLS, are there."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by type
        self._transport.write(self._request(self._key))

    def data_received(self, data: bytes) -> None:
        """What nearly every call brings is one frame that others have got too."""
        if self._head is None and self._reader.is_between:
            room = self._room
            heard = room.newest if data == room.newest.raw else room.recall(data)
            if heard is not None:
                room.receive(heard, self.presence)
                return
        try:
            self._take(data)
        except (BrokenFrame, BadResponse, Unreadable) as error:
            self._fail(str(error))

    def connection_lost(self, error: Exception | None) -> None:
        """It is over, for whichever reason came first."""
        reason = self._reason or ("dropped" if error is None else "reset")
        self._closing = True
        self.ended.set_result(reason)
        if not self.welcomed.done():
            self.welcomed.set_exception(Refused(reason))
            self.welcomed.exception()  # whoever waited for it may have given up

    def _take(self, data: bytes) -> None:
        if self._head is not None:
            self._head += data
            head, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                if len(head) > _HEAD_BYTES:
                    raise BadResponse("the answer to the handshake is too long")
                return
            self._head = None
            status = status_of(head, key=self._key, subprotocol=self._subprotocol)
            if status != 101:
                self._fail(str(status))
                return
        for message in self._reader.feed(data):
            self._handle(message)

    def _handle(self, message: Message) -> None:
        if message.opcode == TEXT:
            self._hear(self._room.hear(message.payload))
        elif message.opcode == PING:
            self._transport.write(masked(PONG, message.payload, os.urandom(4)))
        elif message.opcode == CLOSE:
            self._reason = self._reason or str(int.from_bytes(message.payload[:2]) or 1005)
            if not self._closing:
                self._transport.write(masked(CLOSE, message.payload[:2], os.urandom(4)))
            self._closing = True
            self._transport.close()
        elif message.opcode == BINARY:
            raise BrokenFrame("a binary frame")

    def _hear(self, heard: Heard) -> None:
        self._room.receive(heard, self.presence)
        for reply in heard.replies:
            self._replied(reply)
        if heard.welcome is not None and not self.welcomed.done():
            self.welcomed.set_result(heard.welcome)

    def _fail(self, reason: str) -> None:
        self._reason = self._reason or reason
        self._closing = True
        self._transport.abort()
