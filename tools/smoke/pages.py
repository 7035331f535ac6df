"""The pages that a stage may have beside its WebSocket API: whether they and what they name can be fetched."""

import asyncio
import json
import re
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from tools import json_http
from tools.smoke import cause
from tools.smoke.cause import Failed
from tools.smoke.platform import ANSWER_SECONDS, unreachable

ADDRESSES = "/stage.json"
PAGES = ("/", "/console")
ASSET = re.compile(r'"(/assets/[^"]+)"')
POLICY = "content-security-policy"


class Site:
    """What is served at the host of the WebSocket API's `url`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._origin = f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}"

    async def look(self) -> str:
        """What was seen, in words. Raises Failed for a page that is not whole."""
        status, _, body = await self._get(ADDRESSES)
        if status >= 400:
            return f"not asked: {self._origin}{ADDRESSES} answers {status}, so there are none"
        websocket = self._websocket(status, body)
        assets: set[str] = set()
        for page in PAGES:
            headers, html = await self._whole(page)
            if POLICY not in headers:
                raise Failed(f"{page} has no {POLICY}", cause.PAGES)
            assets |= set(ASSET.findall(html.decode(errors="replace")))
        for asset in sorted(assets):
            await self._whole(asset)
        return f"{len(PAGES)} pages and {len(assets)} assets, which connect to {websocket}"

    def _websocket(self, status: int, body: bytes) -> str:
        try:
            addresses = json.loads(body)
            for name in ("websocket", "api"):
                if not urlsplit(urljoin(self._origin, addresses[name])).netloc:
                    raise ValueError(name)
        except (ValueError, TypeError, KeyError, AttributeError):
            said = f"{ADDRESSES} answers {status} without a WebSocket's and an API's address"
            raise Failed(said, cause.PAGES) from None
        return str(addresses["websocket"])

    async def _whole(self, path: str) -> tuple[Mapping[str, str], bytes]:
        status, headers, body = await self._get(path)
        if status != 200 or not body:
            raise Failed(f"{path} answers {status} with {len(body)} bytes", cause.PAGES)
        return headers, body

    async def _get(self, path: str) -> tuple[int, Mapping[str, str], bytes]:
        url = f"{self._origin}{path}"
        try:
            return await asyncio.to_thread(json_http.get, url, seconds=ANSWER_SECONDS)
        except OSError as error:
            raise unreachable(url, error) from error
