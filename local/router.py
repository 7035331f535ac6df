"""On AWS each part has its own address, here one port serves all."""

from collections.abc import Mapping
from dataclasses import dataclass

from functions.manifest import STAGE
from local.aws.asgi import Asgi, Receive, Scope, Send
from local.aws.gateway import upgrade_required


@dataclass(frozen=True, kw_only=True)
class Router:
    """An ASGI application that hands a request to the part of its path. `http_apis` are the routes of the HTTP API, by
    what their paths begin with."""

    gateway: Asgi
    connections: Asgi
    lambda_api: Asgi
    http_apis: Mapping[str, Asgi]
    local_api: Asgi
    pages: Asgi

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.gateway(scope, receive, send)
        elif scope["type"] == "http":
            await self._part(scope["path"])(scope, receive, send)

    def _part(self, path: str) -> Asgi:
        # Below whatever stage: the connections API says that it has only one.
        if path.startswith(f"/{STAGE}/@connections") or "@connections" in path.lower().split("/"):
            return self.connections
        for prefix, http_api in self.http_apis.items():
            if f"{path}/".startswith(prefix):
                return http_api
        for top, part in (
            (STAGE, upgrade_required),
            ("_local", self.local_api),
            ("2015-03-31", self.lambda_api),
        ):
            if path == f"/{top}" or path.startswith(f"/{top}/"):
                return part
        return self.pages
