"""Lambda's own API, as far as a function is invoked by it: `POST /2015-03-31/functions/{name}/invocations`.

Faithful: the name, the name with the account or the whole ARN, with `$LATEST` as qualifier or none; 200 with the
function's answer, also if the function fails, then with `X-Amz-Function-Error: Unhandled` and the error as JSON; 202
without an answer for the type Event, 204 for DryRun; 400 for a body that is not JSON, 413 above 6 MB, 429 above the
function's environments, 404 for an unknown function or qualifier, 403 for no signature or a wrong one. A caller that
does not wait for the answer ends nothing: the function runs on.
Not faithful: an event of the type Event is not tried again if the function fails; there are no versions and aliases, no
policies and no logs in the answer. Everything else of the API is refused with 404 or 400.
Not known, and chosen here: the texts of 403; the request is checked before its signature only for its size.
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, unquote

from local.aws.asgi import (
    BodyTooLargeError,
    ClientGoneError,
    Headers,
    Receive,
    Scope,
    Send,
    joined,
    read_body,
    respond,
    text_headers,
)
from local.aws.environment_variables import ACCOUNT, DEFAULT_REGION
from local.aws.function import FunctionError, FunctionSpec
from local.aws.ids import Ids
from local.aws.lambda_runtime import MAX_EVENT_BYTES
from local.aws.sigv4 import Credentials, SignatureError, Verifier

PREFIX = "/2015-03-31/functions/"
_PATH = re.compile(rf"{PREFIX}([^/]+)/invocations")
_NAME = re.compile(
    r"(?:(?:arn:aws:lambda:(?P<region>[^:]+):)?(?P<account>\d{12}):(?:function:)?)?(?P<name>[\w-]+)"
    r"(?::(?P<qualifier>[\w$-]+))?"
)
_LATEST = "$LATEST"


class ApiError(Exception):
    """An error of AWS's type `error_type`, with these members in its body."""

    def __init__(self, status: int, error_type: str, **members: str) -> None:
        super().__init__(f"{status} {error_type}")
        self.status = status
        self.error_type = error_type
        self.body = json.dumps(members).encode()


class LambdaApi:
    """An ASGI application that invokes the functions of `specs`; `credentials` are the emulator's own."""

    def __init__(
        self,
        specs: Iterable[FunctionSpec],
        invoke: Callable[[str, Any], Awaitable[Any]],
        *,
        credentials: Credentials,
        region: str = DEFAULT_REGION,
    ) -> None:
        self._specs = {spec.name: spec for spec in specs}
        self._invoke = invoke
        self._region = region
        self._verifier = Verifier(credentials, region=region, service="lambda")
        self._ids = Ids()
        self._running: Counter[str] = Counter()
        self._invocations: set[asyncio.Task[Any]] = set()

    async def stop(self) -> None:
        """Give up the invocations that nobody waits for."""
        for task in self._invocations:
            task.cancel()
        await asyncio.gather(*self._invocations, return_exceptions=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"x-amzn-requestid", self._ids.uuid().encode()), (b"content-type", b"application/json")]
        try:
            status, more, body = await self._answer(scope, receive)
        except ApiError as error:
            status, more, body = error.status, [(b"x-amzn-errortype", error.error_type.encode())], error.body
        except ClientGoneError:
            return
        await respond(send, status, [*headers, *more], body)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, Headers, bytes]:
        path = _PATH.fullmatch(scope["raw_path"].decode("latin-1"))
        if path is None or scope["method"] != "POST":
            raise ApiError(404, "UnknownOperationException", message="Unknown operation.")
        body = await self._signed_body(scope, receive)
        spec = self._find(unquote(path[1]), scope)
        headers = joined(text_headers(scope))
        if headers.get("x-amz-log-type", "None") != "None":
            raise _invalid("the emulator has no logs to answer with: LogType must be None")
        event = _event(body)
        match headers.get("x-amz-invocation-type", "RequestResponse"):
            case "RequestResponse":
                return await self._respond(spec, event)
            case "Event":
                self._start(spec, event)
                return 202, [], b""
            case "DryRun":
                return 204, [], b""
        raise _invalid("InvocationType must be RequestResponse, Event or DryRun")

    async def _signed_body(self, scope: Scope, receive: Receive) -> bytes:
        """The body, if the request's signature is valid."""
        try:
            body = await read_body(receive, limit=MAX_EVENT_BYTES)
        except BodyTooLargeError as error:
            message = f"Request must be smaller than {MAX_EVENT_BYTES} bytes for the InvokeFunction operation"
            raise ApiError(413, "RequestTooLargeException", Type="User", message=message) from error
        try:
            self._verifier.check(scope, body)
        except SignatureError as error:
            raise ApiError(403, error.code, message=error.message) from error
        return body

    def _find(self, name: str, scope: Scope) -> FunctionSpec:
        found = _NAME.fullmatch(name)
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("Qualifier", [""])[0]
        if found is None:
            raise _invalid(f"FunctionName {name!r} is neither a name nor an ARN")
        qualifier = found["qualifier"] or asked or _LATEST
        spec = self._specs.get(found["name"])
        fits = found["region"] in (None, self._region) and qualifier == _LATEST
        if spec is None or not fits or found["account"] not in (None, ACCOUNT):
            arn = name if name.startswith("arn:") else f"arn:aws:lambda:{self._region}:{ACCOUNT}:function:{name}"
            raise ApiError(404, "ResourceNotFoundException", Type="User", Message=f"Function not found: {arn}")
        return spec

    async def _respond(self, spec: FunctionSpec, event: Any) -> tuple[int, Headers, bytes]:
        more = [(b"x-amz-executed-version", _LATEST.encode())]
        try:
            result = await asyncio.shield(self._start(spec, event))
        except FunctionError as error:
            failed = {"errorMessage": error.message, "errorType": error.error_type}
            return 200, [*more, (b"x-amz-function-error", b"Unhandled")], json.dumps(failed).encode()
        return 200, more, json.dumps(result, separators=(",", ":")).encode()

    def _start(self, spec: FunctionSpec, event: Any) -> "asyncio.Task[Any]":
        """Invoke a function. It is not waited for here, nor ended when the caller goes away."""
        if self._running[spec.name] >= spec.max_environments:
            reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
            raise ApiError(429, "TooManyRequestsException", Reason=reason, Type="User", message="Rate Exceeded.")
        self._running[spec.name] += 1
        task = asyncio.ensure_future(self._invoke(spec.name, event))
        self._invocations.add(task)

        def end(task: "asyncio.Task[Any]") -> None:
            self._running[spec.name] -= 1
            self._invocations.discard(task)
            if not task.cancelled():
                task.exception()  # nobody may be left to be told

        task.add_done_callback(end)
        return task


def _event(body: bytes) -> Any:
    try:
        return json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        message = f"Could not parse request body into json: {error}"
        raise ApiError(400, "InvalidRequestContentException", Type="User", Message=message) from None


def _invalid(message: str) -> ApiError:
    return ApiError(400, "InvalidParameterValueException", Type="User", Message=message)
