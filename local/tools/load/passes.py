"""What lets the viewers of a load in: their word, or tokens."""

import asyncio
from typing import Protocol

from functions.adapters.secrets import SecretUnavailable
from functions.adapters.tokens import Tokens
from local.token_order import TokenOrder
from local.tools.emulator import LOOPBACK
from local.tools.load.handshake import Address
from local.tools.load.options import LoadOptions
from local.tools.token import NoToken, post, tokens_of

# A load, and viewers that come back at its end.
SECONDS = 86_400


class NoPass(Exception):
    """Viewers cannot be given what they need; the message says why."""


class Passes(Protocol):
    """Where viewers get theirs."""

    async def token_for(self, activity_id: int, user: str) -> str | None:
        """The token of a viewer, None where its word is enough; raises NoPass."""


async def passes(options: LoadOptions) -> Passes:
    """The way that fits these rooms; raises NoPass.

    With a `secret` tokens are signed here. An emulator on this machine is asked whether its rooms want any.
    """
    if options.secret is not None:
        return await _tried(_Signed(tokens_of(options.secret, options.region)), options)
    address = Address.parse(options.url)
    if not address.is_secure and address.host in LOOPBACK:
        asked = _Asked(address)
        if await asked.is_needed(options.first_room, options.tag):
            return asked
    return OnTheirWord()


class OnTheirWord:
    """Rooms that believe the address."""

    async def token_for(self, activity_id: int, user: str) -> str | None:
        return None


class _Signed:
    """Signed with the token keys of a deployed stage."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def token_for(self, activity_id: int, user: str) -> str | None:
        order = TokenOrder(activity_id=activity_id, user_id=user, name=user, seconds=SECONDS)
        try:
            return await order.fill(self._tokens)
        except SecretUnavailable as error:
            raise NoPass(str(error)) from error


class _Asked:
    """Asked of an emulator on this machine."""

    def __init__(self, address: Address) -> None:
        self._address = address

    async def is_needed(self, activity_id: int, user: str) -> bool:
        """Whether it gives tokens; something else that listens there does not."""
        try:
            status, _ = await self._ask(activity_id, user)
        except NoToken:
            return False
        return status == 200

    async def token_for(self, activity_id: int, user: str) -> str | None:
        try:
            status, answer = await self._ask(activity_id, user)
        except NoToken as error:
            raise NoPass(str(error)) from error
        if "token" not in answer:
            raise NoPass(answer.get("message") or f"asked for a token, the rooms answer {status}")
        return str(answer["token"])

    async def _ask(self, activity_id: int, user: str) -> tuple[int, dict[str, object]]:
        order = {"activityId": activity_id, "userId": user, "name": user, "seconds": SECONDS}
        return await asyncio.to_thread(post, self._address.host, self._address.port, order)


async def _tried(passes: Passes, options: LoadOptions) -> Passes:
    """The same, which has given a pass: what is wrong with the keys is one line, not one for each viewer."""
    await passes.token_for(options.first_room, options.tag)
    return passes
