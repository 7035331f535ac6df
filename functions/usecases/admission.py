"""How connections are let in: by which way, from which origins, and with which identity."""

import logging
from dataclasses import dataclass, field

from functions.adapters.tokens.claims import BadToken
from functions.adapters.tokens.edge import Edge, edge
from functions.adapters.tokens.tokens import Tokens, tokens
from functions.aws_events.websocket import Handshake
from functions.rooms.denial import Reason
from functions.rooms.identity import (
    SUBPROTOCOL,
    Framing,
    Identity,
    parse_activity_id,
    parse_avatar,
    parse_cursor,
    parse_user_id,
    parse_username,
    read_attributes,
)
from functions.runtime.metrics import SILENT, TOKENS_REFUSED, Meter
from functions.runtime.settings import AuthMode, Settings

log = logging.getLogger(__name__)

BEARER = "bearer."


class NoIdentity(Exception):
    """The handshake has no identity, or none that is believed. The message says why, and is logged."""

    def __init__(self, message: str, reason: Reason) -> None:
        super().__init__(message)
        self.reason = reason


class TokenRefused(NoIdentity):
    """The handshake has a token, which is not believed."""


@dataclass(frozen=True, kw_only=True)
class Admission:
    """In `mode` open the query is believed, in `mode` token only a token. Without `origins` every origin is allowed.

    `websocket_url` is the address that clients connect to, "" if the functions do not know it.
    """

    mode: AuthMode
    tokens: Tokens
    origins: frozenset[str] = frozenset()
    websocket_url: str = ""
    meter: Meter = SILENT
    edge: Edge = field(default_factory=Edge)

    def allows(self, origin: str) -> bool:
        """Whether a page of `origin` may connect. A client without an origin, "", is no browser, and may."""
        return not self.origins or not origin or _normal(origin) in self.origins

    async def identify(self, handshake: Handshake) -> Identity:
        """As `examine`, for a handshake that is under way: a refusal is logged, and one of a token counted."""
        try:
            return await self.examine(handshake)
        except TokenRefused as refused:
            log.warning("a token is refused: %s", refused)
            self.meter.emit({TOKENS_REFUSED: 1})
            raise
        except NoIdentity as nobody:
            log.warning("a handshake is refused: %s", nobody)
            raise

    async def examine(self, handshake: Handshake) -> Identity:
        """Who asks, and for which room; raises NoIdentity, and Malformed if a parameter is invalid."""
        if not handshake.query.get("activityId"):
            raise NoIdentity("no activityId", "bad_field")
        try:
            identity = believe(handshake) if self.mode == "open" else await self._identify_by_token(handshake)
        except BadToken as bad:
            raise TokenRefused(str(bad), bad.reason) from None
        parse_cursor(handshake.query.get("since", "0.0"))
        return identity

    async def _identify_by_token(self, handshake: Handshake) -> Identity:
        claims = await self.tokens.verify(token_of(handshake))
        activity_id = parse_activity_id(handshake.query["activityId"])
        if claims.is_platform or not claims.admit(activity_id):
            raise BadToken("it is for another room, or for none", "token_other_room")
        return Identity(
            activity_id=activity_id,
            user_id=claims.sub,
            username=claims.name,
            avatar=claims.avatar or parse_avatar(handshake.query.get("avatar", "")),
            framing=framing(handshake),
            caps=claims.caps,
            attributes=claims.attributes,
        )


async def build(settings: Settings) -> Admission:
    """The admission that the settings describe."""
    origins = frozenset(_normal(origin) for origin in settings.allowed_origins.split(",") if origin.strip())
    return Admission(
        mode=settings.auth_mode,
        tokens=tokens(settings),
        origins=origins,
        websocket_url=settings.websocket_url,
        meter=Meter(stage=settings.stage),
        edge=edge(settings),
    )


def believe(handshake: Handshake) -> Identity:
    """The identity that the query claims; raises NoIdentity if it claims none, and Malformed."""
    query = handshake.query
    if "username" not in query:
        raise NoIdentity("no username", "name_missing")
    username = parse_username(query["username"])
    return Identity(
        activity_id=parse_activity_id(query["activityId"]),
        user_id=parse_user_id(query.get("userId", username)),
        username=username,
        avatar=parse_avatar(query.get("avatar", "")),
        framing=framing(handshake),
        attributes=read_attributes(query.get("attributes") or "{}"),
    )


def token_of(handshake: Handshake) -> str:
    """The token in the query or among the subprotocols; raises NoIdentity unless there is exactly one."""
    offered = {name.removeprefix(BEARER) for name in handshake.offered if name.startswith(BEARER)}
    given = offered.union(handshake.queries.get("token", ())) - {""}
    if len(given) != 1:
        if given:
            raise NoIdentity("several tokens", "token_invalid")
        raise NoIdentity("no token", "token_missing")
    return given.pop()


def framing(handshake: Handshake) -> Framing:
    """Arrays for a client that offers them, else one object a frame, as the original has it."""
    return SUBPROTOCOL if SUBPROTOCOL in handshake.offered else "classic"


def _normal(origin: str) -> str:
    return origin.strip().rstrip("/").lower()
