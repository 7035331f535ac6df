"""The WebSocket handshake: the stage, the authorizer and `$connect`, before anything is open.

Faithful: wrong stage or path 403; missing identity source 401 without invoking the authorizer; Deny 403; the
authorizer raising exactly `Unauthorized` 401, anything else of it 500; `$connect` pending until the function
has answered, its non-2xx status handed to the client, an exception 502, the integration's timeout 504; the
subprotocol is the `Sec-WebSocket-Protocol` header of the function's response and nothing else.
Not known: the bodies of refusals (here `{"message": …}`, or the body the function gave), the status for a URL
above the documented 4,096 characters (here 414), a subprotocol that is no token (here 502). Other headers of
the function's response are not passed on.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
"""

import dataclasses
import json
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from local.aws import authorizer, distribution, payloads
from local.aws.asgi import Scope, Send
from local.aws.gateway_config import GatewayConfig
from local.aws.ids import Ids
from local.aws.integration import (
    Answer,
    Integration,
    IntegrationTimeoutError,
    MalformedAnswerError,
    read_answer,
)
from local.aws.lambda_runtime import FunctionError, JsonObject
from local.aws.payloads import Occasion, Pairs, Session

logger = logging.getLogger(__name__)

URL_LIMIT = 4096
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class RefusedError(Exception):
    """The handshake ends with an HTTP response instead of an upgrade."""

    def __init__(self, status: int, message: str, *, body: str | None = None) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.body = json.dumps({"message": message}) if body is None else body

    async def send(self, send: Send, content_type: str = "application/json") -> None:
        """Answer through the ASGI denial response; OSError if the client is gone."""
        headers = [(b"content-type", content_type.encode())]
        await send({"type": "websocket.http.response.start", "status": self.status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": self.body.encode()})


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """A connection that may be opened."""

    session: Session
    subprotocol: str | None


@dataclass(frozen=True, kw_only=True)
class _Request:
    headers: Pairs
    query: Pairs
    session: Session
    occasion: Occasion


class Handshake:
    """Decides on one connection after another. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        config: GatewayConfig,
        integration: Integration,
        ids: Ids,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._integration = integration
        self._ids = ids
        self._clock = clock

    async def run(self, scope: Scope) -> Admitted:
        """Ask the authorizer, then `$connect`; raises RefusedError."""
        request = self._read(scope)
        context = await self._authorize(request)
        session = dataclasses.replace(request.session, authorizer=context)
        answer = await self._connect(dataclasses.replace(request, session=session))
        return Admitted(session=session, subprotocol=_subprotocol(answer))

    def _read(self, scope: Scope) -> _Request:
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        if len(path) + len(query) > URL_LIMIT:
            raise RefusedError(414, "Request-URI Too Long")
        path, query = distribution.rewrite(path, query, stage=self._config.stage)
        if path != f"/{self._config.stage}":
            raise RefusedError(403, "Forbidden")
        source_ip = scope["client"][0] if scope.get("client") else ""
        headers = payloads.canonical_headers(scope["headers"], self._forwarded(scope, source_ip))
        now_ms = int(self._clock() * 1000)
        session = Session(
            connection_id=self._ids.connection(),
            connected_at_ms=now_ms,
            source_ip=source_ip,
            user_agent=dict(headers).get("User-Agent"),
        )
        return _Request(
            headers=headers,
            query=parse_qsl(query, keep_blank_values=True, errors="replace"),
            session=session,
            occasion=Occasion(request_id=self._ids.request(), now_ms=now_ms),
        )

    def _forwarded(self, scope: Scope, source_ip: str) -> Pairs:
        port = scope["server"][1] if scope.get("server") else 0
        return [
            ("X-Amzn-Trace-Id", self._ids.trace()),
            ("X-Forwarded-For", source_ip),
            ("X-Forwarded-Port", str(port)),
            ("X-Forwarded-Proto", "https" if scope.get("scheme") == "wss" else "http"),
        ]

    async def _authorize(self, request: _Request) -> JsonObject | None:
        target = self._config.authorizer
        if target is None:
            return None
        if not authorizer.has_identity(target.identity_sources, request.headers, request.query):
            raise RefusedError(401, "Unauthorized")
        api = self._config.api
        event = payloads.authorizer(api, request.session, request.occasion, request.headers, request.query)
        began = self._clock()
        try:
            result = await self._integration.call(target.function, event)
            latency_ms = max(0, int((self._clock() - began) * 1000))
            return authorizer.judge(result, api.connect_arn, latency_ms=latency_ms)
        except authorizer.DeniedError as error:
            raise RefusedError(403, "Forbidden") from error
        except FunctionError as error:
            if error.message == "Unauthorized":
                raise RefusedError(401, "Unauthorized") from error
            logger.warning("authorizer %s failed: %s", target.function, error)
            raise RefusedError(500, "Internal server error") from error
        except (authorizer.MisconfiguredError, IntegrationTimeoutError) as error:
            logger.warning("authorizer %s: %s", target.function, error)
            raise RefusedError(500, "Internal server error") from error

    async def _connect(self, request: _Request) -> Answer | None:
        target = self._config.routes.get("$connect")
        if target is None:
            return None
        event = payloads.connect(self._config.api, request.session, request.occasion, request.headers, request.query)
        try:
            answer = read_answer(await self._integration.call(target.function, event))
        except IntegrationTimeoutError as error:
            logger.warning("$connect: %s", error)
            raise RefusedError(504, "Endpoint request timed out") from error
        except (FunctionError, MalformedAnswerError) as error:
            logger.warning("$connect: %s: %s", target.function, error)
            raise RefusedError(502, "Internal server error") from error
        if not answer.ok:
            raise RefusedError(answer.status, _phrase(answer.status), body=answer.body or None)
        return answer


def _subprotocol(answer: Answer | None) -> str | None:
    chosen = answer.headers.get("sec-websocket-protocol") if answer else None
    if chosen is not None and not _TOKEN.fullmatch(chosen):
        logger.warning("$connect: Sec-WebSocket-Protocol %r is no subprotocol", chosen)
        raise RefusedError(502, "Internal server error")
    return chosen


def _phrase(status: int) -> str:
    return {401: "Unauthorized", 403: "Forbidden", 429: "Too Many Requests"}.get(status, "Connection refused")
