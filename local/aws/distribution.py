"""CloudFront in front of the APIs: adds a secret to requests, and answers readers of the gallery from a cache.

Requests for `/gallery/*` go through the cache: see edge_cache.py. All others are passed on, so `/api/*` is never
cached. Which of the two a request is depends on its path with dot segments removed, and without needless escapes, as
RFC 3986 has it. The APIs get the path as it was sent.

A distribution may add a header with a secret to each request, in place of one of the same name that the client sent.

Not faithful: one port is the distribution and the APIs. A request whose Host is that of an API of API Gateway, such as
`local.execute-api.localhost`, has come to the API's own address: no header is added, and nothing is cached. The path
form of a room's address (path_form.py) is rewritten there too.
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/distribution-web-values-specify.html
"""

import posixpath
import re
from collections.abc import Callable

from functions.runtime.settings import EDGE_HEADER
from local.aws.asgi import Asgi, Receive, Scope, Send
from local.aws.edge_cache import EdgeCache

CACHED = "/gallery/"
_HEADER = EDGE_HEADER.encode()
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")


class Distribution:
    """An ASGI application in front of `app`. `secret` is added to requests, if there is one. `count` is told of what
    the cache does.

    It is a Direct as well, for requests that the cache can answer.
    """

    limit = EdgeCache.limit

    def __init__(self, app: Asgi, secret: str, *, count: Callable[[str, int], None]) -> None:
        self._app = app
        self._secret = secret.encode()
        self._cache = EdgeCache(app, count=count)

    async def stop(self) -> None:
        """Ask the APIs nothing more."""
        await self._cache.stop()

    def takes(self, scope: Scope) -> bool:
        return self._cache.takes(scope) and not _is_at_api(dict(scope["headers"]).get(b"host", b""))

    def answer(self, scope: Scope, body: bytes) -> bytes:
        return self._cache.answer(scope, body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "headers" not in scope or _is_at_api(dict(scope["headers"]).get(b"host", b"")):
            await self._app(scope, receive, send)
            return
        if self._secret:
            others = [pair for pair in scope["headers"] if pair[0] != _HEADER]
            scope = {**scope, "headers": [*others, (_HEADER, self._secret)]}
        is_read = scope["type"] == "http" and is_cached(scope["raw_path"].decode("latin-1"))
        await (self._cache if is_read else self._app)(scope, receive, send)


def _is_at_api(host: bytes) -> bool:
    return host.split(b".")[1:2] == [b"execute-api"]


def is_cached(raw_path: str) -> bool:
    """Whether the behaviour of the gallery is the one for a path."""
    plain = _ESCAPE.sub(_unescaped, raw_path)
    normal = posixpath.normpath(plain) + ("/" if plain.endswith("/") else "")
    return normal.startswith(CACHED)


def _unescaped(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if _UNRESERVED.fullmatch(character) else escape[0]
