"""Tokens: JWTs that say who somebody is, signed with HS256 by the platform or by us, or by an identity provider.

No token, and nothing out of one, is in an error's message: those are logged.
"""

import json
import math
import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jwt

from functions.adapters.aws.secrets import SecretsManager, secrets_client
from functions.adapters.tokens.claims import BadToken, Claims, check_times, text_of
from functions.adapters.tokens.provider import ClaimNames, Provider
from functions.adapters.tokens.provider_keys import ProviderKeys, read_from
from functions.adapters.tokens.token_keys import Keys, TokenKeys
from functions.rooms.attributes import Attributes
from functions.rooms.identity import (
    VIEWER,
    Malformed,
    parse_activity_id,
    parse_attributes,
    parse_avatar,
    parse_caps,
    parse_user_id,
    parse_username,
)
from functions.rooms.json_value import packed
from functions.runtime.settings import Settings, SettingsError

ALGORITHM = "HS256"
TOKEN_LENGTH = 4096


class Header(NamedTuple):
    """What a token says of its signature, unproven."""

    algorithm: str
    kid: str


class Tokens:
    """Makes tokens with the live keys, and verifies those and the ones of a `provider`.

    `clock` returns seconds since the epoch.
    """

    def __init__(
        self, keys: TokenKeys, provider: Provider | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._keys = keys
        self._provider = provider
        self._clock = clock

    async def verify(self, token: str) -> Claims:
        """The token's claims; raises BadToken, and SecretUnavailable if there are no keys."""
        header = header_of(token)
        # The header says which kind of token it claims to be. Each kind has keys of its own, which fit no other.
        if self._provider is not None and header.algorithm != ALGORITHM:
            return await self._provider.verify(token, header.algorithm, header.kid, now=self._clock())
        return verify(token, await self._keys.with_kid(header.kid), now=self._clock())

    async def mint(
        self,
        *,
        sub: str,
        name: str,
        activity_id: int | None,
        caps: frozenset[str],
        seconds: int,
        latest: float = math.inf,
        avatar: str = "",
        attributes: Attributes | None = None,
    ) -> tuple[str, int]:
        """A token for so many seconds, but not beyond `latest`, signed with the current key; and its `exp`.

        Raises SecretUnavailable if there are no keys.
        """
        exp = int(min(int(self._clock()) + seconds, latest))
        shown: dict[str, Any] = {"name": name, "avatar": avatar, "attributes": attributes or {}}
        claims = Claims.of_ours(sub=sub, activity_id=activity_id, caps=caps, exp=exp, **shown)
        return mint(claims, await self._keys.current()), exp


def tokens(settings: Settings) -> Tokens:
    """Tokens with the keys of the settings' secret and of their identity provider, read when the first token comes."""
    if settings.auth_mode == "open" and not settings.token_secret:
        return Tokens(TokenKeys(_own_keys))
    secret = SecretsManager(settings.token_secret, partial(secrets_client, settings.aws_region))
    return Tokens(TokenKeys(secret.read), _provider(settings))


def _provider(settings: Settings) -> Provider | None:
    if not settings.identity_jwks_url:
        return None
    try:
        claims = ClaimNames.parse(settings.identity_claims)
    except ValueError as error:
        raise SettingsError(f"IDENTITY_CLAIMS: {error}") from None
    keys = ProviderKeys(read_from(settings.identity_jwks_url))
    return Provider(keys, issuer=settings.identity_issuer, audience=settings.identity_audience, claims=claims)


def header_of(token: str) -> Header:
    """What a token's header names; raises BadToken, also for a text that cannot be a token."""
    if len(token) > TOKEN_LENGTH or not token.isascii():
        raise BadToken(f"it is longer than {TOKEN_LENGTH} characters or not ASCII")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError:
        raise BadToken("it is no JWT") from None
    # A `crit` header that is not understood refuses the token: https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11
    if "crit" in header or "kid" not in header:
        raise BadToken("its header has no kid, or asks for more than is understood")
    return Header(str(header.get("alg")), str(header["kid"]))


def verify(token: str, keys: Keys, *, now: float) -> Claims:
    """The claims at `now`, seconds since the epoch, of a token that is signed with a live key; raises BadToken."""
    header = header_of(token)
    if header.algorithm != ALGORITHM:
        raise BadToken(f"its alg is not {ALGORITHM}")
    key = keys.by_kid.get(header.kid)
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
    check_times(payload, now, "nbf")
    return _claims(payload)


def mint(claims: Claims, keys: Keys) -> str:
    """A token with these claims, for one room or a platform, signed with the current key."""
    payload: dict[str, Any] = {
        "sub": claims.sub,
        "name": claims.name,
        "exp": claims.exp,
        "caps": sorted(claims.caps),
    }
    if claims.rooms is not None:
        [payload["activityId"]] = claims.rooms
    if claims.avatar:
        payload["avatar"] = claims.avatar
    if claims.attributes:
        payload["attributes"] = dict(claims.attributes)
    # PyJWT would write each letter that is not ASCII as six characters, and a token has at most TOKEN_LENGTH.
    text = packed(payload).encode()
    return jwt.PyJWS().encode(text, keys.by_kid[keys.current], algorithm=ALGORITHM, headers={"kid": keys.current})


def _claims(payload: dict[str, Any]) -> Claims:
    try:
        return Claims.of_ours(
            sub=parse_user_id(text_of(payload, "sub")),
            name=parse_username(text_of(payload, "name")),
            activity_id=_room(payload["activityId"]) if "activityId" in payload else None,
            caps=_caps(payload["caps"]) if "caps" in payload else VIEWER,
            avatar=parse_avatar(text_of(payload, "avatar")) if "avatar" in payload else "",
            attributes=parse_attributes(payload["attributes"]) if "attributes" in payload else {},
            exp=payload["exp"],
        )
    except Malformed as malformed:
        raise BadToken(f"one of its claims is invalid: {malformed}") from None


def _room(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadToken("its activityId is no integer")
    return parse_activity_id(str(value))


def _caps(value: Any) -> frozenset[str]:
    if not isinstance(value, list):
        raise BadToken("its caps are no list")
    return parse_caps(value)


async def _own_keys() -> str:
    # In open mode nobody verifies a token, but the route that makes tokens works all the same.
    return json.dumps({"current": "open", "open": secrets.token_hex(32)})
