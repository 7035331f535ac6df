"""API Gateway's WebSocket API: handshakes, messages, closing, over ASGI scopes of type `websocket`.

Faithful: events and error frames letter for letter; the messages of one connection are invoked at the same
time, in no promised order; what a two-way route's function returns as `body` is sent back, a one-way route's
is discarded; a function that raises, times out or answers with what is no proxy response gives the error
frame; binary closes with 1003, idling and the longest duration with 1001 "Going away" (pings are no data);
`$disconnect` once, from whichever side, with code and reason, and lost at the rate of `disconnect_loss`. The
frame and message sizes (1009) are the server's to hold: uvicorn's `ws_max_size=(131072, 32768)`.
Not faithful: there is no route selection expression, every message is for `$default`; no throttling.
Not known on AWS, and chosen here: a two-way route answering with a non-2xx status gives the error frame, as
does a reply above 128 KB; `$disconnect` does not follow a refused `$connect`; a client that vanishes while
`$connect` is pending gets its `$disconnect` (1006, no reason) once the function has succeeded; the reason of
1003 is empty; a lost TCP connection is 1006 with an empty reason; frames POSTed before a DELETE are sent
before the close frame.
Reply frames for a client whose outgoing buffer is full are dropped.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any

from local.aws import payloads
from local.aws.asgi import Message, Receive, Scope, Send, respond
from local.aws.connection import Connection, OutgoingFullError
from local.aws.gateway_config import AuthorizerTarget, GatewayConfig, RouteTarget
from local.aws.handshake import Admitted, Handshake, RefusedError
from local.aws.ids import Ids
from local.aws.integration import Integration, IntegrationTimeoutError, MalformedAnswerError, read_answer
from local.aws.lambda_runtime import FunctionError, Invoke
from local.aws.payloads import Occasion

__all__ = ["AuthorizerTarget", "Gateway", "GatewayConfig", "RouteTarget", "upgrade_required"]

logger = logging.getLogger(__name__)

MESSAGE_LIMIT = 128 * 1024
GOING_AWAY = (1001, "Going away")
_NO_STATUS = 1005
_NO_STATUS_REASON = "Client-side close frame status not set"
_SERVER_RESTART = 1012


class Gateway:
    """An ASGI application. `connections` holds the open ones by id, for the connections API.

    `loss` decides which `$disconnect` events are lost; `clock` gives seconds since the epoch.
    """

    def __init__(
        self,
        *,
        invoke: Invoke,
        config: GatewayConfig,
        ids: Ids | None = None,
        loss: random.Random | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.config = config
        self.ids = ids or Ids(clock=clock)
        self.connections: dict[str, Connection] = {}
        self._integration = Integration(invoke, timeout_seconds=config.integration_timeout_seconds)
        self._handshake = Handshake(config, self._integration, self.ids, clock)
        self._loss = loss or random.Random()
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One client, from handshake to close."""
        await receive()
        try:
            if self._stopped:
                raise RefusedError(503, "Service Unavailable")
            admitted = await self._handshake.run(scope)
        except RefusedError as refusal:
            await _refuse(refusal, send)
            return
        connection = await self._open(admitted, send)
        if connection is not None:
            await self._read(connection, receive)

    def close(self, connection: Connection, code: int, reason: str) -> None:
        """Close from this side: out of the table at once, `$disconnect` follows with this code and reason."""
        if not connection.ended:
            connection.close(code, reason)
            self._end(connection, code, reason)

    async def stop(self) -> None:
        """Close every connection with 1001, invoking nothing more and waiting for no function."""
        self._stopped = True
        open_now = list(self.connections.values())
        for connection in open_now:
            self.close(connection, *GOING_AWAY)
        self._integration.stop()
        flushing = [asyncio.create_task(connection.flushed()) for connection in open_now]
        waited = [*flushing, *self._tasks]
        if waited:
            # A client that does not read would hold its close frame back for ever.
            _, late = await asyncio.wait(waited, timeout=1)
            for task in late:
                task.cancel()

    async def _open(self, admitted: Admitted, send: Send) -> Connection | None:
        now = asyncio.get_running_loop().time()
        connection = Connection(admitted.session, send, outgoing_limit=self.config.outgoing_limit, now=now)
        try:
            await send({"type": "websocket.accept", "subprotocol": admitted.subprotocol})
        except OSError:
            self._end(connection, 1006, "")
            return None
        self.connections[admitted.session.connection_id] = connection
        self._watch(connection)
        return connection

    async def _read(self, connection: Connection, receive: Receive) -> None:
        loop = asyncio.get_running_loop()
        while True:
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
                self._spawn(self._message(connection, text))

    def _watch(self, connection: Connection) -> None:
        """Close at the idle or the longest duration, or look again when it could next be due."""
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
        occasion = self._occasion()
        if target is None:
            self._push(connection, self._error("Forbidden", connection, occasion))
            return
        event = payloads.message(
            self.config.api, connection.session, occasion, message_id=self.ids.message(), body=text
        )
        try:
            answer = read_answer(await self._integration.call(target.function, event))
            if not target.replies:
                return
            if not answer.ok:
                raise MalformedAnswerError(f"a two-way route answered {answer.status}")
            if answer.body:
                self._reply(connection, answer.body)
        except (FunctionError, IntegrationTimeoutError, MalformedAnswerError) as error:
            logger.warning("$default: %s: %s", target.function, error)
            self._push(connection, self._error("Internal server error", connection, occasion))

    def _reply(self, connection: Connection, body: str) -> None:
        if len(body.encode()) > MESSAGE_LIMIT:
            raise MalformedAnswerError(f"body is longer than {MESSAGE_LIMIT} bytes")
        self._push(connection, body)

    async def _disconnect(self, connection: Connection, code: int, reason: str) -> None:
        target = self.config.routes.get("$disconnect")
        if target is None:
            return
        if self._loss.random() < self.config.disconnect_loss:
            logger.info("$disconnect of %s lost, as configured", connection.session.connection_id)
            return
        event = payloads.disconnect(self.config.api, connection.session, self._occasion(), code=code, reason=reason)
        try:
            await self._integration.call(target.function, event)
        except (FunctionError, IntegrationTimeoutError) as error:
            if not self._stopped:
                logger.warning("$disconnect: %s: %s", target.function, error)

    def _push(self, connection: Connection, text: str) -> None:
        try:
            connection.push(text, len(text.encode()), now=asyncio.get_running_loop().time())
        except OutgoingFullError:
            logger.warning("%s reads too slowly: a frame was dropped", connection.session.connection_id)

    def _error(self, message: str, connection: Connection, occasion: Occasion) -> str:
        # API Gateway's template, spaces and all.
        connection_id, request_id = connection.session.connection_id, occasion.request_id
        return f'{{"message": "{message}", "connectionId":"{connection_id}", "requestId":"{request_id}"}}'

    def _occasion(self) -> Occasion:
        return Occasion(request_id=self.ids.request(), now_ms=int(self._clock() * 1000))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def upgrade_required(scope: Scope, receive: Receive, send: Send) -> None:
    """What a plain HTTP request to the WebSocket's address gets: 426. The body is not confirmed."""
    headers = [(b"content-type", b"application/json"), (b"upgrade", b"websocket")]
    await respond(send, 426, headers, b'{"message": "Upgrade Required"}')


async def _refuse(refusal: RefusedError, send: Send) -> None:
    try:
        await refusal.send(send)
    except OSError:
        logger.debug("the client was gone before it could be refused: %s", refusal)


def _closing(event: Message) -> tuple[int, str]:
    """Code and reason of a `websocket.disconnect`; without "reason" the TCP connection was lost."""
    code: int = event.get("code") or _NO_STATUS
    reason: str | None = event.get("reason")
    if reason is None:
        return (code, "") if code == _SERVER_RESTART else (1006, "")
    if code == _NO_STATUS:
        return code, _NO_STATUS_REASON
    return code, reason
