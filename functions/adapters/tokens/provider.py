"""Tokens of the platform's own identity provider, such as Cognito or Auth0: JWTs signed with RS256 or ES256.

A provider's token is never a platform's token: whoever signs in there is a person, and the calls about all rooms are
for servers.
"""

from dataclasses import dataclass, fields
from typing import Any, Self

import jwt

from functions.adapters.tokens.claims import BadToken, Claims, check_times, text_of
from functions.adapters.tokens.provider_keys import ProviderKeys
from functions.rooms.attributes import Attributes
from functions.rooms.identity import (
    CAPABILITIES,
    VIEWER,
    Malformed,
    parse_activity_id,
    parse_attributes,
    parse_avatar,
    parse_user_id,
    parse_username,
)


@dataclass(frozen=True, kw_only=True)
class ClaimNames:
    """Which claims of a provider's token hold what ours hold under its own names.

    `rooms` "": the token is for every room, so that the address alone says which. Otherwise the claim must be there.
    """

    user: str = "sub"
    name: str = "name"
    avatar: str = "picture"
    attributes: str = "attributes"
    caps: str = "caps"
    rooms: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `user=sub,caps=cognito:groups`, where what is left out keeps its default; raises ValueError."""
        known = {one.name for one in fields(cls)}
        given = dict(part.strip().partition("=")[::2] for part in text.split(",") if part.strip())
        wrong = sorted(name for name, claim in given.items() if name not in known or (not claim and name != "rooms"))
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: give claim names to {', '.join(sorted(known))}, such as user=sub")
        return cls(**given)


class Provider:
    """Verifies the tokens that `issuer` has made for `audience`."""

    def __init__(self, keys: ProviderKeys, *, issuer: str, audience: str, claims: ClaimNames) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._claims = claims

    async def verify(self, token: str, algorithm: str, kid: str, *, now: float) -> Claims:
        """The claims of a token at `now`, in seconds since the epoch, whose header names `algorithm` and `kid`.

        Raises BadToken, and SecretUnavailable if no keys are known.
        """
        key = await self._keys.of(kid)
        if key is None or key.algorithm != algorithm:
            raise BadToken("its kid and alg are none of the identity provider's keys'")
        # Times are checked below, against `now`.
        options: Any = {"require": ["exp", "iss", "aud"], "verify_exp": False, "verify_nbf": False, "verify_iat": False}
        try:
            payload = jwt.decode(
                token, key.key, algorithms=[algorithm], issuer=self._issuer, audience=self._audience, options=options
            )
        except jwt.InvalidSignatureError:
            raise BadToken("its signature is wrong") from None
        except jwt.InvalidIssuerError:
            raise BadToken("its issuer is another one") from None
        except jwt.InvalidAudienceError:
            raise BadToken("it is for another audience") from None
        except jwt.PyJWTError:
            raise BadToken("its claims are not those of a token of the identity provider") from None
        check_times(payload, now, "nbf", "iat")
        return self._read(payload)

    def _read(self, payload: dict[str, Any]) -> Claims:
        names = self._claims
        try:
            return Claims(
                sub=parse_user_id(text_of(payload, names.user)),
                name=parse_username(text_of(payload, names.name)),
                rooms=_rooms(payload, names.rooms),
                caps=_caps(payload, names.caps),
                avatar=parse_avatar(text_of(payload, names.avatar)) if payload.get(names.avatar) is not None else "",
                attributes=_attributes(payload.get(names.attributes)),
                exp=payload["exp"],
            )
        except Malformed as malformed:
            raise BadToken(f"one of its claims is invalid: {malformed}") from None


def _rooms(payload: dict[str, Any], claim: str) -> frozenset[int] | None:
    if not claim:
        return None
    return frozenset(parse_activity_id(room) for room in _words(payload, claim))


def _caps(payload: dict[str, Any], claim: str) -> frozenset[str]:
    """The capabilities that the claim names. A claim of groups or scopes names other things too, which mean nothing
    here."""
    return VIEWER if payload.get(claim) is None else CAPABILITIES.intersection(_words(payload, claim))


def _attributes(value: Any) -> Attributes:
    return {} if value is None else parse_attributes(value)


def _words(payload: dict[str, Any], claim: str) -> list[str]:
    """A claim as a list of texts: it may be one, several with blanks between, as scopes are, or integers."""
    value = payload.get(claim)
    if isinstance(value, str):
        return value.split()
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int) and not isinstance(one, bool) for one in values):
        raise BadToken(f"its {claim} is no list of texts")
    return [str(one) for one in values]
