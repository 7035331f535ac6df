"""API Gateway's WebSocket API: handshakes, messages and closing, over ASGI scopes of type `websocket`.

Faithful: events and error frames letter for letter; the messages of one connection are invoked at the same time, in no
promised order; the `body` that the function of a two-way route returns is sent back, that of a one-way route is
discarded; a function that raises, times out or returns an invalid response gives the error frame; a binary frame closes
with 1003, and idling or the longest duration with 1001 "Going away" (pings are no data); `$disconnect` comes once,
whichever side closed, with code and reason, and is lost at the rate of `disconnect_loss`. The server limits frames and
messages (1009): uvicorn's `ws_max_size=(131072, 32768)`.
Not faithful: there is no route selection expression, so every message is for `$default`; no throttling. Few functions
run at once here, so frames wait for them: of one connection up to `messages_at_once`. The others wait in its socket and
cost nothing, and a DELETE drops all of them. On AWS none waits.
Not known, and chosen here: a two-way route's response with a status other than 2xx gives the error frame, as does a
reply above 128 KB; no `$disconnect` follows a refused `$connect`; if a client vanishes while `$connect` is pending, its
`$disconnect` (1006, no reason) follows once the function has succeeded; the reason of 1003 is empty; a lost TCP
connection is 1006 with an empty reason; frames POSTed before a DELETE are sent before the close frame; a reply to a
client whose outgoing buffer is full is dropped.
"""

import asyncio
import logging
import random
from collections.abc import Coroutine
from typing import Any

from local.aws import payloads
from local.aws.asgi import Message, Receive, Scope, Send, respond
from local.aws.connection import Connection, OutgoingFullError
from local.aws.direct import WRITE_TEXT, WriteText
from local.aws.function import FunctionError, Invoke
from local.aws.gateway_config import GatewayConfig
from local.aws.handshake import Handshake, RefusedError
from local.aws.ids import Ids
from local.aws.integration import Integration, IntegrationTimeoutError, MalformedAnswerError, read_answer
from local.aws.payloads import Occasion, Session

logger = logging.getLogger(__name__)

MESSAGE_LIMIT = 128 * 1024
GOING_AWAY = (1001, "Going away")
_NO_STATUS = 1005
_NO_STATUS_REASON = "Client-side close frame status not set"
_SERVER_RESTART = 1012


