"""A room's properties: what the platform says of it as it is now."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends
from pydantic import PlainValidator, WithJsonSchema

from functions.api.audit import publish
from functions.api.auth import Caller, require
from functions.api.errors import responses
from functions.api.idempotency import CallId
from functions.api.parts import Parts
from functions.api.path import ActivityId
from functions.rooms import events, properties
from functions.rooms.json_value import LEVELS
from functions.rooms.properties import PATCHED_AT_MOST, PROPERTIES_AT_MOST, PROPERTIES_BYTES, PROPERTY_BYTES
from functions.rooms.text import ID_LENGTH, ID_PATTERN

router = APIRouter(
    prefix="/activities/{activityId}/properties", tags=["properties"], responses=responses(400, 401, 403, 503)
)

_EXAMPLE = {"pinned": {"sku": "X1", "price": 9.5}, "announcement": "We begin at eight"}
_NAMES = {"minLength": 1, "maxLength": ID_LENGTH, "pattern": ID_PATTERN}
_BOUND = f"Each value is JSON of at most {PROPERTY_BYTES} bytes and {LEVELS} levels, all are at most {PROPERTIES_BYTES}"


def _described(description: str, most: int, example: Any) -> WithJsonSchema:
    bounds = {"maxProperties": most, "propertyNames": _NAMES, "additionalProperties": True}
    return WithJsonSchema({"type": "object", "description": description, **bounds, "examples": [example]})


def _patch(value: Any) -> dict[str, Any]:
    if flaw := properties.flaw_of_patch(value):
        raise ValueError(f"it {flaw}")
    patch: dict[str, Any] = value
    return patch


RoomProperties = Annotated[
    dict[str, Any], _described(f"The properties by name. {_BOUND}", PROPERTIES_AT_MOST, _EXAMPLE)
]
Patch = Annotated[
    dict[str, Any],
    PlainValidator(_patch),
    _described(f"A JSON merge patch (RFC 7396): null removes. {_BOUND}", PATCHED_AT_MOST, _EXAMPLE | {"old": None}),
    Body(),
]


@router.get("", summary="Read a room's properties", dependencies=[Depends(require())])
async def room_properties(activity_id: ActivityId, parts: Parts) -> RoomProperties:
    """What every viewer of the room is told, for any token of the room or of a platform. A room has none at first."""
    return dict(await parts.properties.read(activity_id))


@router.patch("", summary="Change a room's properties")
async def change_properties(
    activity_id: ActivityId,
    patch: Patch,
    parts: Parts,
    caller: Annotated[Caller, Depends(require("publish"))],
    call_id: CallId = None,
) -> RoomProperties:
    """Change some properties by a JSON merge patch (RFC 7396, also as `application/merge-patch+json`), and return all.
    Viewers are told what has changed (type 14). Of two calls at once both hold, unless they are about the same. After a
    503 try again, best with the same `Idempotency-Key`: then a change that somebody else has made since is not lost."""
    found = await parts.properties.patch(activity_id, patch, caller.sub, call_id)
    if patch:
        changes = {name: found.get(name) for name in patch}
        await publish(parts, caller, activity_id, events.Properties, call_id=call_id, data=changes)
    return dict(found)
