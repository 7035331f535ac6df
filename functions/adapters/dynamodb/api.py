"""DynamoDB's own JSON interface.

A large room's watch time is thousands of small updates a second, in one batch after another. boto3 would need a thread
and more CPU for each than one function has; see docs/performance.md.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
"""

import asyncio
import json
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Self

from functions.adapters.aws.credentials import CredentialSource, NoCredentials
from functions.adapters.aws.endpoint import endpoint
from functions.adapters.aws.http import ConnectionDropped, HttpPool, Response
from functions.adapters.aws.sigv4 import Signer

SERVICE = "dynamodb"
VERSION = "DynamoDB_20120810"
ANSWER_SECONDS = 3.0
# Nothing is wrong with the request: after a while it may succeed.
TEMPORARY = frozenset(
    {"ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException", "InternalServerError"}
)

_encode = json.JSONEncoder(separators=(",", ":")).encode


class DynamoDbError(Exception):
    """A request that failed. `code`: DynamoDB's name for it, empty where there was no such answer."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class DynamoDbApi:
    """The API at `url`, or that of the Region. Values are as they are on the wire: `{"S": "text"}`.

    A request that is throttled, or not answered, is retried after each of `pauses` (seconds, with full jitter). Without
    pauses the caller retries.
    """

    def __init__(
        self,
        credentials: CredentialSource,
        *,
        region: str,
        url: str = "",
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
        answer_seconds: float = ANSWER_SECONDS,
        pauses: Sequence[float] = (),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._url = url or endpoint("dynamodb", region)
        self._pool = HttpPool(self._url, tls=tls, seconds=answer_seconds)
        self._head = f"POST / HTTP/1.1\r\nHost: {self._pool.authority}\r\nContent-Type: application/x-amz-json-1.0\r\n"
        self._credentials = credentials
        self._region = region
        self._signers: dict[str, Signer] = {}
        self._clock = clock
        self._pauses = pauses
        self._sleep = sleep

    @classmethod
    def of_environment(cls, environment: Mapping[str, str], *, region: str) -> Self:
        """With a function's credentials, and led elsewhere by AWS_ENDPOINT_URL_DYNAMODB, as boto3 would be."""
        return cls(CredentialSource(environment), region=region, url=environment.get("AWS_ENDPOINT_URL_DYNAMODB", ""))

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """What `operation`, such as UpdateItem, answers; raises DynamoDbError. It may have been done all the same."""
        for pause in self._pauses:
            try:
                return await self._call(operation, parameters)
            except DynamoDbError as error:
                if error.code not in TEMPORARY and not isinstance(error.__cause__, TimeoutError | ConnectionDropped):
                    raise
            await self._sleep(random.uniform(0, pause))
        return await self._call(operation, parameters)

    async def _call(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        try:
            signer = await self._signer(operation)
            response = await self._pool.send(self._request(signer, _encode(parameters).encode()))
        except (OSError, TimeoutError, ConnectionDropped, NoCredentials) as error:
            raise DynamoDbError("", f"{operation} at {self._url}: {str(error) or type(error).__name__}") from error
        answer = _parse(response)
        if response.status != 200:
            code = str(answer.get("__type", response.status)).rpartition("#")[2]
            told = answer.get("message") or answer.get("Message") or ""
            raise DynamoDbError(code, f"{operation}: {code} {told}".rstrip())
        return answer

    async def close(self) -> None:
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
