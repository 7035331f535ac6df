"""The emulator, as tools ask it for something; it answers to this machine alone."""

import http.client
import json
from typing import Any
from urllib.parse import urlsplit

PATIENCE_SECONDS = 10
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class NotHere(ValueError):
    """No URL of an emulator on this machine; the message says why and what to do."""


class NobodyThere(Exception):
    """Nothing answers; the message says where."""


def host_and_port(url: str, *, otherwise: str) -> tuple[str, int]:
    """Of the emulator at `url`; raises NotHere. `otherwise`: what to do about rooms that are elsewhere."""
    try:
        address = urlsplit(url)
        host, port = address.hostname, address.port or 80
    except ValueError:
        host, port = None, 0
    if host is None or address.scheme not in ("http", "ws", "https", "wss"):
        raise NotHere(f"{url!r} is no URL such as http://127.0.0.1:8000")
    if address.scheme in ("https", "wss") or host not in LOOPBACK:
        raise NotHere(f"{url} is not on this machine: {otherwise}")
    return host, port


def asked(host: str, port: int, path: str, order: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
    """The status and the answer to a GET of `path`, or to a POST of `order`; {} where that is no JSON object. Raises
    NobodyThere."""
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_SECONDS)
    try:
        if order is None:
            connection.request("GET", path)
        else:
            connection.request("POST", path, json.dumps(order), {"Content-Type": "application/json"})
        response = connection.getresponse()
        status, body = response.status, response.read()
    except (OSError, http.client.HTTPException) as error:
        raise NobodyThere(f"nothing answers at http://{host}:{port} ({error})") from None
    finally:
        connection.close()
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    return status, answer if isinstance(answer, dict) else {}
