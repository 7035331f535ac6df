"""A Lambda proxy integration: calls a function on behalf of a gateway, and reads the response from its result.

Faithful: the integration has a timeout of its own (29 s at most on AWS), after which the function runs on and its
result is lost; a result without an integer `statusCode`, or with a `body` that is no string, is malformed and treated
as an error of the function.
Not known: whether API Gateway accepts a status code that is a string (here it does).
"""

import asyncio
import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.aws.function import FunctionError, Invoke, JsonObject


class IntegrationTimeoutError(Exception):
    """The function had not answered when the integration's time was up."""


class MalformedAnswerError(Exception):
    """The function's result is no proxy response; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A proxy response. Header names are in lower case; `body` is decoded, None if the function gave none."""

    status: int
    headers: Mapping[str, str]
    body: str | None

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300


class Integration:
    """Calls functions through `invoke`, each for at most `timeout_seconds`."""

    def __init__(self, invoke: Invoke, *, timeout_seconds: float) -> None:
        self._invoke = invoke
        self._timeout = timeout_seconds
        self._running: set[asyncio.Future[Any]] = set()

    async def call(self, function: str, event: JsonObject) -> Any:
        """The function's result; raises FunctionError, or IntegrationTimeoutError while the function runs on.

        A call that is cancelled is not made if it still waits for an environment.
        """
        running = asyncio.ensure_future(self._invoke(function, event))
        self._running.add(running)
        running.add_done_callback(self._ended)
        try:
            done, _ = await asyncio.wait((running,), timeout=self._timeout)
        except asyncio.CancelledError:
            running.cancel()
            raise
        if not done:
            raise IntegrationTimeoutError(f"{function} did not answer within {self._timeout:g} s")
        if running.cancelled():
            raise FunctionError("Cancelled", f"{function} was stopped")
        return running.result()

    def stop(self) -> None:
        """Cancel every call under way; the callers get a FunctionError."""
        for running in self._running:
            running.cancel()

    def _ended(self, running: asyncio.Future[Any]) -> None:
        self._running.discard(running)
        if not running.cancelled():
            running.exception()  # retrieved, so that asyncio does not warn about an error after the timeout


def read_answer(result: Any) -> Answer:
    """The proxy response of a WebSocket API's function; raises MalformedAnswerError."""
    if not isinstance(result, dict):
        raise MalformedAnswerError("the function returned no object")
    headers = result.get("headers") or {}
    if not isinstance(headers, dict):
        raise MalformedAnswerError("headers is not an object")
    status, body = read_status(result), read_result_body(result)
    try:
        text = None if body is None else body.decode()
    except UnicodeDecodeError as error:
        raise MalformedAnswerError("body is not UTF-8 text") from error
    return Answer(status=status, headers={str(name).lower(): str(value) for name, value in headers.items()}, body=text)


def read_status(result: JsonObject) -> int:
    """`statusCode` as an integer from 200 to 599; raises MalformedAnswerError."""
    status = result.get("statusCode")
    if isinstance(status, str) and status.isascii() and status.isdigit():
        status = int(status)
    if not isinstance(status, int) or isinstance(status, bool) or not 200 <= status <= 599:
        raise MalformedAnswerError(f"statusCode is {status!r}")
    return status


def read_result_body(result: JsonObject) -> bytes | None:
    """`body` as bytes, decoded from base64 if `isBase64Encoded` is true; raises MalformedAnswerError."""
    body = result.get("body")
    if body is None:
        return None
    if not isinstance(body, str):
        raise MalformedAnswerError("body is not a string")
    if not result.get("isBase64Encoded"):
        return body.encode("utf-8", "replace")  # JSON may hold half a surrogate pair
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedAnswerError("body is not base64") from error
