"""Turns an async function and the parts it works with into a Lambda handler.

Lambda calls a handler synchronously, one event at a time, and freezes the process in between. So one event loop and one
set of clients live as long as the execution environment; `asyncio.run` would close the loop that owns their sockets.

With SnapStart the loop and the parts are made before the snapshot. Connections are opened later, by each restored copy.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, Generic, TypeVar

from functions.manifest import needs_of
from functions.runtime.logging import RoomFilter
from functions.runtime.settings import Settings
from functions.runtime.snapshot import at_snapshot

JsonObject = dict[str, Any]
Parts = TypeVar("Parts")


class Refusal(Exception):
    """The answer of a `main` that Lambda lets answer by raising only. This is an expected answer, not a fault, so no
    traceback is logged."""


class Entry(Generic[Parts]):
    """The Lambda handler of the manifest's function `name`. `main(event, parts)` handles an event; `build(settings)`
    makes the parts when the first event comes.

    `build` runs inside the loop. It may not fail because a server is away: clients connect when they are first used. It
    may not make anything that must differ between environments. `late_imports` are modules that are imported when they
    are first used; a snapshot holds them already.
    """

    def __init__(
        self,
        name: str,
        main: Callable[[JsonObject, Parts], Awaitable[Any]],
        build: Callable[[Settings], Awaitable[Parts]],
        *,
        late_imports: Iterable[str] = (),
    ) -> None:
        self._needs = needs_of(name)
        self._main = main
        self._build = build
        self._room_filter = RoomFilter()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._parts: Parts | None = None
        # Lambda's handler is there before this module is imported. A logger's own filters would miss other loggers.
        for handler in logging.getLogger().handlers:
            handler.addFilter(self._room_filter)
        at_snapshot(self.prepare, environment=os.environ, late_imports=late_imports)

    def __call__(self, event: JsonObject, context: object) -> Any:
        """Handle one event; raises what `main` raises."""
        self._room_filter.belong_to(event)
        try:
            return self._run(self._handle(event))
        except Refusal as refusal:
            # Lambda logs each frame of the traceback; this one stays.
            raise refusal.with_traceback(None) from None

    def prepare(self) -> None:
        """Make the loop and the parts before the first event; raises SettingsError."""
        self._run(self._built())

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop.run_until_complete(work)

    async def _handle(self, event: JsonObject) -> Any:
        return await self._main(event, await self._built())

    async def _built(self) -> Parts:
        if self._parts is None:
            settings = Settings.from_environment(os.environ, self._needs)
            logging.getLogger().setLevel(settings.log_level)
            self._parts = await self._build(settings)
        return self._parts
