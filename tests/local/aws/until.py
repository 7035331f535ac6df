"""Waiting for a condition, not for a time."""

import asyncio
from collections.abc import Callable

SECONDS = 20.0  # only a test that fails takes that long


async def until(condition: Callable[[], object], *, seconds: float = SECONDS) -> None:
    """Return once `condition()` is true; raises TimeoutError when it does not become so."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
