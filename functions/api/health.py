"""Whether the servers behind the rooms answer."""

import asyncio

from fastapi import APIRouter
from pydantic import BaseModel

from functions.api.errors import Error
from functions.api.parts import Parts

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """Every server answers."""

    ok: bool = True


@router.get("/health", responses={503: {"model": Error, "description": "A server does not answer"}})
async def health(parts: Parts) -> Health:
    """200 when Redis and Kafka answer, else 503 `unavailable`."""
    await asyncio.gather(parts.state.ping(), parts.log.ping())
    return Health()
