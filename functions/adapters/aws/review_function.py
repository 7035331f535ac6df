"""The platform's function that reviews chats, invoked through Lambda's own interface.

A viewer waits for each review, so it must cost little: a connection that is kept alive, and our own signature. boto3
would add a thread, and more to a cold start than all the rest of it; see docs/adr/0024-a-review-is-a-direct-invoke.md.
https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

import asyncio
import time
from collections.abc import Callable
from hashlib import sha256
from urllib.parse import quote

from functions.adapters.aws.credentials import CredentialSource, NoCredentials
from functions.adapters.aws.endpoint import endpoint
from functions.adapters.aws.http import ConnectionDropped, HttpPool, Response
from functions.adapters.aws.sigv4 import Signer
from functions.rooms.review import ReviewFailed

SERVICE = "lambda"
# Enough to tell what went wrong.
TOLD_CHARACTERS = 200


class ReviewFunction:
    """The function `arn`, perhaps with an alias or a version, at `url` or at its Region's address."""

    def __init__(
        self,
        arn: str,
        credentials: CredentialSource,
        *,
        seconds: float,
        url: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._region = arn.split(":")[3]
        self._pool = HttpPool(url or endpoint(SERVICE, self._region), seconds=seconds)
        self._path = f"/2015-03-31/functions/{quote(arn, safe='')}/invocations"
        self._head = f"POST {self._path} HTTP/1.1\r\nHost: {self._pool.authority}\r\nContent-Type: application/json\r\n"
        self._credentials = credentials
        self._seconds = seconds
        self._signer: Signer | None = None
        self._clock = clock

    async def ask(self, question: bytes) -> bytes:
        """What the function answers, as JSON. Raises ReviewFailed, after `seconds` at the latest.

        Lambda answers with 200 too if the function fails; its answer then has `errorType` and `errorMessage`.
        """
        try:
            async with asyncio.timeout(self._seconds):
                response = await self._invoke(question)
        except TimeoutError:
            raise ReviewFailed(f"there was no answer within {self._seconds * 1000:.0f} ms") from None
        except (OSError, ConnectionDropped, NoCredentials) as error:
            raise ReviewFailed(f"Lambda cannot be reached: {error}") from None
        if response.status != 200:
            told = response.body[:TOLD_CHARACTERS].decode("utf-8", "replace")
            raise ReviewFailed(f"Lambda refused with {response.status}: {told}")
        return response.body

    async def close(self) -> None:
        """Close the idle connections."""
        await self._pool.close()

    async def _invoke(self, question: bytes) -> Response:
        credentials = await self._credentials.current()
        if self._signer is None or self._signer.credentials is not credentials:
            self._signer = Signer(credentials, service=SERVICE, region=self._region, host=self._pool.authority)
        signed = self._signer.headers("POST", self._path, sha256(question).hexdigest(), self._clock())
        return await self._pool.send(f"{self._head}{signed}Content-Length: {len(question)}\r\n\r\n".encode() + question)
