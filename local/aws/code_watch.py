"""Notices edits of the functions' code."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path

from watchfiles import PythonFilter, awatch

logger = logging.getLogger(__name__)

DEBOUNCE_MS = 200  # an editor or a checkout writes many files at once: they are one change


class CodeWatch:
    """Calls `changed` with the paths of *.py and *.lua files under `folder` that were written or removed."""

    def __init__(
        self, folder: Path, changed: Callable[[frozenset[Path]], None], *, debounce_ms: int = DEBOUNCE_MS
    ) -> None:
        self._folder = folder
        self._changed = changed
        self._debounce_ms = debounce_ms
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; raises NotADirectoryError where there is no such folder."""
        if not self._folder.is_dir():
            raise NotADirectoryError(f"{self._folder} is no folder to watch")
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """No further call after this."""
        if self._task is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None

    async def _watch(self) -> None:
        code = PythonFilter(extra_extensions=(".lua",))
        async for changes in awatch(self._folder, watch_filter=code, debounce=self._debounce_ms):
            try:
                self._changed(frozenset(Path(path) for _, path in changes))
            except Exception:
                logger.exception("reloading after an edit failed")
