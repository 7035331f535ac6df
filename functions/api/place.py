"""A reader's place in the gallery: takes it, renews it, gives it up."""

import json
import logging
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field
from pydantic.types import StrictStr

from functions.api.admission import OPTIONAL_TOKEN
from functions.api.auth import Bearer, require, unauthorized
from functions.api.errors import NotAllowed, answer, responses
from functions.api.model import RequestBody, ResponseBody
from functions.api.parts import ApiParts, Parts
from functions.api.path import ActivityId
from functions.api.user import OneUser
from functions.aws_events.websocket import Handshake
from functions.rooms.denial import NAME_REJECTED, WRONG_ORIGIN, Denial
from functions.rooms.identity import Identity
from functions.rooms.places import PLACE_ID, SeatFree, parse_place_id, told_to_reader
from functions.rooms.seats import Seat
from functions.usecases.admission import NoIdentity
from functions.usecases.names import NameNotAllowed, admit
from functions.usecases.placing import CutOff, Gone, Order, Placed, end_places, take_place

log = logging.getLogger(__name__)

router = APIRouter(prefix="/activities/{activityId}/place", tags=["gallery"], responses=responses(400, 401, 403, 503))

_ID = "g17000000000000123456789abcdef"
_PATTERN = f"^{PLACE_ID}$"


class PlaceOrder(RequestBody):
    """The place to renew, none to take one; up to where the reader has read; whether the viewer would rather read than
    have a seat; and, in open mode, who it is."""

    place: StrictStr | None = Field(default=None, pattern=_PATTERN, examples=[_ID])
    since: StrictStr | None = Field(default=None, max_length=64, examples=["ebaf133c.17"])
    mail: StrictStr | None = Field(default=None, pattern="^[0-9]{1,16}$", examples=["17"])
    lane: Literal["gallery"] | None = Field(default=None, examples=["gallery"])
    username: StrictStr | None = Field(default=None, examples=["Alice"])
    user_id: StrictStr | None = Field(default=None, examples=["alice"])
    avatar: StrictStr | None = Field(default=None, examples=["https://example.com/alice.png"])
    attributes: dict[str, Any] | None = Field(default=None, examples=[{"level": "12"}])


class Rules(ResponseBody):
    """What the room allows."""

    slow_mode_seconds: int = Field(examples=[0])
    frozen: bool = Field(examples=[False])


class PlaceTaken(ResponseBody):
    """Where the viewer is: on a `seat`, which it now takes itself, or in the `gallery`. All that stands behind
    `zanNumber` is for a reader in the gallery."""

    lane: Literal["seat", "gallery"] = Field(examples=["gallery"])
    activity_id: int = Field(examples=[42])
    user_id: str = Field(examples=["alice"])
    online_number: int = Field(examples=[50_000])
    zan_number: int = Field(examples=[5400])
    place: str | None = Field(default=None, examples=[_ID])
    settings: Rules | None = Field(default=None, examples=[{"slowModeSeconds": 0, "frozen": False}])
    mute: dict[str, Any] | None = Field(default=None, examples=[{"seconds": 60}])
    cursor: str | None = Field(default=None, examples=["ebaf133c.17"])
    gap: bool | None = Field(default=None, examples=[False])
    beat_seconds: int | None = Field(default=None, examples=[60], description="Renew the place after so many seconds")
    ticks: str | None = Field(default=None, examples=["/gallery/42/2833333.kT9dQx3FzYw0m1uVb7cR2A/"])
    next: int | None = Field(default=None, examples=[1_700_000_000], description="The slot to ask for")
    now: int | None = Field(default=None, examples=[1_700_000_000_250], description="The slots' clock, in ms")
    hash: str | None = Field(default=None, examples=["3f1c9a52d0"], description="By which slots call this reader")
    mail: str | None = Field(default=None, examples=["17"])
    objects: list[dict[str, Any]] | None = Field(default=None, examples=[[]], description="For this reader alone")
    properties: dict[str, Any] | None = Field(default=None, examples=[{}])
    history: list[dict[str, Any]] | None = Field(default=None, examples=[[]])


@router.post("", summary="Take or renew a place", responses={200: {"model": PlaceTaken}, **responses(404, 429)})
async def take(activity_id: ActivityId, request: Request, bearer: Bearer, parts: Parts, order: PlaceOrder) -> Response:
    """Take a place in the gallery, or renew the one that is named, as often as `beatSeconds` says. Where the room has a
    seat for a viewer who names none, `lane` is `seat`, and nothing is taken, unless the order itself names the `lane`
    `gallery`. Who may come in is as at the handshake."""
    return await take_or_renew(activity_id, request.headers.get("origin", ""), bearer, parts, order)


