"""One open WebSocket connection of the gateway: its outgoing frames, and when it was last used."""

import asyncio
import logging
from collections import deque

from local.aws.asgi import Message, Send
from local.aws.direct import WriteText
from local.aws.payloads import Session

logger = logging.getLogger(__name__)


class OutgoingFullError(Exception):
    """The client's outgoing buffer is full; the frame was not queued."""


class Connection:
    """Frames are sent in the order of `push`, and the close frame after them.

    `write_text` writes at once, where the server can. Nobody waits for a slow client: up to `outgoing_limit` bytes of
    frames queue here, on top of what the transport and the kernel buffer. `opened` and `last_active` are times of the
    event loop's clock.
    """

    def __init__(
        self, session: Session, send: Send, *, outgoing_limit: int, now: float, write_text: WriteText | None = None
    ) -> None:
        self.session = session
        self.opened = now
        self.last_active = now
        self.ended = False
        self.timer: asyncio.TimerHandle | None = None
        self.messages: set[asyncio.Task[None]] = set()  # those whose function has not answered
        self._send = send
        self._write_text = write_text
        self._limit = outgoing_limit
        self._outgoing: deque[tuple[Message, int]] = deque()
        self._waiting = 0
        self._writer: asyncio.Task[None] | None = None

    @property
    def last_active_ms(self) -> int:
        """When data was last sent or received, in ms since the epoch."""
        return self.session.connected_at_ms + round((self.last_active - self.opened) * 1000)

    def push(self, text: bytes, *, now: float) -> None:
        """Send a text frame (UTF-8), or queue it; raises OutgoingFullError. A frame after the end is dropped."""
        if self.ended:
            return
        if self._waiting + len(text) > self._limit:
            raise OutgoingFullError
        self.last_active = now
        if self._writer is not None or self._write_text is None or not self._write_text(text):
            self._enqueue({"type": "websocket.send", "text": text.decode()}, len(text))

    def close(self, code: int, reason: str) -> None:
        """Queue the close frame; to be called once, at the end."""
        self._enqueue({"type": "websocket.close", "code": code, "reason": reason}, 0)

    async def flushed(self) -> None:
        """Wait until every frame is sent, or the client is gone."""
        if self._writer is not None:
            await asyncio.wait((self._writer,))

    def _enqueue(self, message: Message, size: int) -> None:
        self._outgoing.append((message, size))
        self._waiting += size
        if self._writer is None:
            # In a task, because `send` waits while the transport is full and the caller must not wait.
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._outgoing:
                message, size = self._outgoing[0]
                await self._send(message)
                self._outgoing.popleft()
                self._waiting -= size
        except (OSError, RuntimeError) as error:
            # OSError: the client is gone. RuntimeError: the server has sent a close frame of its own (1009).
            logger.debug("%s: not sent: %s", self.session.connection_id, error)
            self._outgoing.clear()
            self._waiting = 0
        finally:
            self._writer = None
