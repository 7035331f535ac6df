"""What the emulator answers to the tools of this machine, under `/_local/`. AWS has no counterpart."""

import json
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from functions.adapters.aws.secrets import SecretsManager, SecretUnavailable, secrets_client
from functions.adapters.tokens.token_keys import TokenKeys
from functions.adapters.tokens.tokens import Tokens
from functions.rooms.identity import Malformed
from local.aws.asgi import BodyTooLargeError, ClientGoneError, Receive, Scope, Send, read_body, respond
from local.aws.function import JsonObject
from local.deployment import CREDENTIALS, TOKEN_SECRET
from local.servers.moto import REGION
from tools.token_order import TokenOrder

BODY_LIMIT = 16 * 1024
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
METHODS = {"archive": "GET", "health": "GET", "jwks": "GET", "metrics": "GET", "token": "POST"}


class Refused(Exception):
    """The answer is the error `code` with this status; the message says why."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class LocalApi:
    """An ASGI application. Every answer is JSON; an error is `{"error": code, "message": text}`.

    `archive` is the answer to GET archive: the table's name, endpoint and region. `health` says whether each part is
    up; GET health is 503 until all of them are. `jwks` is the file with the identity provider's key set, read at each
    GET jwks. `tokens` signs the tokens of POST token; None in open mode.
    """

    def __init__(
        self,
        *,
        archive: JsonObject,
        health: Callable[[], Mapping[str, bool]],
        metrics: Callable[[], list[JsonObject]],
        tokens: Tokens | None,
        jwks: str = "",
    ) -> None:
        self._archive = archive
        self._health = health
        self._metrics = metrics
        self._tokens = tokens
        self._jwks = jwks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            status, answer = await self._answer(scope, receive)
        except Refused as refused:
            status, answer = refused.status, {"error": refused.code, "message": str(refused)}
        except ClientGoneError:
            return
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await respond(send, status, headers, json.dumps(answer).encode())

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, JsonObject]:
        name = scope["path"].removeprefix("/_local/")
        if name not in METHODS:
            raise Refused(404, "not_found", f"under /_local/ there is only: {', '.join(METHODS)}")
        if METHODS[name] != ("GET" if scope["method"] == "HEAD" else scope["method"]):
            raise Refused(405, "not_allowed", f"the {name} is asked for with {METHODS[name]}")
        if name == "health":
            parts = dict(self._health())
            ready = all(parts.values())
            return 200 if ready else 503, {"ready": ready, "parts": parts}
        if name == "metrics":
            return 200, {"metrics": self._metrics()}
        if name == "jwks":
            return 200, self._key_set()
        if not is_command_line(scope):
            raise Refused(403, "not_allowed", f"the {name} is for this machine's command line, not for web pages")
        return 200, self._archive if name == "archive" else {"token": await self._token(receive)}

    def _key_set(self) -> JsonObject:
        if not self._jwks:
            raise Refused(404, "not_found", "there is no identity provider: name its key set with JWKS")
        try:
            found: JsonObject = json.loads(Path(self._jwks).read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise Refused(503, "unavailable", f"{self._jwks}: {error}") from None
        return found

    async def _token(self, receive: Receive) -> str:
        if self._tokens is None:
            raise Refused(409, "open", "AUTH_MODE is open: nobody is asked for a token")
        try:
            order = TokenOrder.parse(json.loads(await read_body(receive, limit=BODY_LIMIT)))
            return await order.fill(self._tokens)
        except Malformed as malformed:
            raise Refused(400, "bad_field", str(malformed)) from None
        except (ValueError, RecursionError, BodyTooLargeError):
            raise Refused(400, "bad_json", f"that is no JSON of at most {BODY_LIMIT} bytes") from None
        except SecretUnavailable as error:
            raise Refused(503, "unavailable", str(error)) from None


def is_command_line(scope: Scope) -> bool:
    """Whether a request comes from no web page, and names this machine.

    A browser sends an Origin with every POST and Sec-Fetch-Site with every request. A request through a tunnel has the
    tunnel's Host.
    """
    headers: dict[bytes, bytes] = dict(scope["headers"])
    if b"origin" in headers or b"sec-fetch-site" in headers:
        return False
    host = headers.get(b"host", b"").decode("latin-1")
    return host in LOOPBACK or host.rpartition(":")[0] in LOOPBACK


def fresh_keys() -> str:
    kid = secrets.token_hex(4)
    return json.dumps({"current": kid, kid: secrets.token_urlsafe(48)})


def tokens_at(secrets_url: str) -> Tokens:
    """Tokens with the keys that the emulator's functions use."""
    client: Callable[[], Any] = partial(
        secrets_client,
        REGION,
        endpoint_url=secrets_url,
        aws_access_key_id=CREDENTIALS.access_key,
        aws_secret_access_key=CREDENTIALS.secret_key,
    )
    return Tokens(TokenKeys(SecretsManager(TOKEN_SECRET, client).read))
