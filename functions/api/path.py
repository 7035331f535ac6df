"""Paths: each route has one spelling. Path parameters are numbers, since API Gateway decodes and cuts paths."""

import re
from typing import Annotated

from fastapi import Depends, Path
from pydantic import WithJsonSchema
from starlette.types import ASGIApp, Receive, Scope, Send

from functions.api.errors import answer
from functions.rooms.identity import MAX_ACTIVITY_ID, Malformed, parse_activity_id

MAX_SEQ = 2**53 - 1

_SEQ = re.compile(r"0|[1-9][0-9]{0,15}")
# An empty segment (so also a slash at the end), a segment of dots, a line break at the end. Starlette would take the
# last two.
_ODD = re.compile(r"/(\.{0,2})(?=/|$)|\n\Z")

DescribedRoom = WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_ACTIVITY_ID, "examples": [42]})
DescribedSeq = WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MAX_SEQ, "examples": [17]})


class OneSpelling:
    """An ASGI application in front of `app`: a path that only looks like a route's is 404, as any unknown path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_odd = scope["type"] == "http" and _ODD.search(scope["path"])
        await (answer(404, "not_found", "Not Found") if is_odd else self._app)(scope, receive, send)


# FastAPI calls a dependency that is no coroutine in a thread, which takes longer than what these do.
async def _activity_id(
    activity_id: Annotated[str, DescribedRoom, Path(alias="activityId", description="The room")],
) -> int:
    return parse_activity_id(activity_id)


async def _seq(seq: Annotated[str, DescribedSeq, Path(description="The chat's `seq`")]) -> int:
    if not _SEQ.fullmatch(seq) or int(seq) > MAX_SEQ:
        raise Malformed(f"seq must be an integer from 0 to {MAX_SEQ}")
    return int(seq)


ActivityId = Annotated[int, Depends(_activity_id)]
Seq = Annotated[int, Depends(_seq)]
