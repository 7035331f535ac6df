"""The WebSocket handshake: the stage, the authorizer and `$connect`, before anything is open.

Faithful: a wrong stage or path is 403; a missing identity source is 401, and the authorizer is not invoked; Deny is
403; an authorizer that raises exactly `Unauthorized` is 401, every other error of it 500; `$connect` is pending until
the function has answered; a status other than 2xx is passed on to the client, an exception is 502, the integration's
timeout 504; the subprotocol is the `Sec-WebSocket-Protocol` header of the function's response and nothing else.
Not faithful: other headers of the function's response are not passed on.
Not known: the bodies of refusals (here `{"message": …}`, or the function's body), the status for a URL above the
documented 4,096 characters (here 414), a subprotocol that is no token (here 502).
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
"""

import contextlib
import json
import logging
import re
import time
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from local.aws import authorizer, path_form, payloads
from local.aws.asgi import Scope, Send, source_ip, text_headers
from local.aws.function import FunctionError, JsonObject
from local.aws.gateway_config import GatewayConfig
from local.aws.ids import Ids
from local.aws.integration import Answer, Integration, IntegrationTimeoutError, MalformedAnswerError, read_answer
from local.aws.payloads import Occasion, Pairs, Session

logger = logging.getLogger(__name__)

URL_LIMIT = 4096
_PHRASES = {401: "Unauthorized", 403: "Forbidden", 429: "Too Many Requests"}
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class RefusedError(Exception):
    """The handshake ends with an HTTP response instead of an upgrade."""

    def __init__(self, status: int, message: str, *, body: str | None = None) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.body = json.dumps({"message": message}) if body is None else body

    async def send(self, send: Send) -> None:
        """Answer with the ASGI denial response, unless the client is gone."""
        headers = [(b"content-type", b"application/json")]
        with contextlib.suppress(OSError):
            await send({"type": "websocket.http.response.start", "status": self.status, "headers": headers})
            await send({"type": "websocket.http.response.body", "body": self.body.encode()})


@dataclass(frozen=True, kw_only=True)
class _Request:
    headers: Pairs
    query: Pairs
    session: Session
    occasion: Occasion


class Handshake:
    """Decides on one connection after another."""

    def __init__(self, config: GatewayConfig, integration: Integration, ids: Ids) -> None:
        self._config = config
        self._integration = integration
        self._ids = ids

    async def run(self, scope: Scope) -> tuple[Session, str | None]:
        """Invoke the authorizer, then `$connect`; returns the session and its subprotocol. Raises RefusedError."""
        request = self._read(scope)
        session = replace(request.session, authorizer=await self._authorize(request))
        answer = await self._connect(replace(request, session=session))
        return session, _subprotocol(answer)

    def _read(self, scope: Scope) -> _Request:
        path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
        if len(path) + len(query) > URL_LIMIT:
            raise RefusedError(414, "Request-URI Too Long")
        path, query = path_form.rewrite(path, query, stage=self._config.stage)
        if path != f"/{self._config.stage}":
            raise RefusedError(403, "Forbidden")
        forwarded = [
            ("X-Amzn-Trace-Id", self._ids.trace()),
            ("X-Forwarded-For", source_ip(scope)),
            ("X-Forwarded-Port", str(scope["server"][1] if scope.get("server") else 0)),
            ("X-Forwarded-Proto", "https" if scope.get("scheme") == "wss" else "http"),
        ]
        headers = payloads.canonical_headers(text_headers(scope), forwarded)
        occasion = self._ids.occasion()
        session = Session(
            connection_id=self._ids.connection(),
            connected_at_ms=occasion.now_ms,
            source_ip=source_ip(scope),
            user_agent=dict(headers).get("User-Agent"),
        )
        return _Request(
            headers=headers,
            query=parse_qsl(query, keep_blank_values=True, errors="replace"),
            session=session,
            occasion=occasion,
        )

    async def _authorize(self, request: _Request) -> JsonObject | None:
        target = self._config.authorizer
        if target is None:
            return None
        if not authorizer.has_identity(target.identity_sources, request.headers, request.query):
            raise RefusedError(401, "Unauthorized")
        event = payloads.authorizer(self._config, request.session, request.occasion, request.headers, request.query)
        began = time.monotonic()
        try:
            result = await self._integration.call(target.function, event)
            latency_ms = int((time.monotonic() - began) * 1000)
            return authorizer.judge(result, self._config.connect_arn, latency_ms=latency_ms)
        except authorizer.DeniedError as error:
            raise RefusedError(403, "Forbidden") from error
        except (FunctionError, authorizer.MisconfiguredError, IntegrationTimeoutError) as error:
            if isinstance(error, FunctionError) and error.message == "Unauthorized":
                raise RefusedError(401, "Unauthorized") from error
            logger.warning("authorizer %s: %s", target.function, error)
            raise RefusedError(500, "Internal server error") from error

    async def _connect(self, request: _Request) -> Answer | None:
        target = self._config.routes.get("$connect")
        if target is None:
            return None
        event = payloads.connect(self._config, request.session, request.occasion, request.headers, request.query)
        try:
            answer = read_answer(await self._integration.call(target.function, event))
        except IntegrationTimeoutError as error:
            logger.warning("$connect: %s", error)
            raise RefusedError(504, "Endpoint request timed out") from error
        except (FunctionError, MalformedAnswerError) as error:
            logger.warning("$connect: %s: %s", target.function, error)
            raise RefusedError(502, "Internal server error") from error
        if not answer.ok:
            raise RefusedError(
                answer.status, _PHRASES.get(answer.status, "Connection refused"), body=answer.body or None
            )
        return answer


def _subprotocol(answer: Answer | None) -> str | None:
    chosen = answer.headers.get("sec-websocket-protocol") if answer else None
    if chosen is not None and not _TOKEN.fullmatch(chosen):
        logger.warning("$connect: Sec-WebSocket-Protocol %r is no subprotocol", chosen)
        raise RefusedError(502, "Internal server error")
    return chosen
