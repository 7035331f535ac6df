"""The connections API of API Gateway: one POST sends one frame to one viewer.

POSTs are most of what the relay does, so one must cost little CPU: connections are kept alive, a frame is hashed once
for all its viewers, and a signature is one SHA-256 and one HMAC. See docs/adr/0003-own-poster.md.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

import enum
import re
import ssl
import time
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from functions.adapters.aws.credentials import CredentialSource
from functions.adapters.aws.http import ConnectionDropped, HttpPool
from functions.adapters.aws.sigv4 import Signer
from functions.rooms.payload import Payload

SERVICE = "execute-api"
POST_SECONDS = 2.0
NOTHING = Payload.of(b"")
_ID = re.compile(r"[A-Za-z0-9_-]+=")


class Outcome(enum.Enum):
    """What became of a POST."""

    DELIVERED = "delivered"
    GONE = "gone"  # 410: there is no such connection, or its handshake is not over
    THROTTLED = "throttled"  # 429: the account's rate, or this viewer's full buffer
    TOO_LARGE = "too_large"  # 413: this frame cannot be sent, now or later
    FORBIDDEN = "forbidden"  # 403: wrong endpoint or stage, or the role may not post
    FAILED = "failed"  # any other status, a network error, or no response in time


class Connections:
    """Posts to `url`: the API's https address with its stage, or the emulator's plain http address."""

    def __init__(
        self,
        url: str,
        credentials: CredentialSource,
        *,
        region: str,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
        post_seconds: float = POST_SECONDS,
    ) -> None:
        self._pool = HttpPool(url, tls=tls, seconds=post_seconds)
        self._path = f"{urlsplit(url).path.rstrip('/')}/%40connections/"
        self._head = f" HTTP/1.1\r\nHost: {self._pool.authority}\r\n"
        self._credentials = credentials
        self._region = region
        self._signer: Signer | None = None
        self._clock = clock

    async def prepare(self) -> None:
        """Renew credentials that would expire during a tick; await it before each. Raises NoCredentials."""
        credentials = await self._credentials.current()
        if self._signer is None or self._signer.credentials is not credentials:
            self._signer = Signer(credentials, service=SERVICE, region=self._region, host=self._pool.authority)

    async def post(self, connection_id: str, payload: Payload) -> Outcome:
        """Send one frame to one connection. Errors of the server and the network are outcomes, never raised."""
        return await self._ask("POST", connection_id, payload)

    async def delete(self, connection_id: str) -> Outcome:
        """Close one connection. Errors of the server and the network are outcomes, never raised."""
        return await self._ask("DELETE", connection_id, NOTHING)

    async def _ask(self, method: str, connection_id: str, payload: Payload) -> Outcome:
        try:
            response = await self._pool.send(self._request(method, connection_id, payload))
        except (OSError, TimeoutError, ConnectionDropped):
            return Outcome.FAILED
        return _OUTCOMES.get(response.status, Outcome.FAILED)

    def _request(self, method: str, connection_id: str, payload: Payload) -> bytes:
        assert self._signer is not None, "prepare was not awaited"
        path = self._path + _encoded(connection_id)
        signed = self._signer.headers(method, path, payload.digest, self._clock())
        head = f"{method} {path}{self._head}{signed}Content-Length: {len(payload.data)}\r\n\r\n"
        return head.encode() + payload.data

    async def close(self) -> None:
        """Close the idle connections of the pool."""
        await self._pool.close()


def _encoded(connection_id: str) -> str:
    # An id of API Gateway is base64url, and `quote` takes a microsecond.
    return connection_id[:-1] + "%3D" if _ID.fullmatch(connection_id) else quote(connection_id, safe="")


_OUTCOMES = {
    200: Outcome.DELIVERED,
    204: Outcome.DELIVERED,
    403: Outcome.FORBIDDEN,
    410: Outcome.GONE,
    413: Outcome.TOO_LARGE,
    429: Outcome.THROTTLED,
}
