"""Watches the functions' code for edits."""

import logging
from collections.abc import Callable
from pathlib import Path

from watchfiles import PythonFilter, awatch

logger = logging.getLogger(__name__)

DEBOUNCE_MS = 200  # an editor or a checkout writes many files at once: they are one edit


async def watch_code(
    folder: Path,
    changed: Callable[[frozenset[Path]], None],
    *,
    tree: bool = True,
    debounce_ms: int = DEBOUNCE_MS,
) -> None:
    """Call `changed` with the paths of *.py and *.lua files that were written or removed under `folder`, or in it alone
    if it is no `tree`.

    Runs until it is cancelled; raises NotADirectoryError if the folder does not exist.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is no folder to watch")
    wanted = PythonFilter(extra_extensions=(".lua",))
    async for changes in awatch(folder, watch_filter=wanted, debounce=debounce_ms, recursive=tree):
        try:
            changed(frozenset(Path(path) for _, path in changes))
        except Exception:
            logger.exception("reloading after an edit failed")