async def take_or_renew(activity_id: int, origin: str, bearer: Bearer, parts: ApiParts, order: PlaceOrder) -> Response:
    """What `take` does, for a page of `origin`. Raises what errors.py has handlers for."""
    try:
        identity = await _identity(activity_id, origin, bearer, parts, order)
    except Refused as refused:
        return _denied(refused.denial)
    if parts.gallery is None:
        figures = await parts.room.state.figures(activity_id)
        return _seat(identity, SeatFree(figures.online, figures.likes))
    wanted = Order(
        place=order.place,
        since=order.since or "",
        read_mail=None if order.mail is None else int(order.mail),
        rather_reads=order.lane == "gallery",
    )
    meter = parts.admission.meter
    try:
        taken = await take_place(parts.room, parts.gallery, parts.bans, identity, wanted, meter)
    except CutOff:
        raise NotAllowed("you were put out of this room", code="kicked") from None
    except Gone:
        raise HTTPException(404, "the place was given up, take another") from None
    if isinstance(taken, Denial):
        return _denied(taken)
    return (
        _seat(identity, taken) if isinstance(taken, SeatFree) else await _gallery(parts, identity, taken, wanted.since)
    )


OnePlace = Annotated[str, Query(pattern=_PATTERN, description="The place", examples=[_ID])]


@router.delete("", status_code=204, summary="Give a place up", dependencies=[Depends(require())])
async def give_up(activity_id: ActivityId, place: OnePlace, user_id: OneUser, parts: Parts) -> Response:
    """Give a place up. Nothing happens if it was given up before."""
    return await _leave(parts, activity_id, place, user_id)


@router.post("/leave", status_code=204, summary="Give a place up, by a beacon", openapi_extra=OPTIONAL_TOKEN)
async def leave(activity_id: ActivityId, place: OnePlace, user_id: OneUser, parts: Parts, _bearer: Bearer) -> Response:
    """As `DELETE`, for a page that is being closed: a beacon has no header for a token, so none is asked for. Nobody
    can guess a place."""
    return await _leave(parts, activity_id, place, user_id)


async def _leave(parts: ApiParts, activity_id: int, place: str, user_id: str) -> Response:
    place_id, _ = parse_place_id(place)
    await end_places(parts.room, activity_id, [Seat(place_id, "live.v1", user_id, is_place=True)])
    return Response(status_code=204)


class Refused(Exception):
    """Who asks is not let in."""

    def __init__(self, denial: Denial) -> None:
        super().__init__(denial.message)
        self.denial = denial


async def _identity(activity_id: int, origin: str, bearer: Bearer, parts: ApiParts, order: PlaceOrder) -> Identity:
    """Who asks, by the rules of the handshake; raises Refused, Malformed and a 401."""
    given = {
        "activityId": str(activity_id),
        "username": order.username,
        "userId": order.user_id,
        "avatar": order.avatar,
        "attributes": None if order.attributes is None else json.dumps(order.attributes),
        "since": order.since,
        "token": bearer.credentials if bearer else None,
    }
    queries = {name: [value] for name, value in given.items() if value is not None}
    handshake = Handshake("", queries, {"origin": origin})
    if not parts.admission.allows(origin):
        raise Refused(WRONG_ORIGIN)
    try:
        return await admit(await parts.admission.identify(handshake), parts.words)
    except NoIdentity as nobody:
        raise unauthorized(f"you are not let in: {nobody}") from None
    except NameNotAllowed:
        raise Refused(NAME_REJECTED) from None


def _denied(denial: Denial) -> Response:
    response = answer(denial.status, denial.reason, denial.message)
    if denial.status == 429:
        response.headers["Retry-After"] = str(denial.retry_after or 1)
    return response


def _seat(identity: Identity, free: SeatFree) -> Response:
    who = {"lane": "seat", "activityId": identity.activity_id, "userId": identity.user_id}
    return JSONResponse({**who, "onlineNumber": free.online, "zanNumber": free.likes})


async def _gallery(parts: ApiParts, identity: Identity, placed: Placed, since: str) -> Response:
    words = await parts.words.current()
    body = told_to_reader(
        identity.activity_id,
        identity.user_id,
        placed.place,
        placed.taken,
        placed.view.with_names(words.masked_name),
        ticks=placed.ticks,
        asked=placed.asked,
        since=since,
        lapsed=placed.lapsed,
    )
    return Response(body, media_type="application/json")
