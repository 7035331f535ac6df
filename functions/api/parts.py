"""What the routes of the HTTP API work with; made with the first request and kept."""

import os
from typing import Annotated

from fastapi import Depends

from functions.parts import RoomParts, build
from functions.settings import Settings

_built: list[RoomParts] = []


async def room_parts() -> RoomParts:
    """The parts as the environment's settings say; a test overrides this dependency."""
    if not _built:
        _built.append(await build(Settings.from_environment(os.environ)))
    return _built[0]


Parts = Annotated[RoomParts, Depends(room_parts)]
