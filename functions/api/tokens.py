"""Tokens for a room's viewers, for platforms that do not sign their own."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from pydantic import Field, StrictInt, StrictStr

from functions.api.auth import Caller, door, only_for, require
from functions.api.errors import responses
from functions.api.model import Asked, Told, Whole
from functions.api.path import DescribedName, DescribedUser
from functions.door import Door
from functions.rooms.identity import (
    MAX_ACTIVITY_ID,
    USER_ID_LENGTH,
    USERNAME_LENGTH,
    VIEWER,
    parse_user_id,
    parse_username,
)

router = APIRouter(tags=["tokens"])

DEFAULT_SECONDS = 3600
LONGEST_SECONDS = 86_400

Capability = Literal["chat", "like", "moderate", "publish", "admin"]


class TokenRequest(Asked):
    """Whom the token is for, what it allows and for how long."""

    activity_id: Annotated[StrictInt, Field(ge=1, le=MAX_ACTIVITY_ID, examples=[42]), Whole]
    user_id: Annotated[StrictStr, Field(min_length=1, max_length=USER_ID_LENGTH), DescribedUser]
    name: Annotated[StrictStr, Field(min_length=1, max_length=USERNAME_LENGTH), DescribedName]
    caps: list[Capability] = Field(default=sorted(VIEWER), max_length=16, examples=[["chat", "like"]])  # type: ignore[arg-type]
    seconds: Annotated[StrictInt, Field(ge=1, le=LONGEST_SECONDS, examples=[3600]), Whole] = DEFAULT_SECONDS


class Token(Told):
    """A token, and the address to connect to with it; null where the functions are not told their own."""

    token: str = Field(examples=["eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl"])
    url: str | None = Field(examples=["wss://rooms.example.com/websocket?activityId=42&token=eyJhbGciOi..."])


@router.post("/tokens", summary="Make a viewer's token", responses=responses(400, 401, 403, 503))
async def mint(
    wanted: TokenRequest,
    door: Annotated[Door, Depends(door)],
    caller: Annotated[Caller, Depends(require("admin"))],
) -> Token:
    """A token for one viewer of one room. Keep it out of logs: who has it is that viewer until it expires."""
    only_for(caller, wanted.activity_id)
    user_id, name = parse_user_id(wanted.user_id), parse_username(wanted.name)
    token = await door.tokens.mint(
        sub=user_id, name=name, activity_id=wanted.activity_id, caps=frozenset(wanted.caps), seconds=wanted.seconds
    )
    query = {"activityId": wanted.activity_id, "token": token}
    if door.mode == "open":  # the query is believed there, and the token not asked for
        query |= {"username": name, "userId": user_id}
    return Token(token=token, url=f"{door.websocket_url}?{urlencode(query)}" if door.websocket_url else None)
