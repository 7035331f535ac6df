"""The pages, their scripts and the AsyncAPI document, as they are on the disk now.

Stands in for the bucket behind the distribution.

Not faithful: an asset's address is its path in this repository, without a hash, and is asked for again at each load. A
bucket does not have the AsyncAPI document.
"""

import hashlib
import json
from http import HTTPStatus
from pathlib import Path

from functions.manifest import STAGE
from local.aws.asgi import Headers, Receive, Scope, Send, respond
from local.byte_range import part
from pages import site

# The stage's addresses. They are relative, since a tunnel or another name for this machine may be the page's origin.
ADDRESSES = json.dumps({"websocket": f"/{STAGE}", "api": "/"}).encode()
DOCUMENT, YAML = "docs/asyncapi.yaml", "application/yaml"  # RFC 9512


class Pages:
    """An ASGI application: GET and HEAD of the site that is at `root`.

    Answers 200, 206 and 416 (Range), 304 (If-None-Match), 404 or 405, the last two with a line of text. A browser asks
    again at each load (no-cache), so an edit shows at the next load.
    """

    def __init__(self, root: Path = site.ROOT) -> None:
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
            (b"content-security-policy", site.content_security_policy().encode()),
            (b"referrer-policy", site.REFERRER_POLICY.encode()),
        ]
        if _has(scope, etag):
            await respond(send, HTTPStatus.NOT_MODIFIED, headers)
            return
        status, content_range, content = part(body, _asked_range(scope, etag))
        headers += [(b"accept-ranges", b"bytes"), *([(b"content-range", content_range)] if content_range else [])]
        await respond(send, status, [*_typed(content_type), *headers], content)

    def _found(self, path: str) -> tuple[str, bytes] | None:
        """The content type and the content at a path. It is looked up among the site's own, so none leads outside."""
        if path == site.STAGE_ADDRESSES:
            return "application/json", ADDRESSES
        if path == "/asyncapi.yaml":
            return YAML, (self._root / DOCUMENT).read_bytes()
        if file := site.pages(self._root).get(path):
            return site.HTML, file.read_bytes()
        if file := site.assets(self._root).get(path):
            return site.CONTENT_TYPES[file.suffix], file.read_bytes()
        return None


def _has(scope: Scope, etag: bytes) -> bool:
    """Whether If-None-Match names `etag`, weakly compared."""
    named = b",".join(value for name, value in scope["headers"] if name == b"if-none-match")
    tags = {tag.strip().removeprefix(b"W/") for tag in named.split(b",")}
    return etag in tags or b"*" in tags


def _asked_range(scope: Scope, etag: bytes) -> bytes | None:
    """The Range header, unless it is for another version of the file."""
    named = dict(scope["headers"])
    return named.get(b"range") if named.get(b"if-range", etag) == etag else None


def _typed(content_type: str) -> Headers:
    return [(b"content-type", content_type.encode()), (b"x-content-type-options", b"nosniff")]


async def _refuse(send: Send, status: HTTPStatus, *headers: tuple[bytes, bytes]) -> None:
    await respond(send, status, [*_typed("text/plain; charset=utf-8"), *headers], f"{status.phrase}\n".encode())
