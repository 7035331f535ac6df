"""How `smoke --conform` asks: handshakes and requests as no client would make them, and the connections API."""

import asyncio
import http.client
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from functions.adapters.aws.client import CallFailed, ThreadedClient, aws_client
from tools import json_http
from tools.address import subprotocols, viewer_url
from tools.smoke.options import SmokeOptions
from tools.smoke.platform import ANSWER_SECONDS
from tools.token_source import TokenSource, viewer_order
from tools.wrong_address import LOOPBACK

USER = "smoke-conform"
TOKEN_SECONDS = 1800
PLATFORM = {"activityId": None, "userId": USER, "caps": ["moderate", "publish", "admin"], "seconds": TOKEN_SECONDS}
# What is another each time.
IDS = re.compile(r'("(?:connectionId|requestId)": ?)"[^"]*"')

# What boto3 writes before AWS's own message.
CALLED = re.compile(r"^An error occurred .*? operation( \(.*?\))?: ")


class NotAsked(Exception):
    """This cannot be found out with what was given; the text says why."""


class Probe:
    """Of one address. A method returns what came, as a short text."""

    def __init__(self, options: SmokeOptions, source: TokenSource) -> None:
        self.options = options
        self._source = source
        self._viewers = 0
        parts = urlsplit(options.url)
        self.is_local = parts.hostname in LOOPBACK
        secure = parts.scheme == "wss"
        self._plain = parts._replace(scheme="https" if secure else "http")
        self._client = ThreadedClient(self._make_client)

    async def enter(self) -> ClientConnection:
        """A new viewer's connection, open and not yet read. One viewer alone would soon open too many."""
        self._viewers += 1
        name = f"{USER}-{self._viewers}"
        token = await self._source(viewer_order(self.options.activity_id, name, TOKEN_SECONDS))
        url = viewer_url(self.options.url, self.options.activity_id, name)
        return await self._connect(url, token, {})

    async def handshake(
        self, *, path: str = "", query: str | None = None, headers: Mapping[str, str] | None = None
    ) -> str:
        """The status and the body of a handshake: with another path, another query, or more headers."""
        parts = urlsplit(viewer_url(self.options.url, self.options.activity_id, USER))
        url = parts._replace(path=path or parts.path, query=parts.query if query is None else query).geturl()
        token = await self._source(viewer_order(self.options.activity_id, USER, TOKEN_SECONDS))
        try:
            connection = await self._connect(url, token, headers or {})
        except InvalidStatus as refused:
            return said(refused.response.status_code, refused.response.body)
        except (InvalidHandshake, OSError, EOFError) as error:
            return type(error).__name__
        await connection.close()
        return "101"

    async def get(self, *, headers: Mapping[str, str] | None = None, path: str = "") -> str:
        """The status and the body of a plain request."""
        return await asyncio.to_thread(self._get, path or self._plain.path, headers or {})

    async def connections(self, method: str, **arguments: Any) -> str:
        """What the connections API answers to a method of boto3: a status and the answer, or the error."""
        try:
            answer = await self._client.call(method, **arguments)
        except CallFailed as failed:
            if not failed.status:
                raise NotAsked(f"the connections API: {failed}") from None
            message = CALLED.sub("", str(failed))
            return f"{failed.status} {failed.code} {masked(message)}".rstrip()
        metadata = answer.pop("ResponseMetadata")
        return f"{metadata['HTTPStatusCode']} {', '.join(sorted(answer))}".rstrip()

    async def platform(self, method: str, path: str, body: json_http.Answer | None = None) -> str:
        """The status of a call of the HTTP API."""
        token = await self._source(PLATFORM)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.options.api}{path}"
        try:
            status, _ = await asyncio.to_thread(
                json_http.ask, method, url, body, headers=headers, seconds=ANSWER_SECONDS
            )
        except OSError as error:
            return type(error).__name__
        return str(status)

    async def unsigned(self) -> str:
        """What the connections API answers to who does not sign."""
        place = urlsplit(self._connections_url())
        return await asyncio.to_thread(self._get, f"{place.path}/@connections/{'A' * 15}%3D", {}, place.netloc)

    async def _connect(self, url: str, token: str | None, headers: Mapping[str, str]) -> ClientConnection:
        more: Any = {"proxy": None} if self.is_local else {}
        return await connect(
            url,
            subprotocols=subprotocols("live.v1", token),
            origin=self.options.origin,  # type: ignore[arg-type]
            additional_headers=dict(headers),
            open_timeout=ANSWER_SECONDS,
            compression=None,
            ping_interval=None,
            max_size=None,
            **more,
        )

    def _get(self, path: str, headers: Mapping[str, str], place: str = "") -> str:
        kind = http.client.HTTPSConnection if self._plain.scheme == "https" else http.client.HTTPConnection
        connection = kind(place or self._plain.netloc, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", path, headers=dict(headers))
            answer = connection.getresponse()
            return said(answer.status, answer.read())
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        finally:
            connection.close()

    def _connections_url(self) -> str:
        if self.options.connections:
            return self.options.connections.rstrip("/").removesuffix("/@connections")
        host = str(self._plain.hostname)
        if not self.is_local and ".execute-api." not in host:
            raise NotAsked("--url is no address of API Gateway: name the connections API with --connections")
        return self._plain._replace(query="").geturl()

    def _make_client(self) -> Any:
        # The emulator verifies no key, and is not shown those of the person who asks.
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"} if self.is_local else {}
        url = self._connections_url()
        more: dict[str, Any] = {"endpoint_url": url, **keys}
        seconds = {"connect_seconds": 5.0, "answer_seconds": ANSWER_SECONDS}
        return aws_client("apigatewaymanagementapi", self.options.region, attempts=1, **seconds, **more)


def masked(text: str) -> str:
    """A text without the ids that are others each time."""
    return IDS.sub(r'\1"…"', text)


def said(status: int, body: bytes | bytearray | None) -> str:
    """A status with its body, whose ids are left out."""
    text = masked(bytes(body or b"").decode(errors="replace").strip())
    try:
        text = json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        text = text[:80]
    return f"{status} {text}".rstrip()


async def closed(connection: ClientConnection) -> str:
    """The code and the reason with which a connection is closed."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                await connection.recv()
    except ConnectionClosed:
        return f"{connection.close_code} {connection.close_reason}".rstrip()
    except TimeoutError:
        await connection.close()
        return "open"
