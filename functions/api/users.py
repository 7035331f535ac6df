"""What is stored of one user over all rooms: told, and erased. For a platform's token alone."""

from collections.abc import Collection
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from functions.adapters.dynamodb.table import plain
from functions.api.activities import Limit
from functions.api.auth import require
from functions.api.errors import responses
from functions.api.model import ResponseBody
from functions.api.parts import ApiParts, Parts
from functions.api.user import OneUser
from functions.rooms.disclosure import parse_cursor, told_of
from functions.rooms.frames import PAGE_DEFAULT
from functions.rooms.sanctions import LISTS

router = APIRouter(
    prefix="/users",
    tags=["users"],
    dependencies=[Depends(require("admin", everywhere=True))],
    responses=responses(400, 401, 403, 503),
)

# A call has 15 seconds, with what is under way then.
ERASE_SECONDS = 6.0

RecordCursor = Annotated[
    str | None, Query(max_length=1024, description="Where the last page ended", examples=["cm9vbSM0MgltIzE3"])
]

_CHAT = {"activityId": 42, "what": "chat", "type": 4, "seq": 17, "time": 1_700_000_000_000, "userId": "alice"}


class Records(ResponseBody):
    """A page of what is stored; `cursor` is null at the end."""

    records: list[dict[str, Any]] = Field(examples=[[_CHAT | {"text": "hello", "expires": 1_734_560_000}]])
    cursor: str | None = Field(examples=[None])


class Leftover(ResponseBody):
    """What goes by itself, and when at the latest: ms since the epoch, null if nobody knows."""

    where: str = Field(examples=["saveLiveMessageTopic"])
    what: str = Field(examples=["records of what the user did"])
    until: int | None = Field(examples=[1_700_086_400_000])


class Erased(ResponseBody):
    """What this call did: how many items it `removed` and made `nameless`, by what they are, and how many sanctions it
    `lifted`. Unless it is `complete`, call again after `retryAfter` seconds."""

    complete: bool = Field(examples=[False])
    retry_after: int = Field(examples=[75])
    removed: dict[str, int] = Field(examples=[{"chat": 12, "join": 3}])
    nameless: dict[str, int] = Field(examples=[{"sanction": 1}])
    lifted: dict[str, int] = Field(examples=[{"mutes": 1}])
    expiring: list[Leftover]


@router.get("/records", summary="Tell what is stored of a user")
async def records(user_id: OneUser, parts: Parts, limit: Limit = PAGE_DEFAULT, cursor: RecordCursor = None) -> Records:
    """All that is stored of a user over all rooms: what they said and did, what was done to them, what was said to
    them, and for how long they watched. A page may have more records than `limit`: what was said to a user is found by
    a record beside it, and so may come twice. What has just happened is found after a moment."""
    page = await parts.archive.users.page(user_id, parse_cursor(cursor), limit)
    found = [told_of(pk, sk, plain(item)) for (pk, sk), item in page.items.items() if (pk, sk) not in page.targets]
    return Records(records=found, cursor=page.cursor)


@router.delete("/records", summary="Erase a user")
async def erase(user_id: OneUser, parts: Parts) -> Erased:
    """Remove what is stored of a user over all rooms, or make it nameless where sums and the audit trail go on without
    them; lift their mutes and bans. It holds for what happens up to a minute after the first call, so call again until
    it is `complete`; after a break, too. Keep the user out first: what they do later is stored again."""
    lifted: dict[str, int] = {}

    async def lift(rooms: Collection[int]) -> None:
        for room in rooms:
            for kind in LISTS:
                if await parts.moderation.lift(kind, room, user_id, parts.room.clock()) is not None:
                    lifted[kind] = lifted.get(kind, 0) + 1

    if await parts.bans.lift(user_id, parts.room.clock()):
        lifted["bansFromAllRooms"] = 1
    outcome = await parts.archive.eraser.erase(user_id, seconds=ERASE_SECONDS, in_rooms=lift)
    return Erased(
        complete=outcome.complete,
        retry_after=outcome.retry_after,
        removed=outcome.removed,
        nameless=outcome.nameless,
        lifted=lifted,
        expiring=_expiring(parts),
    )


def _expiring(parts: ApiParts) -> list[Leftover]:
    now = parts.room.clock()
    return [
        Leftover(where=one.where, what=one.what, until=None if one.ms is None else now + one.ms)
        for one in parts.archive.leftovers
    ]
