"""Who calls the HTTP API, and what they may do there."""

import math
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from functions.adapters.tokens.claims import BadToken, Claims
from functions.api.errors import NotAllowed
from functions.api.parts import ApiParts, Parts
from functions.rooms.identity import CAPABILITIES, parse_activity_id
from functions.runtime.together import both

# Who calls, by the claims of the token.
Caller = Claims

# In open mode nobody is asked for a token, and everybody is the platform.
ANYBODY = Caller(sub="platform", name="platform", rooms=None, is_platform=True, caps=CAPABILITIES, exp=math.inf)

BEARER = (
    "A JWT signed with HS256; its claim `caps` lists what it allows. Without the claim `activityId` it is a "
    "platform's, for every room; with one it is for that room alone. Or a token of the stage's identity provider. Not "
    "asked for in AUTH_MODE=open."
)

Bearer = Annotated[
    HTTPAuthorizationCredentials | None,
    Depends(HTTPBearer(bearerFormat="JWT", auto_error=False, description=BEARER)),
]


async def by_edge(request: Request, parts: Parts) -> None:
    """403 for a call that did not come through the distribution, if the stage asks for that. Raises
    SecretUnavailable."""
    if not await parts.admission.edge.lets_in(request.headers):
        raise NotAllowed("calls come through the distribution, not at the API's own address")


async def caller(parts: Parts, bearer: Bearer) -> Caller:
    """Who calls; 401 without a valid token. Raises SecretUnavailable when no token can be verified."""
    if parts.admission.mode == "open":
        return ANYBODY
    if bearer is None:
        raise unauthorized("a bearer token is needed")
    try:
        return await parts.admission.tokens.verify(bearer.credentials)
    except BadToken as bad:
        raise unauthorized(f"the token is not valid: {bad}") from None


def require(capability: str | None = None, *, everywhere: bool = False) -> Callable[..., Awaitable[Caller]]:
    """A dependency that gives the caller.

    401 without a valid token. 403 when the token does not give the capability, or when `check_room` refuses the path's
    `{activityId}`. With `everywhere` the route is about all rooms: 403 when the token is for one room.
    """

    async def allowed(request: Request, parts: Parts, caller: Annotated[Caller, Depends(caller)]) -> Caller:
        if capability is not None and capability not in caller.caps:
            raise NotAllowed(f"the token does not have the capability {capability}")
        if everywhere and not caller.is_platform:
            raise NotAllowed("the token is no platform's, and this is about all rooms")
        if "activityId" in request.path_params:
            await check_room(parts, caller, parse_activity_id(request.path_params["activityId"]))
        return caller

    return allowed


async def check_room(parts: ApiParts, caller: Caller, activity_id: int) -> None:
    """403 if the caller's token is for another room, or its user is banned from this one, or from all.

    A platform is banned from no room: else a room's moderator could lock the platform out. Raises StateUnavailable.
    """
    if caller.is_platform:
        return
    if not caller.admit(activity_id):
        raise NotAllowed("the token is for another room")
    now = parts.room.clock()
    here, everywhere = await both(
        parts.moderation.is_banned(activity_id, caller.sub, now), parts.bans.find(caller.sub, now)
    )
    if here or everywhere:
        raise NotAllowed(f"you are banned from {'all rooms' if everywhere else 'this room'}", code="banned")


def check_other(caller: Caller, user_id: str) -> None:
    """403 if the call is about the caller: nobody mutes, bans, unmutes or unbans themselves, whatever the token."""
    # In open mode nobody says who calls, and a user may be named as the platform is.
    if caller is not ANYBODY and caller.sub == user_id:
        raise NotAllowed("nobody mutes, bans, unmutes or unbans themselves", code="yourself")


def unauthorized(message: str) -> HTTPException:
    """A 401, with the header that it must have."""
    return HTTPException(401, message, headers={"WWW-Authenticate": "Bearer"})
