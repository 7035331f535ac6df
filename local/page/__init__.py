"""The room page at `/`: the files beside this one, as they are on the disk now."""

import hashlib
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

FOLDER = Path(__file__).parent
CONTENT_TYPES = {
    ".html": b"text/html; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
}
# Whatever a viewer writes, nothing but the page's own files runs.
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Page:
    """An ASGI app for HTTP scopes: GET and HEAD of `/` (index.html) and of the files directly in `folder`.

    Answers 200, 304 (If-None-Match), 404 or 405, the last two with a line of text. A browser asks anew
    each time (no-cache), so an edited file is seen at the next load.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await _answer(scope, send, HTTPStatus.METHOD_NOT_ALLOWED, [(b"allow", b"GET, HEAD")])
            return
        file = self._find(scope["path"])
        if file is None:
            await _answer(scope, send, HTTPStatus.NOT_FOUND, [])
            return
        body = file.read_bytes()
        etag = b'"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"'
        headers = [
            (b"etag", etag),
            (b"cache-control", b"no-cache"),
            (b"content-security-policy", POLICY),
            (b"referrer-policy", b"no-referrer"),  # the address holds the viewer's name
        ]
        if _has(scope, etag):
            await _start(send, HTTPStatus.NOT_MODIFIED, headers, b"")
            return
        await _answer(scope, send, HTTPStatus.OK, headers, content_type=CONTENT_TYPES[file.suffix], body=body)

    def _find(self, path: str) -> Path | None:
        """The file `path` names. It is looked up among the folder's names, so none can lead outside."""
        name = "index.html" if path == "/" else path.removeprefix("/")
        for file in self._folder.iterdir():
            if file.name == name and file.suffix in CONTENT_TYPES and file.is_file():
                return file
        return None


def _has(scope: Scope, etag: bytes) -> bool:
    """Whether If-None-Match names `etag`, weakly compared."""
    for name, value in scope["headers"]:
        if name == b"if-none-match":
            tags = [tag.strip().removeprefix(b"W/") for tag in value.split(b",")]
            if etag in tags or b"*" in tags:
                return True
    return False


async def _answer(
    scope: Scope,
    send: Send,
    status: HTTPStatus,
    headers: Headers,
    *,
    content_type: bytes = b"text/plain; charset=utf-8",
    body: bytes | None = None,
) -> None:
    """A whole answer; without `body` the status in words. HEAD gets the headers alone."""
    if body is None:
        body = f"{status.phrase}\n".encode()
    head = [
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
        (b"x-content-type-options", b"nosniff"),
        *headers,
    ]
    await _start(send, status, head, b"" if scope["method"] == "HEAD" else body)


async def _start(send: Send, status: HTTPStatus, headers: Headers, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
