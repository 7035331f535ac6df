"""Whether the servers behind the rooms answer."""

from fastapi import APIRouter
from pydantic import Field

from functions.api.errors import responses
from functions.api.model import ResponseBody
from functions.api.parts import Parts
from functions.runtime.together import every

router = APIRouter(tags=["health"])


class Health(ResponseBody):
    """Every server answers."""

    ok: bool = Field(default=True, examples=[True])


@router.get("/health", summary="Do the servers answer?", responses=responses(403, 503))
async def health(parts: Parts) -> Health:
    """200 when Redis, Kafka and the table answer, else 503 `unavailable`. Needs no token."""
    await every((parts.room.state.ping(), parts.room.log.ping(), parts.archive.messages.ping()))
    return Health()
