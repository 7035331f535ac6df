"""`GET /_local/archive`: where the archive is, for tools on this machine. There is nothing like it on AWS."""

import json

from local.aws.asgi import Receive, Scope, Send, respond
from local.mint import is_from_here


class ArchiveAddress:
    """An ASGI application; answers `{"table", "endpoint", "region"}`, and no web page at all."""

    def __init__(self, *, table: str, endpoint: str, region: str) -> None:
        self._answer = {"table": table, "endpoint": endpoint, "region": region}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["method"] != "GET":
            status, answer = 405, _error("not_allowed", "the archive's address is asked for with GET")
        elif not is_from_here(scope):
            status, answer = 403, _error("not_allowed", "the archive is for this machine's command line")
        else:
            status, answer = 200, self._answer
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await respond(send, status, headers, json.dumps(answer).encode())


def _error(code: str, message: str) -> dict[str, str]:
    return {"error": code, "message": message}
