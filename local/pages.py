"""The pages, their scripts and the AsyncAPI document, as they are on the disk now.

Stands in for the bucket behind the distribution. A script's address below `/assets/` is its path in this repository, so
a module finds another by the same relative path on the disk and over HTTP.
"""

import hashlib
import json
from http import HTTPStatus
from pathlib import Path

from functions.manifest import STAGE
from local.aws.asgi import Headers, Receive, Scope, Send, respond

ROOT = Path(__file__).parents[1]
PAGES = {
    "/": "pages/room/index.html",
    "/console": "pages/console/index.html",
    "/asyncapi.yaml": "docs/asyncapi.yaml",
}
# The stage's addresses, for the pages. They are relative, since a tunnel or another name for this machine may be the
# origin. pages/shared/stage_addresses.js reads them.
STAGE_FILE = json.dumps({"websocket": f"/{STAGE}", "api": "/"}).encode()
ASSETS = "/assets/"
ASSET_FILES = ("client/*.js", "pages/**/*")
CONTENT_TYPES = {
    ".html": b"text/html; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".yaml": b"application/yaml",  # RFC 9512
}
# Whatever a viewer writes, only the page's own files run.
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Pages:
    """An ASGI application: GET and HEAD of the addresses in `PAGES`, of the `ASSET_FILES` below `root`, and of
    `/stage.json`.

    Answers 200, 304 (If-None-Match), 404 or 405, the last two with a line of text. A browser asks again at each load
    (no-cache), so an edit shows at the next load.
    """

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await _refuse(send, HTTPStatus.METHOD_NOT_ALLOWED, (b"allow", b"GET, HEAD"))
            return
        found = self._found(scope["path"])
        if found is None:
            await _refuse(send, HTTPStatus.NOT_FOUND)
            return
        content_type, body = found
        etag = b'"' + hashlib.sha256(body).hexdigest()[:32].encode() + b'"'
        headers = [
            (b"etag", etag),
            (b"cache-control", b"no-cache"),
            (b"content-security-policy", POLICY),
            (b"referrer-policy", b"no-referrer"),  # the address holds the viewer's name
        ]
        if _has(scope, etag):
            await respond(send, HTTPStatus.NOT_MODIFIED, headers)
        else:
            await respond(send, HTTPStatus.OK, [*_typed(content_type), *headers], body)

    def _found(self, path: str) -> tuple[bytes, bytes] | None:
        """The content type and the content at a path."""
        if path == "/stage.json":
            return b"application/json", STAGE_FILE
        file = self.files().get(path)
        return (CONTENT_TYPES[file.suffix], file.read_bytes()) if file else None

    def files(self) -> dict[str, Path]:
        """The file of each address. A path is looked up among them, so none leads outside."""
        found = {address: self._root / name for address, name in PAGES.items()}
        for pattern in ASSET_FILES:
            for file in self._root.glob(pattern):
                found[ASSETS + file.relative_to(self._root).as_posix()] = file
        return {address: file for address, file in found.items() if file.suffix in CONTENT_TYPES and file.is_file()}


def _has(scope: Scope, etag: bytes) -> bool:
    """Whether If-None-Match names `etag`, weakly compared."""
    named = b",".join(value for name, value in scope["headers"] if name == b"if-none-match")
    tags = {tag.strip().removeprefix(b"W/") for tag in named.split(b",")}
    return etag in tags or b"*" in tags


def _typed(content_type: bytes) -> Headers:
    return [(b"content-type", content_type), (b"x-content-type-options", b"nosniff")]


async def _refuse(send: Send, status: HTTPStatus, *headers: tuple[bytes, bytes]) -> None:
    await respond(send, status, [*_typed(b"text/plain; charset=utf-8"), *headers], f"{status.phrase}\n".encode())
