"""Notes which rooms of a batch have been shown it, while others are still being posted to.

A relay that is killed in the middle of a long batch then repeats to the rooms it was in, and to no others.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from functions.adapters.fanout import Delivery
from functions.adapters.redis_client import StateUnavailable

# A batch that is posted within this costs no round trip but the one behind it.
NOTE_SECONDS = 0.1


class Progress:
    """How many deliveries each room still waits for."""

    def __init__(self, deliveries: Sequence[Delivery]) -> None:
        self._left = Counter(delivery.activity_id for delivery in deliveries)
        self._finished: list[int] = []

    def done(self, delivery: Delivery) -> None:
        """One of them is over."""
        self._left[delivery.activity_id] -= 1
        if self._left[delivery.activity_id] == 0:
            self._finished.append(delivery.activity_id)

    @asynccontextmanager
    async def noted(
        self, note: Callable[[Sequence[int]], Awaitable[object]], *, seconds: float = NOTE_SECONDS
    ) -> AsyncIterator[None]:
        """While the context is entered, `note` the rooms that have been finished, every `seconds`."""
        task = asyncio.create_task(self._note(note, seconds))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _note(self, note: Callable[[Sequence[int]], Awaitable[object]], seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            finished, self._finished = self._finished, []
            if finished:
                # What could not be noted here is noted when the batch is over, or the batch fails.
                with suppress(StateUnavailable):
                    await note(finished)
