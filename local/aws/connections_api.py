"""The connections API of API Gateway: POST, GET and DELETE on `/{stage}/@connections/{connectionId}`.

Faithful: 200 with an empty body for a POST, the times and identity in camel case for a GET, 204 for a DELETE; 410 with
an empty body and `x-amzn-errortype: GoneException` for a well-formed id that is not open, so also during the
connection's own handshake; 400 for a malformed id; 413 above 128 KB; 429 while the client's outgoing buffer is full;
403 for no signature, a wrong one, another stage or another method; 404 for another path below the stage. Frames are
text, in the order of the POSTs.
Not faithful: the account's rate is not throttled.
Not known, and chosen here: the texts of 403, 413 and 429; a body that is not UTF-8 is refused with 400; a body above
128 KB is refused before its signature is checked.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

import asyncio
import json
from datetime import UTC, datetime

from local.aws.asgi import BodyTooLargeError, ClientGoneError, Headers, Receive, Scope, Send, read_body, respond
from local.aws.connection import Connection, OutgoingFullError
from local.aws.direct import response
from local.aws.gateway import Gateway
from local.aws.ids import is_connection_id
from local.aws.sigv4 import Credentials, SignatureError, Verifier

PAYLOAD_LIMIT = 128 * 1024
_METHODS = ("POST", "GET", "DELETE")


class ApiError(Exception):
    """An error of AWS's type `error_type`; without a message the body is empty."""

    def __init__(self, status: int, error_type: str, message: str | None) -> None:
        super().__init__(f"{status} {error_type}")
        self.status = status
        self.error_type = error_type
        self.body = b"" if message is None else json.dumps({"message": message}, separators=(",", ":")).encode()


class ConnectionsApi:
    """An ASGI application for the open connections of `gateway`; `credentials` are the emulator's own.

    It is a Direct as well, for the POSTs that an ASGI server does not need for their answer.
    """

    limit = PAYLOAD_LIMIT

    def __init__(self, *, gateway: Gateway, credentials: Credentials) -> None:
        self._gateway = gateway
        self._verifier = Verifier(credentials, region=gateway.config.region)
        self._stage = f"/{gateway.config.stage}/"
        self._prefix = f"{self._stage}@connections/"

    def takes(self, scope: Scope) -> bool:
        path: str = scope["path"]
        return scope["method"] == "POST" and path.startswith(self._prefix)

    def answer(self, scope: Scope, body: bytes) -> bytes:
        return response(*self._respond(scope, body))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body: bytes | None = None
        try:
            body = await read_body(receive, limit=PAYLOAD_LIMIT)
        except BodyTooLargeError:
            pass
        except ClientGoneError:
            return
        await respond(send, *self._respond(scope, body))

    def _respond(self, scope: Scope, body: bytes | None) -> tuple[int, Headers, bytes]:
        """Status, headers and body of the answer; `body` is None if it is too large."""
        ids = self._gateway.ids
        headers = [(b"x-amzn-requestid", ids.uuid().encode()), (b"x-amz-apigw-id", ids.request().encode())]
        try:
            status, content = self._answer(scope, body)
        except ApiError as error:
            status, content = error.status, error.body
            headers.append((b"x-amzn-errortype", error.error_type.encode()))
        if content or status >= 400:
            headers.append((b"content-type", b"application/json"))
        return status, headers, content

    def _answer(self, scope: Scope, body: bytes | None) -> tuple[int, bytes]:
        path: str = scope["path"]
        method: str = scope["method"]
        if not path.startswith(self._stage):
            raise ApiError(403, "ForbiddenException", "Forbidden")
        if not path.startswith(self._prefix):
            route = path.removeprefix(self._stage)
            message = f"No method found matching route {route} for http method {method}."
            raise ApiError(404, "NotFoundException", message)
        if method not in _METHODS:
            raise ApiError(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        if body is None:
            raise ApiError(413, "PayloadTooLargeException", "Request Too Long")
        try:
            self._verifier.check(scope, body)
        except SignatureError as error:
            raise ApiError(403, error.code, error.message) from error
        connection = self._find(path[len(self._prefix) :])
        if method == "POST":
            return self._post(connection, body)
        if method == "GET":
            return 200, _describe(connection)
        self._gateway.delete(connection)
        return 204, b""

    def _find(self, connection_id: str) -> Connection:
        connection = self._gateway.connections.get(connection_id)
        if connection is not None:
            return connection
        if not is_connection_id(connection_id):
            raise ApiError(400, "BadRequestException", f"Invalid connectionId: {connection_id}")
        raise ApiError(410, "GoneException", None)

    def _post(self, connection: Connection, body: bytes) -> tuple[int, bytes]:
        try:
            body.decode()
            connection.push(body, now=asyncio.get_running_loop().time())
        except UnicodeDecodeError as error:
            raise ApiError(400, "BadRequestException", "Data is not UTF-8 text") from error
        except OutgoingFullError as error:
            raise ApiError(429, "LimitExceededException", "Too Many Requests") from error
        return 200, b""


def _describe(connection: Connection) -> bytes:
    session = connection.session
    identity = {"sourceIp": session.source_ip}
    if session.user_agent is not None:
        identity["userAgent"] = session.user_agent
    times = {"connectedAt": _iso(session.connected_at_ms), "lastActiveAt": _iso(connection.last_active_ms)}
    return json.dumps({"identity": identity, **times}, separators=(",", ":")).encode()


def _iso(milliseconds: int) -> str:
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
