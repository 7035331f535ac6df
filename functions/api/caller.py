"""Who calls, and what they may do: a page shows its parts by that.

A page could read its token by itself, but not in open mode, and not a token of an identity provider, which has claims
under names of its own.
"""

import math
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import Field

from functions.api.auth import Caller, require
from functions.api.errors import responses
from functions.api.model import ResponseBody
from functions.api.parts import Parts
from functions.api.tokens import Capability

router = APIRouter(tags=["tokens"], responses=responses(401, 403, 503))


class Holder(ResponseBody):
    """Who calls. `rooms`: the rooms that the token is for, null for all. A `platform` may ask about all rooms at once,
    and opens no connection. `exp` is null in open mode, where nobody has a token."""

    mode: Literal["open", "token"] = Field(examples=["token"])
    user_id: str = Field(examples=["maud"])
    name: str = Field(examples=["Maud"])
    platform: bool = Field(examples=[False])
    rooms: list[int] | None = Field(examples=[[42]])
    caps: list[Capability] = Field(examples=[["chat", "like", "moderate"]])
    exp: float | None = Field(examples=[1_700_003_600], description="When the token expires, in s since the epoch")


@router.get("/caller", summary="Tell who calls, and what they may do")
async def holder(parts: Parts, caller: Annotated[Caller, Depends(require())]) -> Holder:
    """Whom the token is of, and what it allows. In open mode it is the platform, which may do everything."""
    return Holder(
        mode=parts.admission.mode,
        user_id=caller.sub,
        name=caller.name,
        platform=caller.is_platform,
        rooms=None if caller.rooms is None else sorted(caller.rooms),
        caps=sorted(caller.caps),  # type: ignore[arg-type]
        exp=None if math.isinf(caller.exp) else caller.exp,
    )
