"""What moderators and the platform have done in a room, as the archive has it: the audit trail, to be read."""

from typing import Any, Literal

from fastapi import APIRouter, Depends
from pydantic import Field

from functions.adapters.redis.words import WordList
from functions.api.activities import Limit
from functions.api.auth import require
from functions.api.errors import responses
from functions.api.messages import Before
from functions.api.model import ResponseBody
from functions.api.parts import Parts
from functions.api.path import ActivityId
from functions.rooms import events
from functions.rooms.disclosure import WHAT
from functions.rooms.events import Event
from functions.rooms.frames import PAGE_DEFAULT

router = APIRouter(prefix="/activities/{activityId}", tags=["moderation"], responses=responses(400, 401, 403, 503))

What = Literal["removal", "notice", "sanction", "settings", "properties"]


class Act(ResponseBody):
    """What somebody did. `by` is the userId of who did it, `to` the users whom it is against or for. `data` is that of
    the record on the topics; a notice's is its `name` alone."""

    what: What = Field(examples=["sanction"])
    seq: int = Field(examples=[19])
    time: int = Field(examples=[1_700_000_000_000], description="ms since the epoch")
    by: str = Field(examples=["maud"])
    by_name: str = Field(examples=["Maud"])
    to: list[str] = Field(examples=[["bob"]])
    data: Any = Field(examples=[{"action": "muted", "seconds": 600, "reason": "no links, please"}])


class Acts(ResponseBody):
    """A page of what was done, newest first; `before` is null at the end."""

    acts: list[Act]
    before: int | None = Field(examples=[19])


@router.get("/audit", summary="List what was done in a room", dependencies=[Depends(require("moderate"))])
async def audit(activity_id: ActivityId, parts: Parts, limit: Limit = PAGE_DEFAULT, before: Before = None) -> Acts:
    """What moderators and the platform have done in the room, newest first, and who they are, for as long as the
    archive keeps it: removals, sanctions, notices, and changes of settings and properties. A moment may pass before an
    act is there."""
    page, following = await parts.archive.messages.acts(activity_id, before, limit)
    words = await parts.words.current()
    return Acts(acts=[_act(event, words) for event in page], before=following)


def _act(event: Event, words: WordList) -> Act:
    payload = event.payload()
    return Act(
        what=WHAT[event.type],  # type: ignore[arg-type]  # the archive keeps no other act
        seq=event.seq or 0,
        time=event.time,
        by=event.who.user_id,
        by_name=words.masked_name(event.who.username),
        to=list(event.targets),
        data={"name": payload["name"]} if event.type == events.NOTICE else payload["data"],
    )
