"""What a platform sees of its live rooms, and the rules that its moderators set."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field, StrictBool, StrictInt

from functions.adapters.room_answers import RoomFigures
from functions.api.audit import publish
from functions.api.auth import Caller, require
from functions.api.errors import responses
from functions.api.model import Asked, Told, Whole
from functions.api.parts import Parts
from functions.api.path import ActivityId
from functions.rooms import events
from functions.rooms.frames import PAGE_DEFAULT, PAGE_LIMIT
from functions.rooms.identity import MAX_ACTIVITY_ID
from functions.rooms.people import Place

router = APIRouter(prefix="/activities", tags=["activities"], responses=responses(400, 401, 403, 503))

SLOWEST_SECONDS = 120

Limit = Annotated[int, Query(ge=1, le=PAGE_LIMIT, description="At most so many", examples=[PAGE_DEFAULT])]
RoomCursor = Annotated[int, Query(ge=0, le=MAX_ACTIVITY_ID, description="Where the last page ended", examples=[42])]
PeopleCursor = Annotated[
    str | None, Query(max_length=512, description="Where the last page ended", examples=["MTg6YWxpY2U="])
]


class Settings(Told):
    """What a room allows."""

    slow_mode_seconds: int = Field(
        examples=[10], description="A user may chat once in so many seconds; 0: as rates allow"
    )
    frozen: bool = Field(examples=[False], description="Only moderators may chat")


class LiveRoom(Told):
    """A room with somebody in it. `connections` counts seats, `onlineNumber` distinct users, `zanNumber` all likes."""

    activity_id: int = Field(examples=[42])
    online_number: int = Field(examples=[1000])
    connections: int = Field(examples=[1024])
    zan_number: int = Field(examples=[5400])


class Activity(LiveRoom):
    """A room as it is now."""

    settings: Settings


class LiveRooms(Told):
    """A page of rooms; `cursor` is null at the end."""

    activities: list[LiveRoom]
    cursor: str | None = Field(examples=["42"])


class Person(Told):
    """A user who is in the room."""

    user_id: str = Field(examples=["alice"])
    username: str = Field(examples=["Alice"])


class People(Told):
    """A page of the users in a room; `cursor` is null at the end."""

    users: list[Person]
    online_number: int = Field(examples=[1])
    cursor: str | None = Field(examples=[None])


class Change(Asked):
    """What to change; what is left out stays."""

    slow_mode_seconds: Annotated[StrictInt, Field(ge=0, le=SLOWEST_SECONDS), Whole] | None = Field(
        default=None, examples=[10]
    )
    frozen: StrictBool | None = Field(default=None, examples=[False])


def _figures(room: RoomFigures) -> dict[str, Any]:
    return {
        "activity_id": room.activity_id,
        "online_number": room.online,
        "connections": room.connections,
        "zan_number": room.likes,
    }


def _activity(room: RoomFigures) -> Activity:
    settings = Settings(slow_mode_seconds=room.rules.slow_mode_seconds, frozen=room.rules.frozen)
    return Activity(**_figures(room), settings=settings)


@router.get("", summary="List the live rooms", dependencies=[Depends(require("admin", everywhere=True))])
async def activities(parts: Parts, limit: Limit = PAGE_DEFAULT, cursor: RoomCursor = 0) -> LiveRooms:
    """The rooms with somebody in them, in the order of their ids. For a platform's token alone."""
    rooms, after = await parts.moderation.live_rooms(limit=limit, after=cursor)
    page = [LiveRoom(**_figures(room)) for room in rooms]
    return LiveRooms(activities=page, cursor=None if after is None else str(after))


@router.get("/{activityId}", summary="Look at a room", dependencies=[Depends(require())])
async def activity(activity_id: ActivityId, parts: Parts) -> Activity:
    """A room's figures and settings; a room that nobody has been to has zeros."""
    return _activity(await parts.room.state.figures(activity_id))


@router.patch("/{activityId}", summary="Slow a room down, or freeze it")
async def change(
    activity_id: ActivityId, change: Change, parts: Parts, caller: Annotated[Caller, Depends(require("moderate"))]
) -> Activity:
    """Change what the room allows; viewers are told (type 12). After a 503 try again: it may have changed already."""
    if change.slow_mode_seconds is not None or change.frozen is not None:
        rules = await parts.moderation.change_rules(
            activity_id, slow_mode_seconds=change.slow_mode_seconds, frozen=change.frozen
        )
        await publish(parts, caller, activity_id, events.SETTINGS, data=rules.to_object())
    return _activity(await parts.room.state.figures(activity_id))


@router.get("/{activityId}/users", summary="List who is in a room", dependencies=[Depends(require())])
async def users(
    activity_id: ActivityId, parts: Parts, limit: Limit = PAGE_DEFAULT, cursor: PeopleCursor = None
) -> People:
    """Who is in the room, each user once, in an order that stays the same while people come and go."""
    after = Place.parse(cursor)
    found, online, following = await parts.room.state.who(activity_id, limit=limit, after=(after.bucket, after.user_id))
    people = [Person(user_id=user_id, username=username) for user_id, username in found]
    return People(users=people, online_number=online, cursor=Place(*following).pack() if following else None)
