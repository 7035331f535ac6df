"""What lets the viewers and the platform of a smoke test in."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from functions.adapters.secrets import SecretUnavailable
from local.token_order import TokenOrder
from local.tools.smoke.options import SmokeOptions
from local.tools.token import NoToken, post, tokens_of

# Longer than all steps take at their slowest.
SECONDS = 1800
CAPS = ("moderate", "publish", "admin")

Order = dict[str, Any]
Mint = Callable[[Order], Awaitable[str | None]]


class NoPass(Exception):
    """Nobody can be let in; the message says why and what to do."""


class Passes:
    """Where everybody gets theirs. `mint` makes the token of an order, None where none is asked for."""

    def __init__(self, mint: Mint) -> None:
        self._mint = mint

    async def viewer(self, activity_id: int, user: str) -> str | None:
        """A viewer's token. Raises NoPass."""
        return await self._mint(_order(activity_id, user, ("chat", "like")))

    async def platform(self) -> str | None:
        """The platform's token, for all that it may do. Raises NoPass."""
        return await self._mint(_order(None, "smoke", CAPS))


def passes(options: SmokeOptions) -> Passes:
    """The way that the options name; without one an emulator on this machine is asked."""
    if options.open:
        return Passes(_nothing)
    if options.secret is not None:
        return Passes(_signed(options.secret, options.region))
    address = urlsplit(options.url)
    return Passes(_asked(str(address.hostname), address.port or 80))


def _order(activity_id: int | None, user: str, caps: Sequence[str]) -> Order:
    return {"activityId": activity_id, "userId": user, "name": user, "caps": list(caps), "seconds": SECONDS}


async def _nothing(order: Order) -> None:
    return None


def _signed(secret: str, region: str) -> Mint:
    tokens = tokens_of(secret, region)

    async def mint(order: Order) -> str:
        try:
            return await TokenOrder.parse(order).fill(tokens)
        except SecretUnavailable as error:
            raise NoPass(str(error)) from error

    return mint


def _asked(host: str, port: int) -> Mint:
    async def mint(order: Order) -> str | None:
        try:
            status, answer = await asyncio.to_thread(post, host, port, order)
        except NoToken as error:
            remedy = "start it with `make dev`, or name the rooms with --url and --api"
            raise NoPass(f"nothing answers at http://{host}:{port}: {remedy}") from error
        if status == 409:  # it runs in open mode
            return None
        if "token" not in answer:
            raise NoPass(answer.get("message") or f"asked for a token, {host}:{port} answers {status}")
        return str(answer["token"])

    return mint
