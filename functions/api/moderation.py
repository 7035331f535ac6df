"""Mutes, bans and kicks: sanctions against one user of one room. Each is an event on both topics."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Depends, Response
from pydantic import Field, StrictInt

from functions import eviction
from functions.adapters.moderation_state import FOR_GOOD
from functions.api.activities import Model
from functions.api.audit import publish
from functions.api.auth import Caller, require
from functions.api.errors import responses
from functions.api.parts import ApiParts, Parts
from functions.api.path import ActivityId, UserId
from functions.rooms import events

router = APIRouter(prefix="/activities/{activityId}", tags=["moderation"], responses=responses(400, 401, 403, 503))

Moderator = Annotated[Caller, Depends(require("moderate"))]
LONGEST_SECONDS = 30 * 24 * 3600

Seconds = Annotated[StrictInt, Field(ge=1, le=LONGEST_SECONDS, examples=[600])]


class Mute(Model):
    """For how long."""

    seconds: Seconds


class Ban(Model):
    """For how long; without `seconds` for as long as the room is used."""

    seconds: Seconds | None = None


@router.put("/mutes/{userId}", status_code=204)
async def mute(activity_id: ActivityId, user_id: UserId, mute: Mute, parts: Parts, caller: Moderator) -> Response:
    """Keep a user from chatting for some time; they are told (type 11)."""
    await parts.moderation.mute(activity_id, user_id, parts.room.clock() + mute.seconds * 1000)
    await _tell(parts, caller, activity_id, user_id, "muted", mute.seconds)
    return Response(status_code=204)


@router.delete("/mutes/{userId}", status_code=204)
async def unmute(activity_id: ActivityId, user_id: UserId, parts: Parts, caller: Moderator) -> Response:
    """Let a user chat again; nothing happens to one who is not muted."""
    if await parts.moderation.mute(activity_id, user_id, None):
        await _tell(parts, caller, activity_id, user_id, "unmuted")
    return Response(status_code=204)


@router.put("/bans/{userId}", status_code=204)
async def ban(
    activity_id: ActivityId,
    user_id: UserId,
    parts: Parts,
    caller: Moderator,
    ban: Annotated[Ban | None, Body()] = None,
) -> Response:
    """Cut a user off now, on all connections, and refuse them later with 403."""
    seconds = ban.seconds if ban else None
    till = FOR_GOOD if seconds is None else parts.room.clock() + seconds * 1000
    # First the ban, so that nobody comes back between the cut and it.
    await parts.moderation.ban(activity_id, user_id, till)
    await eviction.evict(parts, activity_id, user_id, "banned", seconds)
    await _tell(parts, caller, activity_id, user_id, "banned", seconds)
    return Response(status_code=204)


@router.delete("/bans/{userId}", status_code=204)
async def unban(activity_id: ActivityId, user_id: UserId, parts: Parts, caller: Moderator) -> Response:
    """Let a user in again; nothing happens to one who is not banned."""
    if await parts.moderation.ban(activity_id, user_id, None):
        await _tell(parts, caller, activity_id, user_id, "unbanned")
    return Response(status_code=204)


@router.delete("/users/{userId}", status_code=204)
async def kick(activity_id: ActivityId, user_id: UserId, parts: Parts, caller: Moderator) -> Response:
    """Cut a user off now, on all connections; they may come back."""
    if await eviction.evict(parts, activity_id, user_id, "kicked", None):
        await _tell(parts, caller, activity_id, user_id, "kicked")
    return Response(status_code=204)


Action = Literal["muted", "unmuted", "kicked", "banned", "unbanned"]


async def _tell(
    parts: ApiParts, caller: Caller, activity_id: int, user_id: str, action: Action, seconds: int | None = None
) -> None:
    data = {"action": action, "seconds": seconds}
    await publish(parts, caller, activity_id, events.SANCTION, data=data, to=user_id)
