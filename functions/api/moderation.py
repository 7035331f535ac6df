"""Mutes, bans and kicks: sanctions against one user of one room. Each is an event on both topics."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from pydantic import Field, StrictBool, StrictInt

from functions.adapters.kafka.room_log import LogUnavailable
from functions.api.audit import part_of, publish
from functions.api.auth import Caller, check_other, require
from functions.api.errors import responses
from functions.api.idempotency import CallId
from functions.api.messages import remove_said
from functions.api.model import RequestBody, Whole
from functions.api.parts import ApiParts, Parts
from functions.api.path import ActivityId
from functions.api.reason import OneReason, Reason
from functions.api.user import OneUser, UserId
from functions.rooms import events
from functions.rooms.sanctions import FOR_GOOD, Lists, Sanction
from functions.usecases.eviction import evict
from functions.usecases.placing import end_places

router = APIRouter(prefix="/activities/{activityId}", tags=["moderation"], responses=responses(400, 401, 403, 503))

Moderator = Annotated[Caller, Depends(require("moderate"))]


Action = Literal["muted", "unmuted", "kicked", "banned", "unbanned"]

LONGEST_SECONDS = 30 * 24 * 3600


class Mute(RequestBody):
    """Whom, for how long, and why."""

    user_id: UserId
    seconds: Annotated[StrictInt, Field(ge=1, le=LONGEST_SECONDS, examples=[600]), Whole]
    reason: Reason = None


class Ban(RequestBody):
    """Whom, for how long, and why; without `seconds` until the ban is lifted."""

    user_id: UserId
    seconds: Annotated[StrictInt, Field(ge=1, le=LONGEST_SECONDS), Whole] | None = Field(default=None, examples=[3600])
    reason: Reason = None


class RoomBan(Ban):
    """Whom, for how long, and why; without `seconds` until the ban is lifted. With `removeMessages` all that the user
    has said in the room is removed."""

    remove_messages: StrictBool | None = Field(default=None, examples=[False])


@router.put("/mutes", status_code=204, summary="Mute a user", response_description="They are muted")
async def mute(
    activity_id: ActivityId, mute: Mute, parts: Parts, caller: Moderator, call_id: CallId = None
) -> Response:
    """Keep a user from chatting for some time; they are told (type 11). A new mute takes the place of the old one."""
    check_other(caller, mute.user_id)
    given = sentence(caller, parts.room.clock(), mute.seconds, mute.reason)
    await parts.moderation.sanction("mutes", activity_id, mute.user_id, given)
    await _announce(parts, caller, call_id, activity_id, mute.user_id, "muted", mute.seconds, mute.reason)
    return Response(status_code=204)


@router.delete("/mutes", status_code=204, summary="Unmute a user", response_description="They may chat")
async def unmute(
    activity_id: ActivityId,
    user_id: OneUser,
    parts: Parts,
    caller: Moderator,
    reason: OneReason = None,
    call_id: CallId = None,
) -> Response:
    """Let a user chat again; nothing happens to one who is not muted."""
    check_other(caller, user_id)
    return await _lift("mutes", "unmuted", parts, caller, call_id, activity_id, user_id, reason)


@router.put("/bans", status_code=204, summary="Ban a user", response_description="They are out")
async def ban(
    activity_id: ActivityId, ban: RoomBan, parts: Parts, caller: Moderator, call_id: CallId = None
) -> Response:
    """Cut a user off now, on all connections, and refuse them later with 403. With `removeMessages` all that the user
    has said is removed, too (type 9). After a 503 try again."""
    check_other(caller, ban.user_id)
    given = sentence(caller, parts.room.clock(), ban.seconds, ban.reason)
    # First the ban, so that nobody comes back between the cut and it.
    await parts.moderation.sanction("bans", activity_id, ban.user_id, given, cut_at=given.since)
    if ban.remove_messages:
        await remove_said(parts, caller, activity_id, ban.user_id, given.since, part_of(call_id, "removal"))
    await _announce(parts, caller, call_id, activity_id, ban.user_id, "banned", ban.seconds, ban.reason)
    seats = await parts.moderation.seats_of(activity_id, ban.user_id)
    await end_places(parts.room, activity_id, await parts.moderation.places_of(activity_id, ban.user_id, calling=True))
    await evict(parts.room, parts.connections, activity_id, seats, "banned", ban.seconds, ban.reason)
    return Response(status_code=204)


@router.delete("/bans", status_code=204, summary="Unban a user", response_description="They may come in")
async def unban(
    activity_id: ActivityId,
    user_id: OneUser,
    parts: Parts,
    caller: Moderator,
    reason: OneReason = None,
    call_id: CallId = None,
) -> Response:
    """Let a user in again; nothing happens to one who is not banned."""
    check_other(caller, user_id)
    return await _lift("bans", "unbanned", parts, caller, call_id, activity_id, user_id, reason)


@router.delete("/users", status_code=204, summary="Kick a user", response_description="They are out")
async def kick(
    activity_id: ActivityId,
    user_id: OneUser,
    parts: Parts,
    caller: Moderator,
    reason: OneReason = None,
    call_id: CallId = None,
) -> Response:
    """Cut a user off now, on all connections; they may come back. Nobody is told of one who is not there."""
    seats = await parts.moderation.seats_of(activity_id, user_id)
    if seats or await parts.moderation.places_of(activity_id, user_id):
        await _announce(parts, caller, call_id, activity_id, user_id, "kicked", None, reason)
    await parts.moderation.kick(activity_id, user_id, parts.room.clock())
    await end_places(parts.room, activity_id, await parts.moderation.places_of(activity_id, user_id, calling=True))
    await evict(parts.room, parts.connections, activity_id, seats, "kicked", None, reason)
    return Response(status_code=204)


def sentence(caller: Caller, now: int, seconds: int | None, reason: str | None) -> Sanction:
    """A sanction that the caller gives now, for so many seconds, for good if that is None."""
    until = FOR_GOOD if seconds is None else now + seconds * 1000
    return Sanction(until=until, since=now, by=caller.sub, by_name=caller.name, reason=reason or "")


async def _lift(
    kind: Lists,
    action: Action,
    parts: ApiParts,
    caller: Caller,
    call_id: str | None,
    activity_id: int,
    user_id: str,
    reason: str | None,
) -> Response:
    before = await parts.moderation.lift(kind, activity_id, user_id, parts.room.clock())
    if before is not None:
        try:
            await _announce(parts, caller, call_id, activity_id, user_id, action, None, reason)
        except LogUnavailable:
            # Also if nobody knows: who calls again must find something to lift, or the archive lacks who lifted it.
            await parts.moderation.sanction(kind, activity_id, user_id, before, unless_newer=True)
            raise
    return Response(status_code=204)


async def _announce(
    parts: ApiParts,
    caller: Caller,
    call_id: str | None,
    activity_id: int,
    user_id: str,
    action: Action,
    seconds: int | None,
    reason: str | None,
) -> None:
    data = {"action": action, "seconds": seconds} | ({"reason": reason} if reason else {})
    await publish(parts, caller, activity_id, events.Sanction, call_id=call_id, data=data, to=user_id)
