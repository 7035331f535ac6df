"""Tokens for a room's viewers, for platforms that do not sign their own.

Nobody gains by making tokens: a chain of them never has more capabilities, another room or more time than its first
token. A platform's token alone makes viewers' tokens that outlive it: its backend holds a short token and lets viewers
in for the evening. Such a token makes no further ones.
"""

import math
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from pydantic import Field, StrictInt

from functions.api.auth import Caller, check_room, require
from functions.api.errors import NotAllowed, responses
from functions.api.model import RequestBody, ResponseBody, Whole
from functions.api.parts import Parts
from functions.api.user import SentAttributes, UserId, Username
from functions.rooms.attributes import pack_attributes
from functions.rooms.identity import MAX_ACTIVITY_ID, VIEWER

router = APIRouter(tags=["tokens"])

DEFAULT_SECONDS = 3600
LONGEST_SECONDS = 86_400

Capability = Literal["chat", "like", "moderate", "publish", "admin"]


class TokenRequest(RequestBody):
    """Whom the token is for, what it allows, and how long."""

    activity_id: Annotated[StrictInt, Field(ge=1, le=MAX_ACTIVITY_ID, examples=[42]), Whole]
    user_id: UserId
    name: Username
    attributes: SentAttributes = Field(default={})
    caps: list[Capability] = Field(default=sorted(VIEWER), max_length=16, examples=[["chat", "like"]])  # type: ignore[arg-type]
    seconds: Annotated[StrictInt, Field(ge=1, le=LONGEST_SECONDS, examples=[3600]), Whole] = DEFAULT_SECONDS


class Token(ResponseBody):
    """A token, when it expires, and the address to connect to with it; null where WEBSOCKET_URL is not set."""

    token: str = Field(examples=["eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"])
    exp: int = Field(examples=[1_700_003_600], description="seconds since the epoch")
    url: str | None = Field(examples=["wss://rooms.example.com/websocket?activityId=42&token=eyJhbGciOi..."])


@router.post("/tokens", summary="Make a viewer's token", responses=responses(400, 401, 403, 503))
async def mint(wanted: TokenRequest, parts: Parts, caller: Annotated[Caller, Depends(require("admin"))]) -> Token:
    """A token for one viewer of one room, with no capability that the caller does not have. One with more than a
    viewer's, or of a room's token, expires with the caller's at the latest. Keep it out of logs: whoever has it is that
    viewer until it expires."""
    await check_room(parts, caller, wanted.activity_id)
    caps = frozenset(wanted.caps)
    _check_caps(caller, caps)
    admission = parts.admission
    token, exp = await admission.tokens.mint(
        sub=wanted.user_id,
        name=wanted.name,
        activity_id=wanted.activity_id,
        caps=caps,
        attributes=wanted.attributes,
        seconds=wanted.seconds,
        latest=math.inf if caller.is_platform and caps <= VIEWER else caller.exp,
    )
    query: dict[str, str | int] = {"activityId": wanted.activity_id, "token": token}
    if admission.mode == "open":  # the query is believed there, and nobody asks for the token
        query |= {"username": wanted.name, "userId": wanted.user_id}
        query |= {"attributes": pack_attributes(wanted.attributes)} if wanted.attributes else {}
    url = admission.websocket_url
    return Token(token=token, exp=exp, url=f"{url}?{urlencode(query)}" if url else None)


def _check_caps(caller: Caller, caps: frozenset[str]) -> None:
    if missing := caps - caller.caps:
        raise NotAllowed(f"the token does not have what it would give: {', '.join(sorted(missing))}")
    if "admin" in caps and not caller.is_platform:
        raise NotAllowed("a room's token gives no admin")
