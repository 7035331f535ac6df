"""Whether the servers behind the rooms answer."""

from fastapi import APIRouter
from pydantic import Field

from functions.api.errors import responses
from functions.api.model import Told
from functions.api.parts import Archive, Parts
from functions.together import every

router = APIRouter(tags=["health"])


class Health(Told):
    """Every server answers."""

    ok: bool = Field(default=True, examples=[True])


@router.get("/health", summary="Do the servers answer?", responses=responses(503))
async def health(parts: Parts, archive: Archive) -> Health:
    """200 when Redis, Kafka and the table answer, else 503 `unavailable`. Needs no token."""
    await every((parts.room.state.ping(), parts.room.log.ping(), archive.messages.ping()))
    return Health()
