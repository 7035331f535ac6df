"""CloudFront in front of the APIs: rewrites the path form of a room's address to the query form, and adds a secret.

API Gateway accepts no path after the stage. So on AWS a viewer-request function rewrites
`/websocket/{activityId}/{username}` to `/websocket?activityId=…&username=…`, and this function does the same. The
query's own parameters of these two names are dropped, because the path has priority. All others stay, in their order.

A distribution may add a header with a secret to each request, in place of one of the same name that the client sent.

Not faithful: one port is the distribution and the APIs. A request whose Host is that of an API of API Gateway, such as
`local.execute-api.localhost`, has come to the API's own address, and no header is added. The path form is rewritten
there too.
"""

from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from functions.runtime.settings import EDGE_HEADER
from local.aws.asgi import Asgi, Receive, Scope, Send

_HEADER = EDGE_HEADER.encode()


@dataclass(frozen=True)
class Distribution:
    """An ASGI application in front of `app`. Its `secret` is added to requests, if there is one."""

    app: Asgi
    secret: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.secret and "headers" in scope and not _is_at_api(dict(scope["headers"]).get(b"host", b"")):
            others = [pair for pair in scope["headers"] if pair[0] != _HEADER]
            scope = {**scope, "headers": [*others, (_HEADER, self.secret.encode())]}
        await self.app(scope, receive, send)


def _is_at_api(host: bytes) -> bool:
    return host.split(b".")[1:2] == [b"execute-api"]


def rewrite(path: str, query: str, *, stage: str) -> tuple[str, str]:
    """The query form of `path` and `query`, both percent-encoded; any other address is returned unchanged."""
    parts = path.split("/")
    if len(parts) != 4 or parts[0] or parts[1] != stage or not parts[2] or not parts[3]:
        return path, query
    if unquote_to_bytes(parts[2]) == b"@connections":
        return path, query
    named = [f"{name}={_requote(part)}" for name, part in zip(("activityId", "username"), parts[2:], strict=True)]
    others = [pair for pair in query.split("&") if pair and _name(pair) not in (b"activityId", b"username")]
    return f"/{stage}", "&".join([*named, *others])


def _requote(segment: str) -> str:
    # `+` and `&` have a meaning in a query, but none in a path.
    return quote(unquote_to_bytes(segment), safe="")


def _name(pair: str) -> bytes:
    return unquote_to_bytes(pair.partition("=")[0].replace("+", " "))
