"""API Gateway's HTTP API with a Lambda proxy integration: HTTP requests become events, and answers responses.

Faithful: payload format 2.0 both ways, the inferred response too (no `statusCode`: a string is the body, any
other JSON is the body as JSON); a function that fails or answers with what is no response gives 500 and one
that takes longer than the integration's 30 s gives 503; a body above 10 MB gives 413; a path that is no route
gives 404.
Not faithful: one route, of any method; no CORS, no throttling; HTTP API authorizers are not emulated.
Not known: the content type where the function gives none (here text/plain).
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import json
import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from functions.manifest import FUNCTIONS, HttpRoutes
from local.aws.asgi import (
    BodyTooLargeError,
    ClientGoneError,
    Headers,
    Receive,
    Scope,
    Send,
    read_body,
    respond,
)
from local.aws.http_payload import HttpApiNames, HttpRequest, http_event
from local.aws.ids import Ids
from local.aws.integration import Integration, IntegrationTimeoutError, MalformedAnswerError, read_status
from local.aws.integration import read_body as answer_body
from local.aws.lambda_runtime import FunctionError, Invoke
from local.aws.payloads import Occasion

logger = logging.getLogger(__name__)

BODY_LIMIT = 10 * 1024 * 1024
_GREEDY = "{proxy+}"
_NOT_PASSED = {"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade", "set-cookie"}
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")

Response = tuple[int, Headers, bytes]


@dataclass(frozen=True, kw_only=True)
class HttpApiConfig:
    """One HTTP API with one route, `path`, of every method; it ends in `{proxy+}`."""

    domain_name: str
    path: str
    function: str
    api_id: str = "localhttp0"
    account_id: str = "000000000000"
    integration_timeout_seconds: float = 30

    def __post_init__(self) -> None:
        """Raises ValueError for a path of another kind: the emulator knows no other."""
        if self.path.count("{") != 1 or not self.path.endswith(f"/{_GREEDY}"):
            raise ValueError(f"HTTP route {self.path!r} does not end in its only parameter, /{_GREEDY}")

    @classmethod
    def from_manifest(cls, *, domain_name: str) -> "HttpApiConfig":
        """The manifest's HTTP API; raises LookupError if it has none."""
        for function in FUNCTIONS:
            if isinstance(function.trigger, HttpRoutes):
                return cls(domain_name=domain_name, path=function.trigger.path, function=function.name)
        raise LookupError("no function of the manifest has HTTP routes")


class HttpApi:
    """An ASGI application for scopes of type `http`. `clock` gives seconds since the epoch."""

    def __init__(self, *, invoke: Invoke, config: HttpApiConfig, clock: Callable[[], float] = time.time) -> None:
        self._config = config
        self._integration = Integration(invoke, timeout_seconds=config.integration_timeout_seconds)
        self._ids = Ids(clock=clock)
        self._clock = clock
        self._prefix = config.path.removesuffix(_GREEDY)
        self._names = HttpApiNames(account_id=config.account_id, api_id=config.api_id, domain_name=config.domain_name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        occasion = Occasion(request_id=self._ids.request(), now_ms=int(self._clock() * 1000))
        try:
            status, headers, body = await self._answer(scope, receive, occasion)
        except BodyTooLargeError:
            status, headers, body = _error(413, "Request Entity Too Large")
        except ClientGoneError:
            return
        except (FunctionError, MalformedAnswerError) as error:
            logger.warning("%s %s: %s", scope["method"], scope["path"], error)
            status, headers, body = _error(500, "Internal Server Error")
        except IntegrationTimeoutError as error:
            logger.warning("%s %s: %s", scope["method"], scope["path"], error)
            status, headers, body = _error(503, "Service Unavailable")
        headers.append((b"apigw-requestid", occasion.request_id.encode()))
        await respond(send, status, headers, body)

    async def _answer(self, scope: Scope, receive: Receive, occasion: Occasion) -> Response:
        rest = scope["path"].removeprefix(self._prefix)
        if rest == scope["path"] or not rest:
            return _error(404, "Not Found")
        request = HttpRequest(
            scope=scope,
            body=await read_body(receive, limit=BODY_LIMIT),
            route_key=f"ANY {self._config.path}",
            path_parameters={"proxy": rest},
            trace=self._ids.trace(),
        )
        event = http_event(self._names, request, occasion)
        return read_response(await self._integration.call(self._config.function, event))


def read_response(result: Any) -> Response:
    """The response a function returned, in format 2.0 or inferred; raises MalformedAnswerError."""
    if not isinstance(result, dict) or "statusCode" not in result:
        text = result if isinstance(result, str) else json.dumps(result, separators=(",", ":"))
        return 200, [(b"content-type", b"application/json")], text.encode()
    headers = result.get("headers") or {}
    cookies = result.get("cookies") or []
    if not isinstance(headers, dict) or not isinstance(cookies, list):
        raise MalformedAnswerError("headers is no object or cookies no list")
    pairs = [(str(name).lower(), _value(value)) for name, value in headers.items()]
    pairs = [pair for pair in pairs if pair[0] not in _NOT_PASSED]
    if not any(name == "content-type" for name, _ in pairs):
        pairs.append(("content-type", "text/plain;charset=UTF-8"))
    pairs += [("set-cookie", str(cookie)) for cookie in cookies]
    for name, value in pairs:
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise MalformedAnswerError(f"{name!r} is no HTTP header")
    encoded = [(name.encode(), value.encode("utf-8", "replace")) for name, value in pairs]
    return read_status(result), encoded, answer_body(result) or b""


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _error(status: int, message: str) -> Response:
    return status, [(b"content-type", b"application/json")], json.dumps({"message": message}).encode()
