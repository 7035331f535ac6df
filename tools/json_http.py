"""HTTP with JSON, as tools speak it to the rooms' API, and to the emulator, which answers to this machine alone."""

import functools
import http.client
import json
import urllib.request
from collections.abc import Mapping
from email.message import Message
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

from tools.wrong_address import LOOPBACK

EMULATOR_SECONDS = 10

Answer = dict[str, Any]


class NotHere(ValueError):
    """No URL of an emulator on this machine; the message says why and what to do."""


class NobodyThere(Exception):
    """Nothing answers at `place`, a URL; the message says why."""

    def __init__(self, place: str, error: object) -> None:
        super().__init__(f"nothing answers at {place} ({error})")
        self.place = place


def ask(
    method: str, url: str, body: Answer | None = None, *, headers: Mapping[str, str] | None = None, seconds: float
) -> tuple[int, Answer]:
    """The status and the JSON object of the answer, {} for any other answer. Raises OSError where nothing answers."""
    data = None if body is None else json.dumps(body).encode()
    own = {"Content-Type": "application/json", **(headers or {})}
    status, _, answer = _sent(urllib.request.Request(url, data, own, method=method), seconds)
    return status, read_object(answer)


def get(url: str, *, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
    """The status, the headers by their names in lower case, and the body. Raises OSError where nothing answers."""
    return _sent(urllib.request.Request(url), seconds)


def _sent(request: urllib.request.Request, seconds: float) -> tuple[int, Mapping[str, str], bytes]:
    try:
        with _opener(urlsplit(request.full_url).hostname in LOOPBACK).open(request, timeout=seconds) as response:
            return response.status, _lower(response.headers), response.read()
    except HTTPError as error:
        return error.code, _lower(error.headers), error.read()
    except http.client.HTTPException as error:
        raise OSError(f"the answer is not HTTP: {error!r}") from error


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@functools.cache
def _opener(is_local: bool) -> urllib.request.OpenerDirector:
    # A proxy that the environment names leads away from this machine.
    return urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if is_local else []))


def read_object(body: bytes) -> Answer:
    """The object that a body is; an empty one if it is none."""
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def host_and_port(url: str, *, otherwise: str) -> tuple[str, int]:
    """Of the emulator at `url`; raises NotHere. `otherwise`: what to do about rooms that are elsewhere."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host, port = None, 0
    if host is None or parts.scheme not in ("http", "ws", "https", "wss"):
        raise NotHere(f"{url!r} is no URL such as http://127.0.0.1:8000")
    if parts.scheme in ("https", "wss") and host in LOOPBACK:
        plain = parts._replace(scheme="http").geturl()
        raise NotHere(f"{url}: the emulator speaks no TLS: did you mean {plain}?")
    if parts.scheme in ("https", "wss") or host not in LOOPBACK:
        raise NotHere(f"{url} is not on this machine: {otherwise}")
    return host, port


def asked(host: str, port: int, path: str, order: Answer | None = None) -> tuple[int, Answer]:
    """What the emulator answers to a GET of `path`, or to a POST of `order`, as `ask` has it. Raises NobodyThere."""
    place = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    try:
        return ask("GET" if order is None else "POST", f"{place}{path}", order, seconds=EMULATOR_SECONDS)
    except OSError as error:
        raise NobodyThere(place, getattr(error, "reason", error)) from None
