"""What was said, and what the platform has to say."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field, field_validator

from functions.api.activities import Model
from functions.api.audit import publish
from functions.api.auth import Caller, require
from functions.api.errors import responses
from functions.api.parts import Parts
from functions.api.path import ActivityId
from functions.rooms import events

router = APIRouter(prefix="/activities/{activityId}", tags=["messages"], responses=responses(400, 401, 403, 503))

DATA_BYTES = 8 * 1024


class Notice(Model):
    """A notice from the platform: a product card, a coupon. `data` is whatever the clients understand."""

    name: str = Field(min_length=1, max_length=64, examples=["coupon"])
    data: Any = Field(default=None, examples=[{"code": "TAKE10", "off": 10}])

    @field_validator("data")
    @classmethod
    def _is_small(cls, data: Any) -> Any:
        if len(json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")) > DATA_BYTES:
            raise ValueError(f"data has at most {DATA_BYTES} bytes as JSON")
        return data


class Published(Model):
    """Where it stands in the room log."""

    seq: int = Field(examples=[17])


@router.post("/notices", status_code=201)
async def notice(
    activity_id: ActivityId, notice: Notice, parts: Parts, caller: Annotated[Caller, Depends(require("publish"))]
) -> Published:
    """Show a notice to everybody in the room (type 10)."""
    event = await publish(parts, caller, activity_id, events.NOTICE, name=notice.name, data=notice.data)
    assert event.seq is not None
    return Published(seq=event.seq)


@router.delete("/messages/{seq}", status_code=204)
async def remove(
    activity_id: ActivityId,
    seq: Annotated[int, Path(ge=0, le=2**53 - 1, examples=[17])],
    parts: Parts,
    caller: Annotated[Caller, Depends(require("moderate"))],
) -> Response:
    """Take a chat off the screens (type 9) and out of the history."""
    if await parts.moderation.remove_chat(activity_id, seq):
        await publish(parts, caller, activity_id, events.REMOVED, data={"seq": seq})
    return Response(status_code=204)
