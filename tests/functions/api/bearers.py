"""Tokens for the tests of the API."""

from functions.adapters.tokens.claims import Claims
from functions.adapters.tokens.token_keys import Keys, TokenKeys
from functions.adapters.tokens.tokens import Tokens, mint
from functions.rooms.identity import CAPABILITIES
from tests.functions.conftest import NOW

SECRET = '{"current": "k1", "k1": "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"}'
EVERYTHING = tuple(sorted(CAPABILITIES))


async def _read() -> str:
    return SECRET


TOKENS = Tokens(TokenKeys(_read), clock=lambda: NOW / 1000)


def bearing(*caps: str, activity_id: int | None = None, sub: str = "mod") -> dict[str, str]:
    """The header with a token of Mod, whose id is mod; with every capability if none is named."""
    claims = Claims.of_ours(
        sub=sub, name="Mod", activity_id=activity_id, exp=NOW / 1000 + 60, caps=frozenset(caps or EVERYTHING)
    )
    return {"Authorization": f"Bearer {mint(claims, Keys.parse(SECRET))}"}
