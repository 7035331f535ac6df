"""A viewer's WebSocket: the websockets library's sans-I/O client on an asyncio protocol.

A connection has no task and no queue of its own, and a frame that another viewer got before is not read again. So
thousands of viewers fit into a process. See docs/load.md.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import BINARY, CONT, TEXT, Frame
from websockets.http11 import Request, Response
from websockets.protocol import CONNECTING, OPEN
from websockets.typing import BytesLike

from functions.rooms.identity import SUBPROTOCOL
from tools.load.presence import Presence
from tools.load.room import Room
from tools.objects import Object, Unreadable

# API Gateway sends messages of at most 128 KB.
MESSAGE_BYTES = 1024 * 1024


class Refused(Exception):
    """The connection was not opened; the text is the status of the answer, or what happened instead of one."""


class Connection(asyncio.Protocol):
    """`welcomed` is done with the welcome, or fails with Refused; `ended` is done with the reason of the end. `cut_off`
    is why the viewer is not to come back.

    `client` has not connected yet. `replied` is called with every reply.
    """

    def __init__(
        self, client: ClientProtocol, room: Room, presence: Presence, replied: Callable[[Object], None]
    ) -> None:
        loop = asyncio.get_running_loop()
        self.presence = presence
        self.welcomed: asyncio.Future[Object] = loop.create_future()
        self.ended: asyncio.Future[str] = loop.create_future()
        self.cut_off = ""
        self._client = client
        self._room = room
        self._replied = replied
        self._fragments: list[BytesLike] = []
        self._reason = ""
        self._transport: asyncio.Transport

    @property
    def is_open(self) -> bool:
        """Whether frames can be sent: the viewer was welcomed, and neither side has closed the connection."""
        return self.presence.since is not None and self._can_send

    @property
    def _can_send(self) -> bool:
        return self._client.state is OPEN and not self._transport.is_closing()

    def send(self, text: str) -> None:
        self._client.send_text(text.encode())
        self._flush()

    async def close(self, seconds: float) -> None:
        """Close as a client should; drop the connection if the server has not closed it in time."""
        if self._can_send:
            self._client.send_close(1000)
            self._flush()
        await asyncio.wait((self.ended,), timeout=seconds)
        self.abort()

    def abort(self) -> None:
        """Drop the TCP connection without a close frame."""
        self._transport.abort()

    def stop_reading(self) -> None:
        """Leave what comes to the buffers of the kernel."""
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def read_on(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by type
        request = self._client.connect()
        request.headers["User-Agent"] = "live-rooms-load"
        self._client.send_request(request)
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._client.receive_data(data)
        self._take_events()

    def eof_received(self) -> None:
        # An answer to the handshake may end with the connection. A frame cannot.
        if self._client.state is CONNECTING:
            self._client.receive_eof()
            self._take_events()

    def connection_lost(self, error: Exception | None) -> None:
        reason = self._reason or ("dropped" if error is None else "reset")
        self.ended.set_result(reason)
        if not self.welcomed.done():
            self.welcomed.set_exception(Refused(reason))
            self.welcomed.exception()  # whoever waited for it may have given up

    def _take_events(self) -> None:
        """Handle what the library has read. The first reason for an end counts, and ends the connection."""
        client = self._client
        try:
            for event in client.events_received():
                self._take(event)
        except Unreadable as error:
            self._fail(str(error))
            return
        self._flush()
        if client.handshake_exc is not None:
            self._fail(_refusal(client.handshake_exc))
        elif client.parser_exc is not None:
            self._fail(f"a broken frame: {client.parser_exc}")
        elif client.close_rcvd is not None:
            self._reason = self._reason or str(int(client.close_rcvd.code))
            self._transport.close()

    def _take(self, event: Request | Response | Frame) -> None:
        if not isinstance(event, Frame):
            is_live = SUBPROTOCOL in (self._client.available_subprotocols or ())
            if self._client.state is OPEN and self._client.subprotocol != (SUBPROTOCOL if is_live else None):
                raise Unreadable("the server chose another subprotocol")
        elif event.opcode is BINARY:
            raise Unreadable("a binary frame")
        elif event.opcode in (TEXT, CONT):
            self._fragments.append(event.data)
            if event.fin:
                fragments, self._fragments = self._fragments, []
                self._hear(fragments[0] if len(fragments) == 1 else b"".join(fragments))

    def _hear(self, payload: BytesLike) -> None:
        heard = self._room.hear(payload)
        self.cut_off = self.cut_off or heard.cut_off
        self._reason = self._reason or heard.cut_off
        self._room.receive(heard, self.presence)
        for reply in heard.replies:
            self._replied(reply)
        if heard.welcome is not None and not self.welcomed.done():
            self.welcomed.set_result(heard.welcome)

    def _fail(self, reason: str) -> None:
        self._reason = self._reason or reason
        self._transport.abort()

    def _flush(self) -> None:
        for data in self._client.data_to_send():
            if data:  # an empty one stands for the end of what is sent, which closing tells too
                self._transport.write(data)


def _refusal(error: Exception) -> str:
    if isinstance(error, InvalidStatus):
        return str(error.response.status_code)
    return "dropped" if isinstance(error.__cause__, EOFError) else f"the handshake failed: {error}"
