"""A platform's live rooms, and the rules that its moderators set."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field, StrictBool, StrictInt

from functions.api.audit import publish
from functions.api.auth import Caller, require
from functions.api.errors import responses
from functions.api.idempotency import CallId
from functions.api.model import RequestBody, ResponseBody, Whole
from functions.api.parts import Parts
from functions.api.path import ActivityId
from functions.rooms import events, people
from functions.rooms.answers import RoomFigures
from functions.rooms.frames import PAGE_DEFAULT, PAGE_LIMIT
from functions.rooms.identity import MAX_ACTIVITY_ID
from functions.rooms.people import Place
from functions.usecases.names import masked_page

router = APIRouter(prefix="/activities", tags=["activities"], responses=responses(400, 401, 403, 503))

SLOWEST_SECONDS = 120

Limit = Annotated[int, Query(ge=1, le=PAGE_LIMIT, description="At most so many", examples=[PAGE_DEFAULT])]
RoomCursor = Annotated[int, Query(ge=0, le=MAX_ACTIVITY_ID, description="Where the last page ended", examples=[42])]
PeopleCursor = Annotated[
    str | None, Query(max_length=512, description="Where the last page ended", examples=["MTg6MDphbGljZQ=="])
]


class Settings(ResponseBody):
    """What a room allows."""

    slow_mode_seconds: int = Field(
        examples=[10], description="A user may chat once in so many seconds; 0: as rates allow"
    )
    frozen: bool = Field(examples=[False], description="Only moderators may chat")


class LiveRoom(ResponseBody):
    """A room with somebody in it. `connections` counts seats, `onlineNumber` distinct users, `zanNumber` all likes.
    `places`: of readers in the gallery, left out if there are none."""

    activity_id: int = Field(examples=[42])
    online_number: int = Field(examples=[1000])
    connections: int = Field(examples=[1024])
    zan_number: int = Field(examples=[5400])
    places: int = Field(default=0, examples=[50_000])


class Activity(LiveRoom):
    """A room as it is now."""

    settings: Settings


class LiveRooms(ResponseBody):
    """A page of rooms; `cursor` is null at the end."""

    activities: list[LiveRoom]
    cursor: str | None = Field(examples=["42"])


class Person(ResponseBody):
    """A user who is in the room."""

    user_id: str = Field(examples=["alice"])
    username: str = Field(examples=["Alice"])
    attributes: dict[str, str] = Field(default={}, examples=[{"role": "host"}])


class People(ResponseBody):
    """A page of the users in a room; `cursor` is null at the end."""

    users: list[Person]
    online_number: int = Field(examples=[1])
    cursor: str | None = Field(examples=[None])


class Change(RequestBody):
    """The changes; a field that is left out keeps its value."""

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
    } | ({"places": room.places} if room.places else {})


def _person(user: people.Person) -> Person:
    attributes: dict[str, Any] = {"attributes": dict(user.attributes)} if user.attributes else {}
    return Person(user_id=user.user_id, username=user.username, **attributes)


def _activity(room: RoomFigures) -> Activity:
    settings = Settings(slow_mode_seconds=room.rules.slow_mode_seconds, frozen=room.rules.frozen)
    return Activity(**_figures(room), settings=settings)


@router.get(
    "",
    summary="List the live rooms",
    dependencies=[Depends(require("admin", everywhere=True))],
    response_model_exclude_unset=True,
)
async def activities(parts: Parts, limit: Limit = PAGE_DEFAULT, cursor: RoomCursor = 0) -> LiveRooms:
    """The rooms with somebody in them, ordered by id. For a platform's token alone."""
    rooms, after = await parts.moderation.live_rooms(limit=limit, after=cursor)
    page = [LiveRoom(**_figures(room)) for room in rooms]
    return LiveRooms(activities=page, cursor=None if after is None else str(after))


@router.get(
    "/{activityId}",
    summary="Look at a room",
    dependencies=[Depends(require())],
    response_model_exclude_unset=True,
)
async def activity(activity_id: ActivityId, parts: Parts) -> Activity:
    """A room's figures and settings; a room that nobody has been to has zeros."""
    return _activity(await parts.room.state.figures(activity_id))


@router.patch("/{activityId}", summary="Slow a room down, or freeze it", response_model_exclude_unset=True)
async def change(
    activity_id: ActivityId,
    change: Change,
    parts: Parts,
    caller: Annotated[Caller, Depends(require("moderate"))],
    call_id: CallId = None,
) -> Activity:
    """Change what the room allows; viewers are told (type 12). After a 503 try again: it may have changed already."""
    if change.slow_mode_seconds is not None or change.frozen is not None:
        rules = await parts.moderation.change_rules(
            activity_id, slow_mode_seconds=change.slow_mode_seconds, frozen=change.frozen
        )
        await publish(parts, caller, activity_id, events.Settings, call_id=call_id, data=rules.to_object())
    return _activity(await parts.room.state.figures(activity_id))


@router.get(
    "/{activityId}/users",
    summary="List who is in a room",
    dependencies=[Depends(require())],
    # Who has no attributes is listed without.
    response_model_exclude_unset=True,
)
async def users(
    activity_id: ActivityId, parts: Parts, limit: Limit = PAGE_DEFAULT, cursor: PeopleCursor = None
) -> People:
    """Who is in the room, in an order that stays the same while people come and go. If very many come or leave between
    two pages, somebody may be listed twice, or not."""
    found = await parts.room.state.who(activity_id, limit=limit, after=Place.parse(cursor))
    page = await masked_page(found, parts.words)
    listed = [_person(user) for user in page.users]
    return People(users=listed, online_number=page.online, cursor=page.cursor)
