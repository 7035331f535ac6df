"""The connections API of API Gateway: one POST puts one frame on one viewer's screen.

Built for the relay, for which the cost of a POST is the cost of the product: kept-alive connections, a frame digested
once however many viewers get it, and a signature of two digests. See docs/adr/0003-own-poster.md.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

import enum
import ssl
import time
from collections.abc import Callable
from urllib.parse import quote, urlsplit

from functions.adapters.credentials import CredentialSource
from functions.adapters.http_connection import ConnectionDropped
from functions.adapters.http_pool import HttpPool
from functions.adapters.sigv4 import Signer
from functions.rooms.payload import Payload

SERVICE = "execute-api"
POST_SECONDS = 2.0
NOTHING = Payload.of(b"")


class Outcome(enum.Enum):
    """What became of a POST."""

    DELIVERED = "delivered"
    GONE = "gone"  # 410: no such connection, or its handshake is not over
    THROTTLED = "throttled"  # 429: the account's rate, or this viewer's full buffer
    FORBIDDEN = "forbidden"  # 403: wrong endpoint or stage, or the role may not post
    FAILED = "failed"  # anything else, no response in time included


class Connections:
    """Posts to `url`, the API's https address with its stage (a plain http one is the emulator's)."""

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
        """Have credentials that outlive the POSTs of a tick; to be awaited before each. Raises NoCredentials."""
        credentials = await self._credentials.current()
        if self._signer is None or self._signer.credentials is not credentials:
            self._signer = Signer(credentials, service=SERVICE, region=self._region, host=self._pool.authority)

    async def post(self, connection_id: str, payload: Payload) -> Outcome:
        """Send one frame to one connection. Never raises for what a server or the network does."""
        return await self._ask("POST", connection_id, payload)

    async def delete(self, connection_id: str) -> Outcome:
        """Close a connection. Never raises for what a server or the network does."""
        return await self._ask("DELETE", connection_id, NOTHING)

    async def _ask(self, method: str, connection_id: str, payload: Payload) -> Outcome:
        try:
            response = await self._pool.send(self._request(method, connection_id, payload))
        except (OSError, TimeoutError, ConnectionDropped):
            return Outcome.FAILED
        return _OUTCOMES.get(response.status, Outcome.FAILED)

    def _request(self, method: str, connection_id: str, payload: Payload) -> bytes:
        assert self._signer is not None, "prepare was not awaited"
        path = self._path + quote(connection_id, safe="")
        signed = self._signer.headers(method, path, payload.digest, self._clock())
        head = f"{method} {path}{self._head}{signed}Content-Length: {len(payload.data)}\r\n\r\n"
        return head.encode() + payload.data

    async def close(self) -> None:
        """Drop the kept connections."""
        await self._pool.close()


_OUTCOMES = {
    200: Outcome.DELIVERED,
    204: Outcome.DELIVERED,
    403: Outcome.FORBIDDEN,
    410: Outcome.GONE,
    429: Outcome.THROTTLED,
}
