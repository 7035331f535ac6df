"""Who is muted or banned in a room, until when, by whom and why."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from functions.adapters.redis.words import WordList
from functions.api.activities import Limit
from functions.api.auth import require
from functions.api.errors import responses
from functions.api.model import ResponseBody
from functions.api.parts import Parts
from functions.api.path import ActivityId
from functions.rooms.frames import PAGE_DEFAULT
from functions.rooms.people import Place
from functions.rooms.sanctions import FOR_GOOD, LISTS, Listed, Sanction

router = APIRouter(prefix="/activities/{activityId}", tags=["moderation"], responses=responses(400, 401, 403, 503))

SanctionCursor = Annotated[
    str | None, Query(max_length=512, description="Where the last page ended", examples=["MDowOmFsaWNl"])
]


class InForce(ResponseBody):
    """A mute or ban that holds. `until` is null for one without an end, `reason` if none was given."""

    user_id: str = Field(examples=["alice"])
    since: int = Field(examples=[1_700_000_000_000], description="ms since the epoch")
    until: int | None = Field(examples=[1_700_003_600_000], description="ms since the epoch")
    by: str = Field(examples=["maud"], description="The userId of who gave it")
    by_name: str = Field(examples=["Maud"])
    reason: str | None = Field(examples=["no links, please"])


class OfRoom(InForce):
    """A mute or ban of one room that holds. `until` is null for one without an end, `reason` if none was given."""

    action: Literal["muted", "banned"] = Field(examples=["muted"])


class Sanctions(ResponseBody):
    """A page of sanctions; `cursor` is null at the end."""

    sanctions: list[OfRoom]
    cursor: str | None = Field(examples=[None])


@router.get("/sanctions", summary="List who is muted or banned", dependencies=[Depends(require("moderate"))])
async def sanctions(
    activity_id: ActivityId, parts: Parts, limit: Limit = PAGE_DEFAULT, cursor: SanctionCursor = None
) -> Sanctions:
    """The room's mutes and bans that hold now, mutes first; those of all rooms are at `/api/bans`. A page may have
    fewer than `limit`. If many are given or end between two pages, one may be listed twice."""
    after = Place.parse(cursor, buckets=len(LISTS))
    found, following = await parts.moderation.sanctions(activity_id, parts.room.clock(), limit=limit, after=after)
    words = await parts.words.current()
    return Sanctions(
        sanctions=[_of_room(each, words) for each in found], cursor=following.pack() if following else None
    )


def shown(user_id: str, sanction: Sanction, words: WordList) -> dict[str, str | int | None]:
    """The fields of a sanction in force, with the listed words masked in the name of who gave it."""
    return {
        "user_id": user_id,
        "since": sanction.since,
        "until": None if sanction.until == FOR_GOOD else sanction.until,
        "by": sanction.by,
        "by_name": words.masked_name(sanction.by_name),
        "reason": sanction.reason or None,
    }


def _of_room(listed: Listed, words: WordList) -> OfRoom:
    return OfRoom.model_validate({"action": listed.action, **shown(listed.user_id, listed.sanction, words)})
