"""The chat of a room: lists it, removes from it, and shows notices in it."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field, field_validator

from functions.adapters.redis.words import WordList
from functions.api.activities import Limit
from functions.api.audit import publish, publish_once
from functions.api.auth import Caller, require
from functions.api.errors import responses
from functions.api.idempotency import CallId
from functions.api.model import RequestBody, ResponseBody
from functions.api.parts import ApiParts, Parts
from functions.api.path import MAX_SEQ, ActivityId, Seq
from functions.api.user import OneUser, SomeUsers
from functions.rooms import events, objects
from functions.rooms.archive import Stored
from functions.rooms.events import target_of
from functions.rooms.frames import PAGE_DEFAULT
from functions.rooms.json_value import LEVELS, flaw_of_json
from functions.rooms.text import LINE_PATTERN, flaw_of_line
from functions.usecases.names import masked_event

router = APIRouter(prefix="/activities/{activityId}", tags=["messages"], responses=responses(400, 401, 403, 503))

DATA_BYTES = 8 * 1024

Before = Annotated[int | None, Query(ge=0, le=MAX_SEQ, description="The `before` of the last page", examples=[17])]


class Notice(RequestBody):
    """A notice from the platform: a product card, a coupon. `data` is whatever the clients understand."""

    name: str = Field(min_length=1, max_length=64, examples=["coupon"], json_schema_extra={"pattern": LINE_PATTERN})
    data: Any = Field(
        default=None,
        examples=[{"code": "TAKE10", "off": 10}],
        description=f"Any JSON, at most {DATA_BYTES} bytes in UTF-8 and {LEVELS} levels deep",
    )
    # Without it the notice is for everybody; so null, which a caller may send by mistake, is refused.
    to: SomeUsers = Field(default=())

    @field_validator("name")
    @classmethod
    def _is_a_line(cls, name: str) -> str:
        if flaw := flaw_of_line(name):
            raise ValueError(f"it {flaw}")
        return name

    @field_validator("data")
    @classmethod
    def _can_be_carried(cls, data: Any) -> Any:
        if flaw := flaw_of_json(data, DATA_BYTES):
            raise ValueError(f"it {flaw}")
        return data


class Published(ResponseBody):
    """Where it stands in the room log."""

    seq: int = Field(examples=[17])


class Said(ResponseBody):
    """A chat, as viewers got it. `id` is there if its sender gave it one, `attributes` if the sender has any."""

    message_type: Literal[4] = Field(examples=[events.CHAT])
    seq: int = Field(examples=[17])
    fromusername: str = Field(examples=["Alice"])
    user_id: str = Field(examples=["alice"])
    avatar: str = Field(examples=["https://rooms.example/alice.png"])
    time: int = Field(examples=[1_700_000_000_000], description="ms since the epoch")
    id: str = Field(default="", examples=["c1"])
    attributes: dict[str, str] = Field(default={}, examples=[{"role": "host"}])


class Chat(Said):
    """A chat, as viewers got it. `id` is there if its sender gave it one, `attributes` if the sender has any, and
    `extra` if something was sent beside the text."""

    text_message: str = Field(examples=["hello"])
    extra: dict[str, Any] = Field(default={}, examples=[{"replyTo": 12}])


class RemovedChat(Said):
    """A chat that a moderator removed: who said something and when, but not what."""

    removed: Literal[True] = Field(examples=[True])


class Shown(ResponseBody):
    """A notice, as viewers got it."""

    message_type: Literal[10] = Field(examples=[events.NOTICE])
    seq: int = Field(examples=[18])
    name: str | None = Field(examples=["coupon"])
    data: Any = Field(examples=[{"code": "TAKE10", "off": 10}])
    time: int = Field(examples=[1_700_000_000_000], description="ms since the epoch")


class RemovedNotice(ResponseBody):
    """A notice that a moderator removed: that there was one, but not what it said."""

    message_type: Literal[10] = Field(examples=[events.NOTICE])
    seq: int = Field(examples=[18])
    time: int = Field(examples=[1_700_000_000_000], description="ms since the epoch")
    removed: Literal[True] = Field(examples=[True])


_WHO_AND_WHEN = {"fromusername": "Alice", "userId": "alice", "avatar": "", "time": 1_700_000_000_000}
_CHAT = {"messageType": events.CHAT, "seq": 17, "textMessage": "hello", **_WHO_AND_WHEN, "id": "c1"}


class Messages(ResponseBody):
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
    activity_id: ActivityId, parts: Parts, limit: Limit = PAGE_DEFAULT, before: Before = None
) -> Messages:
    """The chat and the notices of a room, newest first, for as long as they are kept; private chat is never listed. A
    moment may pass before a chat that was acknowledged is."""
    page, following = await parts.archive.messages.messages(activity_id, before, limit)
    words = await parts.words.current()
    return Messages(messages=[_shown(stored, words) for stored in page], before=following)


def _shown(stored: Stored, words: WordList) -> Chat | RemovedChat | Shown | RemovedNotice:
    shown = objects.of_event(masked_event(stored.event, words))
    is_notice = stored.event.type == events.NOTICE
    if not stored.removed:
        return (Shown if is_notice else Chat).model_validate(shown)
    # The fields of what it said, which are empty already, are left out.
    known = {name: value for name, value in shown.items() if name not in ("textMessage", "name", "data")}
    return (RemovedNotice if is_notice else RemovedChat).model_validate(known | {"removed": True})


@router.post("/notices", status_code=201, summary="Show a notice", response_description="It is on its way")
async def notice(
    activity_id: ActivityId,
    notice: Notice,
    parts: Parts,
    caller: Annotated[Caller, Depends(require("publish"))],
    call_id: CallId = None,
) -> Published:
    """Show a notice to everybody in the room (type 10), or `to` some users alone, on all of their connections. A notice
    to some is not listed with the messages, and a user who is not there misses it. After a 503 it may be shown all the
    same: call again with the same `Idempotency-Key`, and it is shown once."""
    fields = {"name": notice.name, "data": notice.data, "to": target_of(notice.to) if notice.to else None}
    return Published(seq=await publish_once(parts, caller, activity_id, events.Notice, call_id=call_id, **fields))


@router.delete("/messages/{seq}", status_code=204, summary="Remove a chat", response_description="It is removed")
async def remove(
    activity_id: ActivityId,
    seq: Seq,
    parts: Parts,
    caller: Annotated[Caller, Depends(require("moderate"))],
    call_id: CallId = None,
) -> Response:
    """Take a chat off the screens (type 9) and out of the history; a chat that is not there is removed all the same."""
    await parts.moderation.remove_chat(activity_id, seq)
    # Also if it was removed before: the viewers may not have been told then.
    await publish(parts, caller, activity_id, events.Removed, call_id=call_id, data={"seq": seq})
    return Response(status_code=204)


@router.delete(
    "/messages", status_code=204, summary="Remove all that a user has said", response_description="It is removed"
)
async def remove_all(
    activity_id: ActivityId,
    user_id: OneUser,
    parts: Parts,
    caller: Annotated[Caller, Depends(require("moderate"))],
    call_id: CallId = None,
) -> Response:
    """Take all that a user has said until now off the screens (type 9) and out of the history. The user stays, and what
    they say from now on is shown."""
    await remove_said(parts, caller, activity_id, user_id, parts.room.clock(), call_id)
    return Response(status_code=204)


async def remove_said(
    parts: ApiParts, caller: Caller, activity_id: int, user_id: str, now: int, call_id: str | None
) -> None:
    """Remove all that a user has said until `now`, and have viewers told."""
    seqs = await parts.moderation.remove_said(activity_id, user_id, now)
    said = {"userId": user_id, "seqs": seqs}
    await publish(parts, caller, activity_id, events.Removed, call_id=call_id, data=said)
