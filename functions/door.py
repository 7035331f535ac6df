"""How connections are let in: from which origins, and on whose word."""

import logging
from dataclasses import dataclass

from functions.adapters.tokens import BadToken, Claims, Tokens, tokens
from functions.aws_events.websocket import Handshake
from functions.metrics import SILENT, TOKENS_REFUSED, Meter
from functions.rooms.identity import (
    SUBPROTOCOL,
    Framing,
    Identity,
    parse_activity_id,
    parse_avatar,
    parse_cursor,
    parse_user_id,
    parse_username,
)
from functions.settings import AuthMode, Settings

log = logging.getLogger(__name__)

BEARER = "bearer."


class NoIdentity(Exception):
    """The handshake does not say who asks, or not in a way that is believed. The message says why, and is logged."""


@dataclass(frozen=True, kw_only=True)
class Door:
    """`mode` open: the query is believed; token: only a token is. No `origins`: connections come from anywhere.

    `websocket_url` is where the door is, "" where that is not known.
    """

    mode: AuthMode
    tokens: Tokens
    origins: frozenset[str] = frozenset()
    websocket_url: str = ""
    meter: Meter = SILENT

    def is_open_from(self, origin: str) -> bool:
        """Whether a connection may come from `origin`; "" is no browser, and nobody is led here by a strange page."""
        return not self.origins or not origin or _normal(origin) in self.origins

    async def identify(self, handshake: Handshake) -> Identity:
        """Who asks, and for which room; raises NoIdentity, and Malformed for what cannot be meant."""
        try:
            if not handshake.query.get("activityId"):
                raise NoIdentity("no activityId")
            identity = believe(handshake) if self.mode == "open" else await self._trust(handshake)
        except NoIdentity as nobody:
            log.warning("a handshake is refused: %s", nobody)
            raise
        except BadToken as bad:
            log.warning("a token is refused: %s", bad)
            self.meter.emit({TOKENS_REFUSED: 1})
            raise NoIdentity(str(bad)) from None
        parse_cursor(handshake.query.get("since", "0.0"))
        return identity

    async def _trust(self, handshake: Handshake) -> Identity:
        claims = await self.tokens.verify(token_of(handshake))
        activity_id = parse_activity_id(handshake.query["activityId"])
        if claims.activity_id != activity_id:
            raise BadToken("it is for another room, or for none")
        return introduced(handshake, claims, activity_id)


async def build(settings: Settings) -> Door:
    """The door as the settings say."""
    origins = frozenset(_normal(origin) for origin in settings.allowed_origins.split(",") if origin.strip())
    return Door(
        mode=settings.auth_mode,
        tokens=tokens(settings),
        origins=origins,
        websocket_url=settings.websocket_url,
        meter=Meter(stage=settings.stage),
    )


def believe(handshake: Handshake) -> Identity:
    """The identity that the query claims; raises NoIdentity when it claims none, and Malformed."""
    query = handshake.query
    if "username" not in query:
        raise NoIdentity("no username")
    username = parse_username(query["username"])
    return Identity(
        activity_id=parse_activity_id(query["activityId"]),
        user_id=parse_user_id(query.get("userId", username)),
        username=username,
        avatar=parse_avatar(query.get("avatar", "")),
        framing=framing(handshake),
    )


def introduced(handshake: Handshake, claims: Claims, activity_id: int) -> Identity:
    """The identity that a token vouches for. Only the avatar may come from the query, where the token has none."""
    return Identity(
        activity_id=activity_id,
        user_id=claims.sub,
        username=claims.name,
        avatar=claims.avatar or parse_avatar(handshake.query.get("avatar", "")),
        framing=framing(handshake),
        caps=claims.caps,
    )


def token_of(handshake: Handshake) -> str:
    """The token in the query or among the subprotocols; raises NoIdentity unless there is exactly one."""
    offered = {name.removeprefix(BEARER) for name in handshake.offered if name.startswith(BEARER)}
    given = (offered | {handshake.query.get("token", "")}) - {""}
    if len(given) != 1:
        raise NoIdentity("several tokens" if given else "no token")
    return given.pop()


def framing(handshake: Handshake) -> Framing:
    """Arrays for who offers them, else the original's one object a frame."""
    return SUBPROTOCOL if SUBPROTOCOL in handshake.offered else "classic"


def _normal(origin: str) -> str:
    return origin.strip().rstrip("/").lower()
