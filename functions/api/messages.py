"""What was said, and what the platform has to say."""

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field, field_validator

from functions.api.activities import Limit
from functions.api.audit import publish
from functions.api.auth import Caller, require
from functions.api.errors import responses
from functions.api.model import Asked, Told
from functions.api.parts import Archive, Parts
from functions.api.path import ActivityId
from functions.rooms import events, objects
from functions.rooms.archive import Stored
from functions.rooms.frames import PAGE_DEFAULT

router = APIRouter(prefix="/activities/{activityId}", tags=["messages"], responses=responses(400, 401, 403, 503))

DATA_BYTES = 8 * 1024
# Everybody who reads the record must be able to parse it, whatever the language.
DATA_DEPTH = 32

Before = Annotated[int | None, Query(ge=0, le=2**53 - 1, description="The `before` of the last page", examples=[17])]
Seq = Annotated[int, Path(ge=0, le=2**53 - 1, description="The chat's `seq`", examples=[17])]


class Notice(Asked):
    """A notice from the platform: a product card, a coupon. `data` is whatever the clients understand."""

    name: str = Field(min_length=1, max_length=64, examples=["coupon"])
    data: Any = Field(
        default=None,
        examples=[{"code": "TAKE10", "off": 10}],
        description=f"Any JSON, at most {DATA_BYTES} bytes in UTF-8 and {DATA_DEPTH} levels deep",
    )

    @field_validator("data")
    @classmethod
    def _can_be_carried(cls, data: Any) -> Any:
        if not _is_shallow(data):
            raise ValueError(f"it has at most {DATA_DEPTH} levels")
        try:
            size = len(json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode())
        except UnicodeEncodeError:
            raise ValueError("half a surrogate pair is no character") from None
        if size > DATA_BYTES:
            raise ValueError(f"it has at most {DATA_BYTES} bytes as JSON")
        return data


def _is_shallow(value: Any) -> bool:
    level = [value]
    for _ in range(DATA_DEPTH):
        lists = [inner for inner in level if isinstance(inner, list)]
        objects = [inner.values() for inner in level if isinstance(inner, dict)]
        level = [inner for nested in (*lists, *objects) for inner in nested]
        if not level:
            return True
    return not any(isinstance(inner, list | dict) for inner in level)


class Published(Told):
    """Where it stands in the room log."""

    seq: int = Field(examples=[17])


class Said(Told):
    """A chat, as viewers got it. `id` is there if its sender gave it one."""

    message_type: Literal[4] = Field(examples=[events.CHAT])
    seq: int = Field(examples=[17])
    fromusername: str = Field(examples=["Alice"])
    user_id: str = Field(examples=["alice"])
    avatar: str = Field(examples=["https://rooms.example/alice.png"])
    time: int = Field(examples=[1_700_000_000_000], description="ms since the epoch")
    id: str = Field(default="", examples=["c1"])


class Chat(Said):
    """A chat, as viewers got it. `id` is there if its sender gave it one."""

    text_message: str = Field(examples=["hello"])


class RemovedChat(Said):
    """A chat that a moderator removed: who said something and when, but not what."""

    removed: Literal[True] = Field(examples=[True])


class Shown(Told):
    """A notice, as viewers got it."""

    message_type: Literal[10] = Field(examples=[events.NOTICE])
    seq: int = Field(examples=[18])
    name: str | None = Field(examples=["coupon"])
    data: Any = Field(examples=[{"code": "TAKE10", "off": 10}])
    time: int = Field(examples=[1_700_000_000_000], description="ms since the epoch")


class RemovedNotice(Told):
    """A notice that a moderator removed: that there was one, but not what it said."""

    message_type: Literal[10] = Field(examples=[events.NOTICE])
    seq: int = Field(examples=[18])
    time: int = Field(examples=[1_700_000_000_000], description="ms since the epoch")
    removed: Literal[True] = Field(examples=[True])


_CHAT = {
    "messageType": events.CHAT,
    "seq": 17,
    "textMessage": "hello",
    "fromusername": "Alice",
    "userId": "alice",
    "avatar": "",
    "time": 1_700_000_000_000,
    "id": "c1",
}


class Messages(Told):
    """A page of what was said, newest first; `before` is null at the end."""

    messages: list[Chat | RemovedChat | Shown | RemovedNotice] = Field(examples=[[_CHAT]])
    before: int | None = Field(examples=[17])


@router.get(
    "/messages",
    summary="List what was said",
    dependencies=[Depends(require())],
    # Nobody is told an id that was not given.
    response_model_exclude_unset=True,
)
async def messages(
    activity_id: ActivityId, archive: Archive, limit: Limit = PAGE_DEFAULT, before: Before = None
) -> Messages:
    """The chat and the notices of a room, newest first, for as long as they are kept; private chat is never listed. A
    moment may pass before a chat that was acknowledged is."""
    page, following = await archive.messages.messages(activity_id, before, limit)
    return Messages(messages=[_told(stored) for stored in page], before=following)


def _told(stored: Stored) -> Chat | RemovedChat | Shown | RemovedNotice:
    if stored.event.type == events.NOTICE:
        shown = objects.from_platform(stored.event)
        return RemovedNotice.model_validate(_marked(shown)) if stored.removed else Shown.model_validate(shown)
    said = objects.chat(stored.event)
    return RemovedChat.model_validate(_marked(said)) if stored.removed else Chat.model_validate(said)


def _marked(told: dict[str, Any]) -> dict[str, Any]:
    """A removed message: the fields of what it said, which are empty already, are not told at all."""
    return {name: value for name, value in told.items() if name not in ("textMessage", "name", "data")} | {
        "removed": True
    }


@router.post("/notices", status_code=201, summary="Show a notice", response_description="It is on its way")
async def notice(
    activity_id: ActivityId, notice: Notice, parts: Parts, caller: Annotated[Caller, Depends(require("publish"))]
) -> Published:
    """Show a notice to everybody in the room (type 10). After a 503 it may be shown all the same."""
    event = await publish(parts, caller, activity_id, events.NOTICE, name=notice.name, data=notice.data)
    assert event.seq is not None
    return Published(seq=event.seq)


@router.delete("/messages/{seq}", status_code=204, summary="Remove a chat", response_description="It is removed")
async def remove(
    activity_id: ActivityId, seq: Seq, parts: Parts, caller: Annotated[Caller, Depends(require("moderate"))]
) -> Response:
    """Take a chat off the screens (type 9) and out of the history; a chat that is not there is removed all the same."""
    await parts.moderation.remove_chat(activity_id, seq)
    # Also if it was removed before: the viewers may not have been told then.
    await publish(parts, caller, activity_id, events.REMOVED, data={"seq": seq})
    return Response(status_code=204)
