"""Mutes, bans and kicks: sanctions against one user of one room. Each is an event on both topics."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Response
from pydantic import Field, StrictInt

from functions import eviction
from functions.adapters.moderation_state import FOR_GOOD
from functions.adapters.room_log import LogUnavailable
from functions.api.audit import publish
from functions.api.auth import Caller, require
from functions.api.errors import responses
from functions.api.model import Asked, Whole
from functions.api.parts import ApiParts, Parts
from functions.api.path import ANY_USER, ActivityId, UserId
from functions.rooms import events

router = APIRouter(prefix="/activities/{activityId}", tags=["moderation"], responses=responses(400, 401, 403, 503))

Moderator = Annotated[Caller, Depends(require("moderate"))]
Action = Literal["muted", "unmuted", "kicked", "banned", "unbanned"]

LONGEST_SECONDS = 30 * 24 * 3600


class Mute(Asked):
    """For how long."""

    seconds: Annotated[StrictInt, Field(ge=1, le=LONGEST_SECONDS, examples=[600]), Whole]


class Ban(Asked):
    """For how long; without `seconds` until the ban is lifted."""

    seconds: Annotated[StrictInt, Field(ge=1, le=LONGEST_SECONDS), Whole] | None = Field(default=None, examples=[3600])


@router.put(f"/mutes/{ANY_USER}", status_code=204, summary="Mute a user", response_description="They are muted")
async def mute(activity_id: ActivityId, user_id: UserId, mute: Mute, parts: Parts, caller: Moderator) -> Response:
    """Keep a user from chatting for some time; they are told (type 11). A new mute takes the place of the old one."""
    await parts.moderation.mute(activity_id, user_id, parts.room.clock() + mute.seconds * 1000)
    await _tell(parts, caller, activity_id, user_id, "muted", mute.seconds)
    return Response(status_code=204)


@router.delete(f"/mutes/{ANY_USER}", status_code=204, summary="Unmute a user", response_description="They may chat")
async def unmute(activity_id: ActivityId, user_id: UserId, parts: Parts, caller: Moderator) -> Response:
    """Let a user chat again; nothing happens to one who is not muted."""
    before = await parts.moderation.unmute(activity_id, user_id, parts.room.clock())
    if before is not None:
        put_back = partial(parts.moderation.put_back_mute, activity_id, user_id, before)
        await _tell_or(put_back, parts, caller, activity_id, user_id, "unmuted")
    return Response(status_code=204)


@router.put(f"/bans/{ANY_USER}", status_code=204, summary="Ban a user", response_description="They are out")
async def ban(
    activity_id: ActivityId,
    user_id: UserId,
    parts: Parts,
    caller: Moderator,
    ban: Annotated[Ban | None, Body()] = None,
) -> Response:
    """Cut a user off now, on all connections, and refuse them later with 403. After a 503 try again."""
    seconds = ban.seconds if ban else None
    till = FOR_GOOD if seconds is None else parts.room.clock() + seconds * 1000
    # First the ban, so that nobody comes back between the cut and it.
    await parts.moderation.ban(activity_id, user_id, till)
    await _tell(parts, caller, activity_id, user_id, "banned", seconds)
    seats = await parts.moderation.seats_of(activity_id, user_id)
    await eviction.evict(parts, activity_id, seats, "banned", seconds)
    return Response(status_code=204)


@router.delete(f"/bans/{ANY_USER}", status_code=204, summary="Unban a user", response_description="They may come in")
async def unban(activity_id: ActivityId, user_id: UserId, parts: Parts, caller: Moderator) -> Response:
    """Let a user in again; nothing happens to one who is not banned."""
    before = await parts.moderation.unban(activity_id, user_id, parts.room.clock())
    if before is not None:
        put_back = partial(parts.moderation.put_back_ban, activity_id, user_id, before)
        await _tell_or(put_back, parts, caller, activity_id, user_id, "unbanned")
    return Response(status_code=204)


@router.delete(f"/users/{ANY_USER}", status_code=204, summary="Kick a user", response_description="They are out")
async def kick(activity_id: ActivityId, user_id: UserId, parts: Parts, caller: Moderator) -> Response:
    """Cut a user off now, on all connections; they may come back. Nothing happens to one who is not there."""
    seats = await parts.moderation.seats_of(activity_id, user_id)
    if seats:
        await _tell(parts, caller, activity_id, user_id, "kicked")
        await eviction.evict(parts, activity_id, seats, "kicked", None)
    return Response(status_code=204)


async def _tell_or(
    put_back: Callable[[], Awaitable[None]],
    parts: ApiParts,
    caller: Caller,
    activity_id: int,
    user_id: str,
    action: Action,
) -> None:
    """Tell it; what cannot be told must not have happened."""
    try:
        await _tell(parts, caller, activity_id, user_id, action)
    except LogUnavailable:
        await put_back()
        raise


async def _tell(
    parts: ApiParts, caller: Caller, activity_id: int, user_id: str, action: Action, seconds: int | None = None
) -> None:
    data = {"action": action, "seconds": seconds}
    await publish(parts, caller, activity_id, events.SANCTION, data=data, to=user_id)
