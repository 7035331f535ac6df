"""Who calls the HTTP API, and what they may do there."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from functions.adapters.tokens import BadToken
from functions.door import Door, build
from functions.rooms.identity import CAPABILITIES, parse_activity_id
from functions.settings import Settings


@dataclass(frozen=True)
class Caller:
    """Who a token is for. `activity_id` None: a platform, whose token is good for every room."""

    user_id: str
    name: str
    caps: frozenset[str]
    activity_id: int | None

    def is_good_for(self, activity_id: int) -> bool:
        """Whether the token is one for this room."""
        return self.activity_id in (None, activity_id)


# Where nobody is asked for a token, everybody is the platform.
ANYBODY = Caller("platform", "platform", CAPABILITIES, None)

_built: list[Door] = []


async def door() -> Door:
    """The door as the environment's settings say, made with the first request; a test overrides this dependency."""
    if not _built:
        _built.append(await build(Settings.from_environment(os.environ)))
    return _built[0]


BEARER = (
    "A JWT signed with HS256; its claim `caps` lists what it allows. Without the claim `activityId` it is a "
    "platform's, for every room; with one it is for that room alone. Not asked for in AUTH_MODE=open."
)

Bearer = Annotated[
    HTTPAuthorizationCredentials | None,
    Depends(HTTPBearer(bearerFormat="JWT", auto_error=False, description=BEARER)),
]


async def caller(door: Annotated[Door, Depends(door)], bearer: Bearer) -> Caller:
    """Who calls; 401 without a valid token. Raises SecretUnavailable when none can be verified."""
    if door.mode == "open":
        return ANYBODY
    if bearer is None:
        raise unauthorized("a bearer token is needed")
    try:
        claims = await door.tokens.verify(bearer.credentials)
    except BadToken as bad:
        raise unauthorized(f"the token is not valid: {bad}") from None
    return Caller(claims.sub, claims.name, claims.caps, claims.activity_id)


def require(capability: str | None = None, *, everywhere: bool = False) -> Callable[..., Awaitable[Caller]]:
    """A dependency that gives the caller: 401 without a valid token, 403 when that does not give the capability, or is
    for another room than the path's `{activityId}`; or for one room, where what is asked for is `everywhere`."""

    async def allowed(request: Request, caller: Annotated[Caller, Depends(caller)]) -> Caller:
        if capability is not None and capability not in caller.caps:
            raise HTTPException(403, f"the token does not have the capability {capability}")
        if everywhere and caller.activity_id is not None:
            raise HTTPException(403, "the token is for one room, and this is about all of them")
        if "activityId" in request.path_params:
            only_for(caller, parse_activity_id(request.path_params["activityId"]))
        return caller

    return allowed


def only_for(caller: Caller, activity_id: int) -> None:
    """403 unless the caller's token is good for this room."""
    if not caller.is_good_for(activity_id):
        raise HTTPException(403, "the token is for another room")


def unauthorized(message: str) -> HTTPException:
    """A 401, with the header that it must have."""
    return HTTPException(401, message, headers={"WWW-Authenticate": "Bearer"})
