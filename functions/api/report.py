"""What a show has come to."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from functions.api.auth import require
from functions.api.errors import responses
from functions.api.model import ResponseBody
from functions.api.parts import Parts
from functions.api.path import ActivityId
from functions.api.watch_time import Watched
from functions.rooms.identity import Malformed
from functions.rooms.records import LATEST
from functions.rooms.report import DEFAULT_MS, Range

router = APIRouter(prefix="/activities/{activityId}", tags=["report"], responses=responses(400, 401, 403, 503))

From = Annotated[
    int | None,
    Query(
        alias="from",
        ge=0,
        le=LATEST,
        description="Where it begins, in ms since the epoch; a day before `to`",
        examples=[1_700_000_000_000],
    ),
]
To = Annotated[
    int | None,
    Query(
        ge=0,
        le=LATEST,
        description="Where it ends, in ms since the epoch; now. At most 7 days behind `from`",
        examples=[1_700_010_800_000],
    ),
]


class Minute(ResponseBody):
    """A minute of the show, which begins at `time`. `onlineNumber` is the count at its end."""

    time: int = Field(examples=[1_699_999_980_000], description="ms since the epoch")
    online_number: int = Field(examples=[980])
    joins: int = Field(examples=[20])
    leaves: int = Field(examples=[12])
    chats: int = Field(examples=[310])
    likes: int = Field(examples=[1200])


class Talker(ResponseBody):
    """How many chats to all one user wrote."""

    user_id: str = Field(examples=["alice"])
    chats: int = Field(examples=[74])


class Report(ResponseBody):
    """A show in figures. `from` and `to` are whole minutes. `estimated` names the figures that are estimates."""

    activity_id: int = Field(examples=[42])
    from_: int = Field(alias="from", examples=[1_699_999_980_000])
    to: int = Field(examples=[1_700_010_840_000])
    peak_online: int = Field(examples=[1024])
    average_online: float = Field(examples=[812.5])
    viewers: int = Field(examples=[5300])
    joins: int = Field(examples=[7200])
    leaves: int = Field(examples=[7200])
    chats: int = Field(examples=[54000])
    chatters: int = Field(examples=[1900])
    likes: int = Field(examples=[216000])
    watch_seconds: float = Field(examples=[8775000.5])
    watch_seconds_per_viewer: float = Field(examples=[1655.661])
    minutes: list[Minute]
    longest: list[Watched]
    most_active: list[Talker]
    estimated: list[str] = Field(examples=[["viewers", "chatters"]])


@router.get("/report", summary="Report on a show", dependencies=[Depends(require("admin"))])
async def show_report(activity_id: ActivityId, parts: Parts, start: From = None, to: To = None) -> Report:
    """A show in figures, with a curve by the minute. Watch time comes with heartbeats, so that of a show that still
    runs is a minute behind."""
    end = to if to is not None else parts.room.clock()
    try:
        minutes = Range.around(start if start is not None else max(0, end - DEFAULT_MS), end)
    except ValueError as wrong:
        raise Malformed(str(wrong)) from None
    found = await parts.archive.reports.read(activity_id, minutes)
    return Report.model_validate(found.to_object(activity_id))
