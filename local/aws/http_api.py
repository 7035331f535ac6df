"""API Gateway's HTTP API with a Lambda proxy integration: requests become events, and results become responses.

Faithful: payload format 2.0 both ways, with the inferred response (without `statusCode`, a string is the body and any
other result is the body as JSON); a function that fails or returns an invalid response gives 500, one that takes longer
than the integration's 30 s gives 503; a body above 10 MB gives 413; a path that is no route gives 404. `http_path` says
what becomes of a path.
Not faithful: one route, of any method, also for calls that have routes of their own in the stack; no CORS, no
throttling, no authorizers of an HTTP API.
Not known: the content type if the function sets none (here text/plain).
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import json
import logging
import re
from typing import Any

from local.aws.asgi import BodyTooLargeError, ClientGoneError, Headers, Receive, Scope, Send, read_body, respond
from local.aws.function import FunctionError, Invoke
from local.aws.http_path import BadPathError, handed_on
from local.aws.http_payload import HttpApiConfig, http_event
from local.aws.ids import Ids
from local.aws.integration import (
    Integration,
    IntegrationTimeoutError,
    MalformedAnswerError,
    read_result_body,
    read_status,
)
from local.aws.payloads import Occasion

logger = logging.getLogger(__name__)

BODY_LIMIT = 10 * 1024 * 1024
_NOT_PASSED = {"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade", "set-cookie"}
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")

Response = tuple[int, Headers, bytes]


class HttpApi:
    """An ASGI application for scopes of type `http`."""

    def __init__(self, *, invoke: Invoke, config: HttpApiConfig) -> None:
        self._config = config
        self._integration = Integration(invoke, timeout_seconds=config.integration_timeout_seconds)
        self._ids = Ids()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        occasion = self._ids.occasion()
        try:
            status, headers, body = await self._answer(scope, receive, occasion)
        except BodyTooLargeError:
            status, headers, body = _error(413, "Request Entity Too Large")
        except BadPathError as error:
            logger.warning("%s: %s", scope["method"], error)
            status, headers, body = _error(400, "Bad Request")
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
        path, prefix = handed_on(scope["raw_path"].decode("latin-1")), self._config.prefix
        if not path.startswith(prefix) or path == prefix:
            return _error(404, "Not Found")
        body = await read_body(receive, limit=BODY_LIMIT)
        event = http_event(self._config, occasion, scope, body, path=path, trace=self._ids.trace())
        return read_response(await self._integration.call(self._config.function, event))


def read_response(result: Any) -> Response:
    """The response of a function's result, in format 2.0 or inferred; raises MalformedAnswerError."""
    if not isinstance(result, dict) or "statusCode" not in result:
        text = result if isinstance(result, str) else json.dumps(result, separators=(",", ":"))
        return 200, [(b"content-type", b"application/json")], text.encode()
    headers = result.get("headers") or {}
    cookies = result.get("cookies") or []
    if not isinstance(headers, dict) or not isinstance(cookies, list):
        raise MalformedAnswerError("headers is no object or cookies no list")
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in headers.items()}
    pairs = [(str(name).lower(), text) for name, text in texts.items() if str(name).lower() not in _NOT_PASSED]
    if not any(name == "content-type" for name, _ in pairs):
        pairs.append(("content-type", "text/plain;charset=UTF-8"))
    pairs += [("set-cookie", str(cookie)) for cookie in cookies]
    for name, value in pairs:
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise MalformedAnswerError(f"{name!r} is no HTTP header")
    encoded = [(name.encode(), value.encode("utf-8", "replace")) for name, value in pairs]
    return read_status(result), encoded, read_result_body(result) or b""


def _error(status: int, message: str) -> Response:
    return status, [(b"content-type", b"application/json")], json.dumps({"message": message}).encode()
