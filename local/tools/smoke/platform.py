"""The HTTP API, as a platform calls it."""

import asyncio
import json
import socket
import ssl
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from local.tools.emulator import LOOPBACK
from local.tools.smoke import cause
from local.tools.smoke.cause import Failed

Answer = dict[str, Any]

# API Gateway itself gives up a function after 30 s.
ANSWER_SECONDS = 31.0


class Platform:
    """The API at `url`, which ends in /api; `token` None: nobody is asked for one."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url
        self._headers = {"Content-Type": "application/json", "User-Agent": "live-rooms-smoke"}
        self._headers |= {"Authorization": f"Bearer {token}"} if token else {}
        here = urlsplit(url).hostname in LOOPBACK
        # A proxy of the environment leads away from this machine.
        self._opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if here else []))

    async def ask(self, method: str, path: str, body: Answer | None = None) -> tuple[int, Answer]:
        """The status and the JSON object, {} where that is none. Raises Failed when nothing answers."""
        return await asyncio.to_thread(self._ask, method, path, body)

    async def call(self, method: str, path: str, body: Answer | None = None) -> Answer:
        """What is answered; raises Failed unless that is a success."""
        status, answer = await self.ask(method, path, body)
        if status >= 300:
            said = answer.get("message") or "no message"
            raise Failed(f"{method} {path} answers {status}: {said}", cause.of_http(status, answer))
        return answer

    def _ask(self, method: str, path: str, body: Answer | None) -> tuple[int, Answer]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._url}{path}", data, self._headers, method=method)
        try:
            with self._opener.open(request, timeout=ANSWER_SECONDS) as response:
                return response.status, _object(response.read())
        except urllib.error.HTTPError as error:
            return error.code, _object(error.read())
        except OSError as error:  # URLError is one
            raise unreachable(self._url, error) from error


def unreachable(url: str, error: BaseException) -> Failed:
    """What it means that there is no connection."""
    reason = getattr(error, "reason", error)
    if error is reason and isinstance(error, TimeoutError):  # a URLError is of the time before there is a connection
        return Failed(f"{url} takes the connection, and does not answer in {ANSWER_SECONDS:g} s", cause.FUNCTION)
    if isinstance(reason, socket.gaierror):
        return Failed(f"{urlsplit(url).hostname} does not resolve: {reason.strerror}", cause.DNS)
    if isinstance(reason, ssl.SSLError):
        return Failed(f"{url}: {reason}", cause.TLS)
    return Failed(f"{url} cannot be reached: {reason or type(error).__name__}", cause.ADDRESS)


def _object(body: bytes) -> Answer:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
