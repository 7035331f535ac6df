"""The HTTP API, as a platform calls it."""

import asyncio
import socket
import ssl
from urllib.parse import urlsplit

from tools import json_http, wrong_address
from tools.json_http import Answer
from tools.smoke import cause
from tools.smoke.cause import Failed

# API Gateway itself gives up a function after 30 s.
ANSWER_SECONDS = 31.0


class Platform:
    """The API at `url`, which ends in /api. `token` None: the rooms ask for none."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url
        self._headers = {"User-Agent": "live-rooms-smoke"} | ({"Authorization": f"Bearer {token}"} if token else {})

    async def ask(self, method: str, path: str, body: Answer | None = None) -> tuple[int, Answer]:
        """The status and the JSON object, {} for any other answer. Raises Failed when nothing answers."""
        try:
            return await asyncio.to_thread(
                json_http.ask, method, f"{self._url}{path}", body, headers=self._headers, seconds=ANSWER_SECONDS
            )
        except OSError as error:  # URLError is one
            raise unreachable(self._url, error) from error

    async def call(self, method: str, path: str, body: Answer | None = None) -> Answer:
        """What is answered; raises Failed unless that is a success."""
        status, answer = await self.ask(method, path, body)
        if status >= 300:
            said = answer.get("message") or "no message"
            raise Failed(f"{method} {path} answers {status}: {said}", cause.of_http(status, answer))
        return answer


def unreachable(url: str, error: BaseException) -> Failed:
    """What it means that there is no connection."""
    reason = getattr(error, "reason", error)
    if error is reason and isinstance(error, TimeoutError):  # a URLError is of the time before there is a connection
        return Failed(f"{url} takes the connection, and does not answer in {ANSWER_SECONDS:g} s", cause.FUNCTION)
    if isinstance(reason, socket.gaierror):
        return Failed(f"{urlsplit(url).hostname} does not resolve: {reason.strerror}", cause.DNS)
    if isinstance(reason, ssl.SSLError):
        return Failed(wrong_address.unreachable(url, reason), cause.TLS)
    return Failed(f"{url} cannot be reached: {reason or type(error).__name__}", cause.ADDRESS)
