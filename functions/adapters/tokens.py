"""Tokens: JWTs that say who somebody is, signed with HS256 by the platform or by us.

No token, and nothing out of one, is in an error's message: those are logged.
"""

import json
import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jwt

from functions.adapters.secrets import SecretsManager, secrets_client
from functions.adapters.token_keys import Keys, TokenKeys
from functions.rooms.identity import (
    VIEWER,
    Malformed,
    parse_activity_id,
    parse_avatar,
    parse_caps,
    parse_user_id,
    parse_username,
)
from functions.settings import Settings

ALGORITHM = "HS256"
TOKEN_LENGTH = 4096
# A token that is made elsewhere and used at once may be ahead of this machine's clock.
SKEW_SECONDS = 60


class BadToken(Exception):
    """This is no token of ours, or no longer; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a token says. `activity_id` None: a platform's token, for every room of the HTTP API and no connection.

    `exp` in seconds since the epoch.
    """

    sub: str
    name: str
    activity_id: int | None
    exp: float
    caps: frozenset[str] = VIEWER
    avatar: str = ""


class Tokens:
    """Verifies and makes tokens with the keys that are live. `clock` tells seconds since the epoch."""

    def __init__(self, keys: TokenKeys, *, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._clock = clock

    async def verify(self, token: str) -> Claims:
        """What the token says; raises BadToken, and SecretUnavailable without any keys."""
        keys = await self._keys.with_kid(kid_of(token))
        return verify(token, keys, now=self._clock())

    async def mint(
        self, *, sub: str, name: str, activity_id: int | None, caps: frozenset[str], seconds: int, avatar: str = ""
    ) -> str:
        """A token for so many seconds, signed with the current key; raises SecretUnavailable without any keys."""
        exp = int(self._clock()) + seconds
        claims = Claims(sub=sub, name=name, activity_id=activity_id, caps=caps, exp=exp, avatar=avatar)
        return mint(claims, await self._keys.current())


def tokens(settings: Settings) -> Tokens:
    """Tokens with the keys of the settings' secret, which is read when a token first comes."""
    if settings.auth_mode == "open" and not settings.token_secret:
        return Tokens(TokenKeys(_own_keys))
    return Tokens(TokenKeys(SecretsManager(settings.token_secret, partial(secrets_client, settings.aws_region)).read))


def kid_of(token: str) -> str:
    """Which key a token says it is signed with; raises BadToken, also for what cannot be a token of ours."""
    if len(token) > TOKEN_LENGTH or not token.isascii():
        raise BadToken(f"it is longer than {TOKEN_LENGTH} characters or not ASCII")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise BadToken("it is no JWT") from None
    if header.get("alg") != ALGORITHM:
        raise BadToken(f"its alg is not {ALGORITHM}")
    # https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11: what must be understood and is not refuses the token.
    if "crit" in header or "kid" not in header:
        raise BadToken("its header has no kid, or asks for more than is understood")
    return str(header["kid"])


def verify(token: str, keys: Keys, *, now: float) -> Claims:
    """What a token says at `now`, seconds since the epoch; raises BadToken."""
    key = keys.by_kid.get(kid_of(token))
    if key is None:
        raise BadToken("its kid is none of the live keys'")
    # Times are checked below, against `now` and more strictly.
    options: Any = {"require": ["exp", "sub", "name"], "verify_exp": False, "verify_nbf": False, "verify_iat": False}
    try:
        payload = jwt.decode(token, key, algorithms=[ALGORITHM], options=options)
    except jwt.InvalidSignatureError:
        raise BadToken("its signature is wrong") from None
    except jwt.MissingRequiredClaimError as error:
        raise BadToken(f"it has no {error.claim}") from None
    except jwt.PyJWTError:
        raise BadToken("its claims are not those of a token of ours") from None
    if _time(payload["exp"]) <= now:
        raise BadToken("it has expired")
    if _time(payload.get("nbf", 0)) > now + SKEW_SECONDS:
        raise BadToken("it is not valid yet")
    return _claims(payload)


def mint(claims: Claims, keys: Keys) -> str:
    """A token that says this, signed with the current key."""
    payload: dict[str, Any] = {
        "sub": claims.sub,
        "name": claims.name,
        "exp": claims.exp,
        "caps": sorted(claims.caps),
    }
    if claims.activity_id is not None:
        payload["activityId"] = claims.activity_id
    if claims.avatar:
        payload["avatar"] = claims.avatar
    return jwt.encode(payload, keys.by_kid[keys.current], algorithm=ALGORITHM, headers={"kid": keys.current})


def _claims(payload: dict[str, Any]) -> Claims:
    try:
        return Claims(
            sub=parse_user_id(_text(payload, "sub")),
            name=parse_username(_text(payload, "name")),
            activity_id=_room(payload["activityId"]) if "activityId" in payload else None,
            caps=_caps(payload["caps"]) if "caps" in payload else VIEWER,
            avatar=parse_avatar(_text(payload, "avatar")) if "avatar" in payload else "",
            exp=payload["exp"],
        )
    except Malformed as malformed:
        raise BadToken(f"one of its claims cannot be meant: {malformed}") from None


def _text(payload: dict[str, Any], claim: str) -> str:
    if not isinstance(payload[claim], str):
        raise BadToken(f"its {claim} is no text")
    return str(payload[claim])


def _time(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not -math.inf < value < math.inf:
        raise BadToken("one of its times is no number")
    return value


def _room(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadToken("its activityId is no integer")
    return parse_activity_id(str(value))


def _caps(value: Any) -> frozenset[str]:
    if not isinstance(value, list):
        raise BadToken("its caps are no list")
    return parse_caps(value)


async def _own_keys() -> str:
    # Where nobody is asked for a token none has to be known elsewhere; the call that makes them works all the same.
    return json.dumps({"current": "open", "open": secrets.token_hex(32)})
