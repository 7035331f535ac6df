"""The connections API of API Gateway: POST, GET and DELETE on `/{stage}/@connections/{connectionId}`.

Faithful: 200 with an empty body, the times and identity of GET in camel case, 204; 410 with an empty body and
`x-amzn-errortype: GoneException` for an id that is well-formed but not open, so also during its own
handshake; 400 for a malformed id; 413 above 128 KB; 429 while the client's outgoing buffer is full; 403
unsigned, wrongly signed, on another stage or with another method. Frames are text, sent in the order the
POSTs arrived.
Not known, and chosen here: the texts of 403, 413 and 429; a body that is not UTF-8 is refused with 400; a
body above 128 KB is refused before its signature is checked. Not faithful: no throttling of the account's
rate.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

import asyncio
import json
from datetime import UTC, datetime

from local.aws.asgi import BodyTooLargeError, ClientGoneError, Receive, Scope, Send, read_body, respond
from local.aws.connection import Connection, OutgoingFullError
from local.aws.gateway import Gateway
from local.aws.ids import is_connection_id
from local.aws.sigv4 import Credentials, Request, SignatureError, Verifier

PAYLOAD_LIMIT = 128 * 1024
_METHODS = ("POST", "GET", "DELETE")


class ApiError(Exception):
    """An answer that is no success, of type `error_type`; without a message the body is empty."""

    def __init__(self, status: int, error_type: str, message: str | None) -> None:
        super().__init__(f"{status} {error_type}")
        self.status = status
        self.error_type = error_type
        self.body = b"" if message is None else json.dumps({"message": message}, separators=(",", ":")).encode()


class ConnectionsApi:
    """An ASGI application over the open connections of `gateway`, for requests signed with `credentials`."""

    def __init__(self, *, gateway: Gateway, credentials: Credentials) -> None:
        self._gateway = gateway
        self._verifier = Verifier(credentials, region=gateway.config.region)
        self._prefix = f"/{gateway.config.stage}/@connections/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request of scope type `http`."""
        ids = self._gateway.ids
        headers = [
            (b"x-amzn-requestid", ids.uuid().encode()),
            (b"x-amz-apigw-id", ids.request().encode()),
        ]
        try:
            status, body = await self._answer(scope, receive)
        except ApiError as error:
            status, body = error.status, error.body
            headers.append((b"x-amzn-errortype", error.error_type.encode()))
        except ClientGoneError:
            return
        if body or status >= 400:
            headers.append((b"content-type", b"application/json"))
        await respond(send, status, headers, body)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        path: str = scope["path"]
        if not path.startswith(self._prefix):
            raise ApiError(403, "ForbiddenException", "Forbidden")
        method: str = scope["method"]
        if method not in _METHODS:
            raise ApiError(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
        body = await self._signed_body(scope, receive)
        connection = self._find(path[len(self._prefix) :])
        if method == "POST":
            return self._post(connection, body)
        if method == "GET":
            return 200, _describe(connection)
        self._gateway.close(connection, 1000, "Connection Closed Normally")
        return 204, b""

    async def _signed_body(self, scope: Scope, receive: Receive) -> bytes:
        """The body of a request whose signature holds."""
        try:
            body = await read_body(receive, limit=PAYLOAD_LIMIT)
        except BodyTooLargeError as error:
            raise ApiError(413, "PayloadTooLargeException", "Request Too Long") from error
        request = Request(
            method=scope["method"],
            path=scope["raw_path"].decode("latin-1"),
            query=scope["query_string"].decode("latin-1"),
            headers=scope["headers"],
            body=body,
        )
        try:
            self._verifier.check(request)
        except SignatureError as error:
            raise ApiError(403, error.code, error.message) from error
        return body

    def _find(self, connection_id: str) -> Connection:
        connection = self._gateway.connections.get(connection_id)
        if connection is not None:
            return connection
        if not is_connection_id(connection_id):
            raise ApiError(400, "BadRequestException", f"Invalid connectionId: {connection_id}")
        raise ApiError(410, "GoneException", None)

    def _post(self, connection: Connection, body: bytes) -> tuple[int, bytes]:
        try:
            text = body.decode()
            connection.push(text, len(body), now=asyncio.get_running_loop().time())
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
    return json.dumps(
        {
            "identity": identity,
            "connectedAt": _iso(session.connected_at_ms),
            "lastActiveAt": _iso(connection.last_active_ms),
        },
        separators=(",", ":"),
    ).encode()


def _iso(milliseconds: int) -> str:
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
