"""Where a tool has its tokens from: signed here, asked of an emulator, or none."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from functions.adapters.aws.secrets import SecretsManager, SecretUnavailable, secrets_client
from functions.adapters.tokens.token_keys import TokenKeys
from functions.adapters.tokens.tokens import Tokens
from tools.failure import Failure
from tools.json_http import asked, host_and_port
from tools.token_order import TokenOrder

Order = dict[str, Any]
# The token of an order, as TokenOrder.parse reads it; None where the rooms ask for none. It raises NoToken, and
# NobodyThere where an emulator is to make it.
TokenSource = Callable[[Order], Awaitable[str | None]]


class NoToken(Failure):
    """There is no token to be had; the message says why."""


async def no_token(order: Order) -> None:
    """For rooms that believe the address."""


def signed_tokens(secret: str, region: str) -> TokenSource:
    """Signed here, with the token keys that a secret in Secrets Manager holds."""
    tokens = Tokens(TokenKeys(SecretsManager(secret, partial(secrets_client, region)).read))

    async def token(order: Order) -> str:
        try:
            return await TokenOrder.parse(order).fill(tokens)
        except SecretUnavailable as error:
            raise NoToken(str(error)) from error

    return token


def emulator_tokens(host: str, port: int) -> TokenSource:
    """Made by the emulator at host:port."""

    async def token(order: Order) -> str | None:
        status, answer = await asyncio.to_thread(asked, host, port, "/_local/token", order)
        if status == 409:  # it runs with AUTH_MODE=open
            return None
        if "token" not in answer:
            raise NoToken(answer.get("message") or f"http://{host}:{port} answers {status}: is that an emulator?")
        return str(answer["token"])

    return token


def source_of(url: str, secret: str | None, region: str, *, otherwise: str = "") -> TokenSource:
    """Signed with the keys of a `secret`, else made by the emulator at `url`. Raises NotHere, which says what to do
    `otherwise`."""
    return signed_tokens(secret, region) if secret else emulator_tokens(*host_and_port(url, otherwise=otherwise))


def viewer_order(activity_id: int, user: str, seconds: int) -> Order:
    """For a viewer of a room, by its userId, with what viewers may do."""
    return {"activityId": activity_id, "userId": user, "name": user, "seconds": seconds}
