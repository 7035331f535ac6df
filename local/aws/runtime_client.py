"""A small client of the Runtime API, for machines that AWS's own (awslambdaric, Linux only) has no wheel for.

`python -m local.aws.runtime_client module.attribute`, the API's address in AWS_LAMBDA_RUNTIME_API. Standard
library only and nothing of the emulator, as it shares a process with the function.
Error types, log format and the context object are awslambdaric's; client context and identity are left out.
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
from typing import Any, BinaryIO, NamedTuple, TextIO, cast

_PREFIX = "/2018-06-01/runtime"
_ERROR_TYPE_HEADER = "Lambda-Runtime-Function-Error-Type"

Handler = Callable[[Any, "Context"], Any]


class Event(NamedTuple):
    """One invocation as the Runtime API hands it over."""

    request_id: str
    deadline_ms: int
    function_arn: str
    trace_id: str
    body: bytes


class Context:
    """What a handler gets as its second argument."""

    client_context = None
    identity = None
    tenant_id = None

    def __init__(self, event: Event) -> None:
        self.aws_request_id = event.request_id
        self.invoked_function_arn = event.function_arn
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self._deadline_ms = event.deadline_ms

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is killed, at least 0."""
        return max(0, self._deadline_ms - int(time.time() * 1000))


class RuntimeClient:
    """The four calls of the Runtime API over one kept-alive connection."""

    def __init__(self, address: str) -> None:
        self._connection = http.client.HTTPConnection(address)

    def next(self) -> Event:
        """Wait for an event, for as long as it takes."""
        response, body = self._call("GET", "/invocation/next")
        return Event(
            request_id=response.headers["Lambda-Runtime-Aws-Request-Id"],
            deadline_ms=int(response.headers["Lambda-Runtime-Deadline-Ms"]),
            function_arn=response.headers["Lambda-Runtime-Invoked-Function-Arn"],
            trace_id=response.headers.get("Lambda-Runtime-Trace-Id", ""),
            body=body,
        )

    def respond(self, request_id: str, body: bytes) -> None:
        """Hand back what the function returned."""
        self._call("POST", f"/invocation/{request_id}/response", body)

    def fail(self, request_id: str, error: dict[str, Any]) -> None:
        """Tell that the function raised."""
        self._call("POST", f"/invocation/{request_id}/error", json.dumps(error).encode(), error["errorType"])

    def fail_init(self, error: dict[str, Any]) -> None:
        """Tell that there is no function to run."""
        self._call("POST", "/init/error", json.dumps(error).encode(), error["errorType"])

    def _call(
        self, method: str, path: str, body: bytes | None = None, error_type: str = ""
    ) -> tuple[http.client.HTTPResponse, bytes]:
        headers = {_ERROR_TYPE_HEADER: error_type} if error_type else {}
        self._connection.request(method, _PREFIX + path, body, headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status not in (http.HTTPStatus.OK, http.HTTPStatus.ACCEPTED):
            raise http.client.HTTPException(f"{method} {path} was answered with {response.status}")
        return response, answer


class InitError(Exception):
    """There is no function to run; `error` is what the Runtime API is told."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["errorMessage"])
        self.error = error


def load_handler(name: str) -> Handler:
    """Import `module.attribute`; raises InitError in awslambdaric's words."""
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
    try:
        handler: Handler = getattr(loaded, attribute)
    except AttributeError:
        text = f"Handler '{attribute}' missing on module '{module}'"
        raise InitError(describe("Runtime.HandlerNotFound", text)) from None
    return handler


def describe(error_type: str, message: str, request_id: str = "", trace: list[str] | None = None) -> dict[str, Any]:
    """The error body of the Runtime API."""
    return {
        "errorMessage": message,
        "errorType": error_type,
        "requestId": request_id,
        "stackTrace": trace or [],
    }


def describe_exception(error: Exception, request_id: str = "") -> dict[str, Any]:
    """The error body for what the function's own code raised, this file's frames left out."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    return describe(type(error).__name__, str(error), request_id, traceback.format_list(frames))


def handle(client: RuntimeClient, handler: Handler, event: Event) -> None:
    """Run one event and hand back what came of it."""
    _LogFormat.request_id = event.request_id
    os.environ["_X_AMZN_TRACE_ID"] = event.trace_id
    try:
        returned = handler(json.loads(event.body), Context(event))
    except Exception as error:
        _fail(client, event, describe_exception(error, event.request_id))
        return
    try:
        body = returned if isinstance(returned, bytes) else json.dumps(returned).encode()
    except (TypeError, ValueError) as error:
        text = f"Unable to marshal response: {error}"
        _fail(client, event, describe("Runtime.MarshalError", text, event.request_id))
        return
    client.respond(event.request_id, body)


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
        _print_error(error.error)
        client.fail_init(error.error)
        sys.exit(1)
    while True:
        handle(client, handler, client.next())


class _LogFormat(logging.Formatter):
    """[LEVEL] <tab> time <tab> request id <tab> text."""

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


def _fail(client: RuntimeClient, event: Event, error: dict[str, Any]) -> None:
    _print_error(error)
    client.fail(event.request_id, error)


def _print_error(error: dict[str, Any]) -> None:
    print(f"[ERROR] {error['errorType']}: {error['errorMessage']}")
    if error["stackTrace"]:
        print("Traceback (most recent call last):")
        print("".join(error["stackTrace"]), end="")


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (OSError, http.client.HTTPException) as lost:
        # The emulator has gone or has refused an answer; either way this environment is of no more use.
        print(f"Runtime API: {lost}", file=sys.stderr)
        sys.exit(1)
