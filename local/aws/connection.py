"""One open WebSocket connection, seen from the gateway: what goes out, and when it was last used."""

import asyncio
import logging
from collections import deque

from local.aws.asgi import Message, Send
from local.aws.payloads import Session

logger = logging.getLogger(__name__)


class OutgoingFullError(Exception):
    """So much waits for this client already that no more is taken; the frame was not queued."""


class Connection:
    """Frames are sent in the order of `push`, and a `close` comes after them.

    Nothing waits for a slow client: frames queue up to `outgoing_limit` bytes here, on top of what the
    transport and the kernel buffer. `opened` and `last_active` are times of the event loop's clock.
    """

    def __init__(self, session: Session, send: Send, *, outgoing_limit: int, now: float) -> None:
        self.session = session
        self.opened = now
        self.last_active = now
        self.ended = False
        self.timer: asyncio.TimerHandle | None = None
        self._send = send
        self._limit = outgoing_limit
        self._outgoing: deque[tuple[Message, int]] = deque()
        self._waiting = 0
        self._writer: asyncio.Task[None] | None = None

    @property
    def last_active_ms(self) -> int:
        """When data last went either way, in ms since the epoch."""
        return self.session.connected_at_ms + round((self.last_active - self.opened) * 1000)

    def push(self, text: str, size: int, *, now: float) -> None:
        """Queue a text frame of `size` bytes; raises OutgoingFullError. After the end it is dropped."""
        if self.ended:
            return
        if self._waiting + size > self._limit:
            raise OutgoingFullError
        self.last_active = now
        self._enqueue({"type": "websocket.send", "text": text}, size)

    def close(self, code: int, reason: str) -> None:
        """Queue the close frame; call it once, at the end."""
        self._enqueue({"type": "websocket.close", "code": code, "reason": reason}, 0)

    async def flushed(self) -> None:
        """Returns when nothing waits to be sent, also because the client is gone."""
        if self._writer is not None:
            await asyncio.wait((self._writer,))

    def _enqueue(self, message: Message, size: int) -> None:
        self._outgoing.append((message, size))
        self._waiting += size
        if self._writer is None:
            # A task, not an await: `send` waits while the transport is full, and the caller must not.
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
