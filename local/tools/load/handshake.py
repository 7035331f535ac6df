"""The opening handshake of a WebSocket, the client's side."""

import base64
import hashlib
import os
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class BadAddress(ValueError):
    """Not an address that a WebSocket can be opened to; the message says why."""


class BadResponse(Exception):
    """The server's answer is not HTTP, or its 101 does not fit the request."""


@dataclass(frozen=True)
class Address:
    """Where the rooms are: a ws or wss address. Its query is kept, and extended by each viewer."""

    url: str

    @property
    def _parts(self) -> SplitResult:
        return urlsplit(self.url)

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Raises BadAddress."""
        address = cls(text)
        try:
            parts, _ = address._parts, address.port
        except ValueError as error:
            raise BadAddress(f"{text!r}: {error}") from error
        if parts.scheme not in ("ws", "wss") or not parts.hostname:
            raise BadAddress(f"{text!r} is not a ws:// or wss:// address")
        if parts.username is not None or parts.fragment or not text.isascii() or not text.isprintable() or " " in text:
            raise BadAddress(f"{text!r} holds what an address of a WebSocket cannot")
        return address

    @property
    def host(self) -> str:
        """The host to connect to."""
        return self._parts.hostname or ""

    @property
    def port(self) -> int:
        """The port to connect to."""
        return self._parts.port or (443 if self.is_secure else 80)

    @property
    def is_secure(self) -> bool:
        """Whether TLS is spoken."""
        return self._parts.scheme == "wss"

    def request(
        self, key: bytes, *, activity_id: int, username: str, subprotocol: str | None, token: str | None = None
    ) -> bytes:
        """The request that opens a connection for a viewer; `token` is offered as a subprotocol too."""
        parts = self._parts
        own = {"activityId": str(activity_id), "username": username}
        query = urlencode(
            [*((k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k not in own), *own.items()]
        )
        offered = ", ".join(filter(None, (subprotocol, token and f"bearer.{token}")))
        offer = f"Sec-WebSocket-Protocol: {offered}\r\n" if offered else ""
        return (
            f"GET {parts.path or '/'}?{query} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key.decode()}\r\nSec-WebSocket-Version: 13\r\n{offer}"
            "User-Agent: live-rooms-load\r\n\r\n"
        ).encode()


def new_key() -> bytes:
    """A Sec-WebSocket-Key."""
    return base64.b64encode(os.urandom(16))


def accept_of(key: bytes) -> bytes:
    """The Sec-WebSocket-Accept that answers a key."""
    return base64.b64encode(hashlib.sha1(key + _GUID).digest())


def status_of(head: bytes, *, key: bytes, subprotocol: str | None) -> int:
    """The status of a response's head; raises BadResponse, also for a 101 that answers something else."""
    line, *lines = head.split(b"\r\n")
    words = line.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise BadResponse("the answer to the handshake is not HTTP")
    status = int(words[1])
    if status == 101:
        headers = {name.strip().lower(): value.strip() for name, _, value in (each.partition(b":") for each in lines)}
        if headers.get(b"sec-websocket-accept") != accept_of(key):
            raise BadResponse("the handshake's key was not answered")
        if headers.get(b"sec-websocket-protocol") != (subprotocol.encode() if subprotocol else None):
            raise BadResponse("the server chose another subprotocol")
    return status
