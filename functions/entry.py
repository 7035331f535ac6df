"""Where an async function and its parts become a Lambda handler.

Lambda calls handlers synchronously, one event at a time, and freezes the process in between. So one event loop and one
set of clients live as long as the execution environment; `asyncio.run` would close the loop that owns their sockets.

With SnapStart the loop and the parts are made before the snapshot, and every copy of it opens connections of its own.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, Generic, TypeVar

from functions import log_lines, snapshot
from functions.log_lines import LogLines
from functions.settings import Settings

JsonObject = dict[str, Any]
Parts = TypeVar("Parts")


class Refusal(Exception):
    """What `main` raises as its answer, where Lambda knows no other way to say it. Nothing is wrong, so it is logged
    without the way that it came."""


class Entry(Generic[Parts]):
    """A Lambda handler: `main(event, parts)`, with `build` making the parts when the first event comes.

    `build` runs inside the loop and may not fail for a server that is away: clients connect when they are first used.
    Nor may it make anything that must differ between environments. `late_imports`: modules that are imported when they
    are first used, and that a snapshot is to hold.
    """

    def __init__(
        self,
        main: Callable[[JsonObject, Parts], Awaitable[Any]],
        build: Callable[[Settings], Awaitable[Parts]],
        *,
        late_imports: Iterable[str] = (),
    ) -> None:
        self._main = main
        self._build = build
        self._log = LogLines(os.environ)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._parts: Parts | None = None
        late_imports = (*log_lines.LATE_IMPORTS, *late_imports)
        snapshot.at_snapshot(self.prepare, environment=os.environ, late_imports=late_imports)

    def __call__(self, event: JsonObject, context: object) -> Any:
        """Handle one event; what `main` raises is raised."""
        self._log.belong_to(event, context)
        try:
            return self._run(self._handle(event))
        except Refusal as refusal:
            # Lambda logs each frame of the traceback; this one stays.
            raise refusal.with_traceback(None) from None

    def prepare(self) -> None:
        """Make the loop and the parts, which the first event does otherwise; raises SettingsError."""
        self._run(self._built())

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop.run_until_complete(work)

    async def _handle(self, event: JsonObject) -> Any:
        return await self._main(event, await self._built())

    async def _built(self) -> Parts:
        if self._parts is None:
            self._parts = await self._build(Settings.from_environment(os.environ))
        return self._parts
