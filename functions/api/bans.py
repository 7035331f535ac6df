"""Bans of the platform, which hold in all rooms."""

import asyncio
import logging
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import Field

from functions.api.activities import Limit
from functions.api.audit import publish
from functions.api.auth import Caller, check_other, require
from functions.api.errors import responses
from functions.api.idempotency import CallId
from functions.api.model import ResponseBody
from functions.api.moderation import Ban, sentence
from functions.api.parts import ApiParts, Parts
from functions.api.sanctions import InForce, SanctionCursor, shown
from functions.api.user import OneUser
from functions.rooms import events
from functions.rooms.frames import PAGE_DEFAULT
from functions.rooms.identity import Malformed
from functions.rooms.people import Place
from functions.rooms.sanctions import MOST_BANS
from functions.runtime.together import every
from functions.usecases.eviction import evict
from functions.usecases.placing import end_places

log = logging.getLogger(__name__)

router = APIRouter(prefix="/bans", tags=["moderation"], responses=responses(400, 401, 403, 503))

Platform = Annotated[Caller, Depends(require("moderate", everywhere=True))]

# A user is put out of so many rooms at once.
ROOMS_AT_ONCE = 20


class Bans(ResponseBody):
    """A page of bans; `cursor` is null at the end."""

    bans: list[InForce]
    cursor: str | None = Field(examples=[None])


@router.get(
    "", summary="List who is banned from all rooms", dependencies=[Depends(require("moderate", everywhere=True))]
)
async def bans(parts: Parts, limit: Limit = PAGE_DEFAULT, cursor: SanctionCursor = None) -> Bans:
    """The platform's bans that hold now. For a platform's token alone. A page may have fewer than `limit`. If many are
    given or end between two pages, one may be listed twice."""
    after = Place.parse(cursor, buckets=1)
    found, following = await parts.bans.page(parts.room.clock(), limit=limit, after=after)
    words = await parts.words.current()
    page = [InForce.model_validate(shown(user_id, ban, words)) for user_id, ban in found]
    return Bans(bans=page, cursor=following.pack() if following else None)


@router.put("", status_code=204, summary="Ban a user from all rooms", response_description="They are out")
async def ban_everywhere(ban: Ban, parts: Parts, caller: Platform, call_id: CallId = None) -> Response:
    """Cut a user off now, in all rooms and on all connections, and refuse them later with 403. In force everywhere
    within seconds. For a platform's token alone. After a 503 try again."""
    check_other(caller, ban.user_id)
    now = parts.room.clock()
    if not await parts.bans.ban(ban.user_id, sentence(caller, now, ban.seconds, ban.reason), now):
        raise Malformed(f"body.userId: {MOST_BANS} users are banned already, lift a ban first")
    log.info("%s bans %s from all rooms, for %s s: %s", caller.sub, ban.user_id, ban.seconds, ban.reason)
    turns = asyncio.Semaphore(ROOMS_AT_ONCE)
    rooms = await parts.moderation.rooms_of(ban.user_id)
    await every(_put_out(parts, caller, activity_id, ban, call_id, turns) for activity_id in rooms)
    return Response(status_code=204)


@router.delete("", status_code=204, summary="Lift a ban from all rooms", response_description="They may come in")
async def unban_everywhere(user_id: OneUser, parts: Parts, caller: Platform, _call_id: CallId = None) -> Response:
    """Let a user in again, except where a room has a ban of its own; nothing happens to one who is not banned. For a
    platform's token alone."""
    check_other(caller, user_id)
    if await parts.bans.lift(user_id, parts.room.clock()):
        log.info("%s lifts the ban of %s from all rooms", caller.sub, user_id)
    return Response(status_code=204)


async def _put_out(
    parts: ApiParts, caller: Caller, activity_id: int, ban: Ban, call_id: str | None, turns: asyncio.Semaphore
) -> None:
    """Say in a room's log that the user is banned, and close the connections that the user has there."""
    async with turns:
        seats = await parts.moderation.seats_of(activity_id, ban.user_id)
        places = await parts.moderation.places_of(activity_id, ban.user_id, calling=True)
        data = {"action": "banned", "seconds": ban.seconds, "everywhere": True}
        data |= {"reason": ban.reason} if ban.reason else {}
        await publish(parts, caller, activity_id, events.Sanction, call_id=call_id, data=data, to=ban.user_id)
        await end_places(parts.room, activity_id, places)
        await evict(parts.room, parts.connections, activity_id, seats, "banned", ban.seconds, ban.reason)
