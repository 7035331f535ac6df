"""What a platform sees of its live rooms."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from functions.api.errors import Error
from functions.api.parts import Parts
from functions.rooms.broadcast import SETTINGS
from functions.rooms.identity import parse_activity_id

router = APIRouter(tags=["activities"])


class Activity(BaseModel):
    """A room as it is now. `connections` counts seats, `onlineNumber` distinct users, `zanNumber` all likes."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)

    activity_id: int = Field(examples=[42])
    online_number: int = Field(examples=[1000])
    connections: int = Field(examples=[1024])
    zan_number: int = Field(examples=[5400])
    settings: dict[str, Any] = Field(examples=[{"slowModeSeconds": 0, "frozen": False}])


ActivityId = Annotated[
    str, Path(alias="activityId", description="The room: an integer from 1 to 9007199254740991", examples=["42"])
]


@router.get(
    "/activities/{activityId}",
    responses={
        400: {"model": Error, "description": "Malformed activityId"},
        503: {"model": Error, "description": "Redis does not answer"},
    },
)
async def activity(activity_id: ActivityId, parts: Parts) -> Activity:
    """A room's figures; a room that nobody has been to has zeros."""
    number = parse_activity_id(activity_id)
    figures = await parts.state.figures(number)
    return Activity(
        activity_id=number,
        online_number=figures.online,
        connections=figures.connections,
        zan_number=figures.likes,
        settings=dict(SETTINGS),
    )