class Gateway:
    """An ASGI application. `connections` holds the open ones by id.

    `loss` decides which `$disconnect` events are lost.
    """

    def __init__(
        self,
        *,
        invoke: Invoke,
        config: GatewayConfig,
        loss: random.Random | None = None,
    ) -> None:
        self.config = config
        self.ids = Ids()
        self.connections: dict[str, Connection] = {}
        self._integration = Integration(invoke, timeout_seconds=config.integration_timeout_seconds)
        self._handshake = Handshake(config, self._integration, self.ids)
        self._loss = loss or random.Random()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        try:
            if self._stopped:
                raise RefusedError(503, "Service Unavailable")
            session, subprotocol = await self._handshake.run(scope)
        except RefusedError as refusal:
            await refusal.send(send)
            return
        write_text = scope.get("extensions", {}).get(WRITE_TEXT)
        connection = await self._open(session, subprotocol, send, write_text)
        if connection is not None:
            await self._read(connection, receive)

    def close(self, connection: Connection, code: int, reason: str) -> None:
        """Close from this side: the connection is gone at once, and `$disconnect` has this code and reason."""
        if not connection.ended:
            connection.close(code, reason)
            self._end(connection, code, reason)

    def delete(self, connection: Connection) -> None:
        """Close as the connections API does, and drop the frames that still wait for their function."""
        self.close(connection, 1000, "Connection Closed Normally")
        for message in connection.messages:
            message.cancel()

    async def stop(self) -> None:
        """Close every connection with 1001; no function is invoked any more, and none is waited for."""
        self._stopped = True
        open_now = list(self.connections.values())
        for connection in open_now:
            self.close(connection, *GOING_AWAY)
        self._integration.stop()
        flushing = [asyncio.create_task(connection.flushed()) for connection in open_now]
        waited = [*flushing, *self._tasks]
        if waited:
            # A client that does not read never gets its close frame.
            _, late = await asyncio.wait(waited, timeout=1)
            for task in late:
                task.cancel()

    async def _open(
        self, session: Session, subprotocol: str | None, send: Send, write_text: WriteText | None
    ) -> Connection | None:
        now, limit = asyncio.get_running_loop().time(), self.config.outgoing_limit
        connection = Connection(session, send, outgoing_limit=limit, now=now, write_text=write_text)
        try:
            await send({"type": "websocket.accept", "subprotocol": subprotocol})
        except OSError:
            self._end(connection, 1006, "")
            return None
        self.connections[session.connection_id] = connection
        self._watch(connection)
        return connection

    async def _read(self, connection: Connection, receive: Receive) -> None:
        loop = asyncio.get_running_loop()
        while True:
            while len(connection.messages) >= self.config.messages_at_once:
                await asyncio.wait(connection.messages, return_when=asyncio.FIRST_COMPLETED)
            event = await receive()
            if event["type"] == "websocket.disconnect":
                code, reason = _closing(event)
                self._end(connection, code, reason, silently=code == _SERVER_RESTART and "reason" not in event)
                return
            if connection.ended:
                continue
            connection.last_active = loop.time()
            text = event.get("text")
            if text is None:
                self.close(connection, 1003, "")
            else:
                message = self._spawn(self._message(connection, text))
                connection.messages.add(message)
                message.add_done_callback(connection.messages.discard)

    def _watch(self, connection: Connection) -> None:
        """Close an idle connection, or one past its longest duration; else look again when that is next possible."""
        loop = asyncio.get_running_loop()
        idle = connection.last_active + self.config.idle_seconds
        due = min(idle, connection.opened + self.config.max_connection_seconds)
        if loop.time() >= due:
            self.close(connection, *GOING_AWAY)
        else:
            connection.timer = loop.call_at(due, self._watch, connection)

    def _end(self, connection: Connection, code: int, reason: str, *, silently: bool = False) -> None:
        if connection.ended:
            return
        connection.ended = True
        self.connections.pop(connection.session.connection_id, None)
        if connection.timer is not None:
            connection.timer.cancel()
        if not silently and not self._stopped:
            self._spawn(self._disconnect(connection, code, reason))

    async def _message(self, connection: Connection, text: str) -> None:
        target = self.config.routes.get("$default")
        occasion = self.ids.occasion()
        if target is None:
            self._push(connection, self._error("Forbidden", connection, occasion))
            return
        message_id = self.ids.message()
        event = payloads.message(self.config, connection.session, occasion, message_id=message_id, body=text)
        try:
            answer = read_answer(await self._integration.call(target.function, event))
            if not target.replies:
                return
            if not answer.ok:
                raise MalformedAnswerError(f"a two-way route answered {answer.status}")
            if len((answer.body or "").encode()) > MESSAGE_LIMIT:
                raise MalformedAnswerError(f"body is longer than {MESSAGE_LIMIT} bytes")
            if answer.body:
                self._push(connection, answer.body)
        except (FunctionError, IntegrationTimeoutError, MalformedAnswerError) as error:
            logger.warning("$default: %s: %s", target.function, error)
            self._push(connection, self._error("Internal server error", connection, occasion))

    async def _disconnect(self, connection: Connection, code: int, reason: str) -> None:
        target = self.config.routes.get("$disconnect")
        if target is None:
            return
        if self._loss.random() < self.config.disconnect_loss:
            logger.info("$disconnect of %s lost, as configured", connection.session.connection_id)
            return
        event = payloads.disconnect(self.config, connection.session, self.ids.occasion(), code=code, reason=reason)
        try:
            await self._integration.call(target.function, event)
        except (FunctionError, IntegrationTimeoutError) as error:
            if not self._stopped:
                logger.warning("$disconnect: %s: %s", target.function, error)

    def _push(self, connection: Connection, text: str) -> None:
        try:
            connection.push(text.encode(), now=asyncio.get_running_loop().time())
        except OutgoingFullError:
            logger.warning("%s reads too slowly: a frame was dropped", connection.session.connection_id)

    def _error(self, message: str, connection: Connection, occasion: Occasion) -> str:
        # API Gateway's template, spaces and all.
        connection_id, request_id = connection.session.connection_id, occasion.request_id
        return f'{{"message": "{message}", "connectionId":"{connection_id}", "requestId":"{request_id}"}}'

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def upgrade_required(scope: Scope, receive: Receive, send: Send) -> None:
    """The answer to a plain HTTP request at the WebSocket's address: 426. Its body on AWS is not known."""
    headers = [(b"content-type", b"application/json"), (b"upgrade", b"websocket")]
    await respond(send, 426, headers, b'{"message": "Upgrade Required"}')


def _closing(event: Message) -> tuple[int, str]:
    """Code and reason of a `websocket.disconnect`. Without "reason", the TCP connection was lost."""
    code: int = event.get("code") or _NO_STATUS
    reason: str | None = event.get("reason")
    if reason is None:
        return (code, "") if code == _SERVER_RESTART else (1006, "")
    if code == _NO_STATUS:
        return code, _NO_STATUS_REASON
    return code, reason
