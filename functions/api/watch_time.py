"""How long a room's users watched."""

from fastapi import APIRouter, Depends
from pydantic import Field

from functions.api.activities import Limit
from functions.api.auth import require
from functions.api.errors import responses
from functions.api.model import ResponseBody
from functions.api.parts import Parts
from functions.api.path import ActivityId
from functions.rooms.frames import PAGE_DEFAULT

router = APIRouter(prefix="/activities/{activityId}", tags=["watch time"], responses=responses(400, 401, 403, 503))


class Watched(ResponseBody):
    """The time that one user watched, on all devices and in all visits together."""

    user_id: str = Field(examples=["alice"])
    seconds: float = Field(examples=[5400.25])


class WatchTime(ResponseBody):
    """Those who watched longest, longest first; `totalSeconds` is what all users of the room watched together."""

    users: list[Watched]
    total_seconds: float = Field(examples=[86400.5])


@router.get("/watch-time", summary="List who watched longest", dependencies=[Depends(require("admin"))])
async def watch_time(activity_id: ActivityId, parts: Parts, limit: Limit = PAGE_DEFAULT) -> WatchTime:
    """Who watched longest, in seconds. A user who is watching has the time up to their last heartbeat, which counts
    here after a moment, and a reader in the gallery up to a moment of the last five minutes."""
    longest, total = await parts.archive.watched.top(activity_id, limit)
    users = [Watched(user_id=user_id, seconds=seconds) for user_id, seconds in longest]
    return WatchTime(users=users, total_seconds=total)
