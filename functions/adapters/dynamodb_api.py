"""DynamoDB's own JSON interface, for who asks so much that boto3 would be most of the work.

A large room's watch time is thousands of small updates a second, in one batch after another. boto3 has only threads for
that, and takes more CPU for each than one function has; see docs/performance.md. What it does besides is not here: the
caller tries again.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

import json
import ssl
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Self

from functions.adapters.credentials import CredentialSource, NoCredentials
from functions.adapters.http_connection import ConnectionDropped, HttpConnection, Response
from functions.adapters.http_pool import HttpPool
from functions.adapters.sigv4 import Signer

SERVICE = "dynamodb"
VERSION = "DynamoDB_20120810"
ANSWER_SECONDS = 3.0

_encode = json.JSONEncoder(separators=(",", ":")).encode


class DynamoDbError(Exception):
    """A request that failed. `code`: DynamoDB's name for it, empty where there was no such answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class DynamoDbApi:
    """The API at `url`, or that of the Region. Values are as they are on the wire: `{"S": "text"}`."""

    def __init__(
        self,
        credentials: CredentialSource,
        *,
        region: str,
        url: str = "",
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        self._url = url or f"https://dynamodb.{region}.{domain}"
        self._pool = HttpPool(self._url, protocol=_Connection, tls=tls, seconds=answer_seconds)
        self._head = f"POST / HTTP/1.1\r\nHost: {self._pool.authority}\r\nContent-Type: application/x-amz-json-1.0\r\n"
        self._credentials = credentials
        self._region = region
        self._signers: dict[str, Signer] = {}
        self._clock = clock

    @classmethod
    def of_environment(cls, environment: Mapping[str, str], *, region: str) -> Self:
        """With a function's credentials, and led elsewhere by AWS_ENDPOINT_URL_DYNAMODB, as boto3 would be."""
        return cls(CredentialSource(environment), region=region, url=environment.get("AWS_ENDPOINT_URL_DYNAMODB", ""))

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What `operation`, such as UpdateItem, answers; raises DynamoDbError. It may have been done all the same."""
        try:
            signer = await self._signer(operation)
            response = await self._pool.send(self._request(signer, _encode(parameters).encode()))
        except (OSError, TimeoutError, ConnectionDropped, NoCredentials) as error:
            raise DynamoDbError("", f"{operation} at {self._url}: {str(error) or type(error).__name__}") from None
        answer = _parse(response)
        if response.status != 200:
            code = str(answer.get("__type", response.status)).rpartition("#")[2]
            told = answer.get("message") or answer.get("Message") or ""
            raise DynamoDbError(code, f"{operation}: {code} {told}".rstrip())
        return answer

    async def close(self) -> None:
        """Drop the kept connections."""
        await self._pool.close()

    async def _signer(self, operation: str) -> Signer:
        credentials = await self._credentials.current()
        signer = self._signers.get(operation)
        if signer is None or signer.credentials is not credentials:
            host, target = self._pool.authority, f"{VERSION}.{operation}"
            signer = Signer(credentials, service=SERVICE, region=self._region, host=host, target=target)
            self._signers[operation] = signer
        return signer

    def _request(self, signer: Signer, body: bytes) -> bytes:
        signed = signer.headers("POST", "/", sha256(body).hexdigest(), self._clock())
        return f"{self._head}{signed}Content-Length: {len(body)}\r\n\r\n".encode() + body


class _Connection(HttpConnection):
    """One that keeps the whole body: what a batch left unprocessed comes back in it."""

    def on_body(self, body: bytes) -> None:
        self._body += body


def _parse(response: Response) -> dict[str, Any]:
    try:
        answer = json.loads(response.body or b"{}")
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        # A proxy's page, or half an answer.
        if response.status == 200:
            raise DynamoDbError("", "the answer is not JSON")
        return {}
    return answer
