"""Whether the servers behind the rooms answer."""

import asyncio

from fastapi import APIRouter
from pydantic import BaseModel

from functions.api.errors import responses
from functions.api.parts import Parts

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """Every server answers."""

    ok: bool = True


@router.get("/health", responses=responses(503))
async def health(parts: Parts) -> Health:
    """200 when Redis and Kafka answer, else 503 `unavailable`."""
    await asyncio.gather(parts.room.state.ping(), parts.room.log.ping())
    return Health()
