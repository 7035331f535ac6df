"""A small client of the Runtime API, for machines without a wheel of AWS's own client (awslambdaric, Linux only).

`python runtime_client.py module.attribute`, with the API's address in AWS_LAMBDA_RUNTIME_API. It imports the standard
library alone and nothing of the emulator, because it shares a process with the function.
Faithful: error types, log format and the context object are awslambdaric's. Not faithful: client context and identity
are left out.
"""

import http.client
import importlib
import io
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO, TextIO, cast

_PREFIX = "/2018-06-01/runtime"
_ERROR_TYPE_HEADER = "Lambda-Runtime-Function-Error-Type"

Handler = Callable[[Any, "Context"], Any]
Headers = http.client.HTTPMessage


class Context:
    """The second argument of a handler, from the headers of an event."""

    client_context = None
    identity = None
    tenant_id = None

    def __init__(self, headers: Headers) -> None:
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is killed, at least 0."""
        return max(0, self._deadline_ms - int(time.time() * 1000))


class RuntimeClient:
    """The Runtime API over one kept-alive connection."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address)

    def fail(self, error: dict[str, Any]) -> None:
        """Log and report an error: of an event, or with an empty request id one of the initialisation."""
        print(f"[ERROR] {error['errorType']}: {error['errorMessage']}")
        if error["stackTrace"]:
            print("Traceback (most recent call last):")
            print("".join(error["stackTrace"]), end="")
        path = f"/invocation/{error['requestId']}/error" if error["requestId"] else "/init/error"
        self.call("POST", path, json.dumps(error).encode(), error["errorType"])

    def call(self, method: str, path: str, body: bytes | None = None, error_type: str = "") -> tuple[Headers, bytes]:
        """One request, without a timeout; returns the headers and the body of the response."""
        headers = {_ERROR_TYPE_HEADER: error_type} if error_type else {}
        self._connection.request(method, _PREFIX + path, body, headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status not in (http.HTTPStatus.OK, http.HTTPStatus.ACCEPTED):
            raise http.client.HTTPException(f"{method} {path} was answered with {response.status}")
        return response.headers, answer


class InitError(Exception):
    """The function cannot be imported; `error` is the body for the Runtime API."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["errorMessage"])
        self.error = error


def load_handler(name: str) -> Handler:
    """Import `module.attribute`; raises InitError with awslambdaric's error types and messages."""
    module, _, attribute = name.rpartition(".")
    if not module:
        raise InitError(describe("Runtime.MalformedHandlerName", f"Bad handler '{name}': not module.attribute"))
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as error:
        text = f"Unable to import module '{module}': {error}"
        raise InitError(describe("Runtime.ImportModuleError", text)) from error
    except SyntaxError as error:
        text = f"Syntax error in module '{module}': {error}"
        raise InitError(describe("Runtime.UserCodeSyntaxError", text)) from error
    except Exception as error:
        raise InitError(describe_exception(error)) from error
    handler: Handler | None = getattr(loaded, attribute, None)
    if handler is None:
        text = f"Handler '{attribute}' missing on module '{module}'"
        raise InitError(describe("Runtime.HandlerNotFound", text))
    return handler


def describe(error_type: str, message: str, request_id: str = "", trace: list[str] | None = None) -> dict[str, Any]:
    """The error body of the Runtime API."""
    return {"errorMessage": message, "errorType": error_type, "requestId": request_id, "stackTrace": trace or []}


def describe_exception(error: Exception, request_id: str = "") -> dict[str, Any]:
    """The error body for an exception of the function's code, without the frames of this file."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    return describe(type(error).__name__, str(error), request_id, traceback.format_list(frames))


def handle(client: RuntimeClient, handler: Handler, headers: Headers, event: bytes) -> None:
    context = Context(headers)
    _LogFormat.request_id = context.aws_request_id
    os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id", "")
    try:
        returned = handler(json.loads(event), context)
    except Exception as error:
        client.fail(describe_exception(error, context.aws_request_id))
        return
    try:
        body = returned if isinstance(returned, bytes) else json.dumps(returned).encode()
    except (TypeError, ValueError) as error:
        text = f"Unable to marshal response: {error}"
        client.fail(describe("Runtime.MarshalError", text, context.aws_request_id))
        return
    client.call("POST", f"/invocation/{context.aws_request_id}/response", body)


def main(handler_name: str) -> None:
    """Serve events until the Runtime API is gone."""
    sys.stdout, sys.stderr = _unbuffered(sys.stdout), _unbuffered(sys.stderr)
    log = logging.StreamHandler(sys.stdout)
    log.setFormatter(_LogFormat())
    logging.getLogger().addHandler(log)
    client = RuntimeClient(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load_handler(handler_name)
    except InitError as error:
        client.fail(error.error)
        sys.exit(1)
    while True:
        handle(client, handler, *client.call("GET", "/invocation/next"))


class _LogFormat(logging.Formatter):
    request_id = ""
    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )

    def format(self, record: logging.LogRecord) -> str:
        record.aws_request_id = self.request_id
        return super().format(record)


def _unbuffered(stream: TextIO) -> TextIO:
    raw = io.FileIO(stream.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(cast(BinaryIO, raw), encoding="utf-8", errors="backslashreplace", write_through=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (OSError, http.client.HTTPException) as lost:
        # The emulator is gone or has refused a result. Either way this environment is of no more use.
        print(f"Runtime API: {lost}", file=sys.stderr)
        sys.exit(1)
