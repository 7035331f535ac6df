"""`POST /_local/token`: tokens for who sits at this machine. There is nothing like it on AWS."""

import json
import secrets
from functools import partial
from typing import Any

from functions.adapters.secrets import SecretsManager, SecretUnavailable, secrets_client
from functions.adapters.token_keys import TokenKeys
from functions.adapters.tokens import Tokens
from functions.rooms.identity import Malformed
from local.aws.asgi import BodyTooLargeError, ClientGoneError, Receive, Scope, Send, read_body, respond
from local.deployment import CREDENTIALS, TOKEN_SECRET
from local.servers.moto import REGION
from local.token_order import TokenOrder

BODY_LIMIT = 16 * 1024
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

Answer = tuple[int, dict[str, Any]]


class Mint:
    """An ASGI application. `tokens` None: nobody is asked for one, so none is made.

    No web page gets a token here: browsers send an Origin with a POST. Nor does somebody elsewhere who is led here
    through a tunnel: the Host is not this machine then.
    """

    def __init__(self, tokens: Tokens | None) -> None:
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request: a token order as JSON; the answer is `{"token": ...}`, or `{"error": code, "message": text}`."""
        try:
            status, answer = await self._answer(scope, receive)
        except ClientGoneError:
            return
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await respond(send, status, headers, json.dumps(answer).encode())

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            return _error(405, "not_allowed", "a token is asked for with POST")
        if not is_from_here(scope):
            return _error(403, "not_allowed", "tokens are for this machine's command line, not for web pages")
        if self._tokens is None:
            return _error(409, "open", "AUTH_MODE is open: nobody is asked for a token")
        try:
            order = TokenOrder.parse(json.loads(await read_body(receive, limit=BODY_LIMIT)))
            return 200, {"token": await order.fill(self._tokens)}
        except Malformed as malformed:
            return _error(400, "bad_field", str(malformed))
        except (ValueError, RecursionError, BodyTooLargeError):
            return _error(400, "bad_json", f"that is no JSON of at most {BODY_LIMIT} bytes")
        except SecretUnavailable as error:
            return _error(503, "unavailable", str(error))


def fresh_keys() -> str:
    """A secret of token keys that nobody has seen."""
    kid = secrets.token_hex(4)
    return json.dumps({"current": kid, kid: secrets.token_urlsafe(48)})


def tokens_at(secrets_url: str) -> Tokens:
    """Tokens with the keys that the emulator's functions use."""
    client = partial(
        secrets_client,
        REGION,
        endpoint_url=secrets_url,
        aws_access_key_id=CREDENTIALS.access_key,
        aws_secret_access_key=CREDENTIALS.secret_key,
    )
    return Tokens(TokenKeys(SecretsManager(TOKEN_SECRET, client).read))


def is_from_here(scope: Scope) -> bool:
    """Whether a request is none of a browser's page, and was meant for this machine by name."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    if b"origin" in headers or b"sec-fetch-site" in headers:
        return False
    host = headers.get(b"host", "")
    return host in LOOPBACK or host.rpartition(":")[0] in LOOPBACK


def _error(status: int, code: str, message: str) -> Answer:
    return status, {"error": code, "message": message}
