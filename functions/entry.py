"""Where an async function and its parts become a Lambda handler.

Lambda calls handlers synchronously, one event at a time, and freezes the process in between. So one event loop and one
set of clients live as long as the execution environment; `asyncio.run` would close the loop that owns their sockets.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from functions.settings import Settings

JsonObject = dict[str, Any]
Parts = TypeVar("Parts")


class Entry(Generic[Parts]):
    """A Lambda handler: `main(event, parts)`, with `build` making the parts when the first event comes.

    `build` runs inside the loop and may not fail for a server that is away: clients connect when they are first used.
    """

    def __init__(
        self,
        main: Callable[[JsonObject, Parts], Awaitable[Any]],
        build: Callable[[Settings], Awaitable[Parts]],
    ) -> None:
        self._main = main
        self._build = build
        self._loop: asyncio.AbstractEventLoop | None = None
        self._parts: Parts | None = None

    def __call__(self, event: JsonObject, context: object) -> Any:
        """Handle one event; what `main` raises is raised."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop.run_until_complete(self._handle(event))

    async def _handle(self, event: JsonObject) -> Any:
        if self._parts is None:
            self._parts = await self._build(Settings.from_environment(os.environ))
        return await self._main(event, self._parts)
