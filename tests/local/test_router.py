from local.aws.asgi import Message, Receive, Scope, Send
from local.router import Router

PARTS = ("gateway", "connections", "lambda_api", "local_api", "pages")
HTTP_APIS = {"/api/": "http_api", "/gallery/": "gallery"}


class Part:
    """An ASGI application that notes the paths it was given."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])


async def request(kind: str, path: str) -> tuple[dict[str, list[str]], list[Message]]:
    """The paths that each part behind a router was given, and what the router itself sent."""
    parts = {name: Part() for name in (*PARTS, *HTTP_APIS.values())}
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    http_apis = {prefix: parts[name] for prefix, name in HTTP_APIS.items()}
    router = Router(**{name: parts[name] for name in PARTS}, http_apis=http_apis)
    await router({"type": kind, "path": path, "method": "GET", "headers": []}, receive, send)
    return {name: part.paths for name, part in parts.items() if part.paths}, sent


async def test_a_request_goes_to_the_part_of_its_path() -> None:
    for path, part in (
        ("/websocket/@connections/abc=", "connections"),
        ("/websocket/@connections", "connections"),
        ("/websocket/@connectionsabc=", "connections"),
        ("/prod/@connections/abc=", "connections"),
        ("/prod/@connections", "connections"),
        ("/@connections/abc=", "connections"),
        ("/WebSocket/@Connections/abc=", "connections"),
        ("/a/b/@connections/abc=", "connections"),
        ("//@connections/abc=", "connections"),
        ("/api/@connections/abc=", "connections"),
        ("/prod/connections/abc=", "pages"),
        ("/prod/my@connections", "pages"),
        ("/api/health", "http_api"),
        ("/api", "http_api"),
        ("/api/tokens", "http_api"),
        ("/gallery/42/key/7", "gallery"),
        ("/galleryx", "pages"),
        ("/2015-03-31/functions/review/invocations", "lambda_api"),
        ("/2015-03-31", "lambda_api"),
        ("/2015-03-31x", "pages"),
        ("/", "pages"),
        ("/assets/client/live.js", "pages"),
        ("/apiary", "pages"),
        ("/websockets", "pages"),
        ("/_locally", "pages"),
        ("/_local", "local_api"),
        ("/_local/token", "local_api"),
        ("/_local/token/", "local_api"),
    ):
        assert await request("http", path) == ({part: [path]}, []), path


async def test_every_websocket_goes_to_the_gateway() -> None:
    for path in ("/websocket", "/websocket/42/alice", "/elsewhere"):
        assert await request("websocket", path) == ({"gateway": [path]}, []), path


async def test_plain_http_to_the_websocket_is_told_to_upgrade() -> None:
    for path in ("/websocket", "/websocket/42/alice"):
        asked, sent = await request("http", path)
        assert sent[0]["status"] == 426, path
        assert asked == {}, path


async def test_what_is_neither_http_nor_websocket_is_left_alone() -> None:
    assert await request("lifespan", "") == ({}, [])
