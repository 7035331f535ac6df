"""Rates: doing things at a steady rate, and letting things through at one."""

import asyncio
from collections.abc import Callable
from time import monotonic

_STEP_SECONDS = 0.01
_LOOK_SECONDS = 0.1


async def at_rate(per_second: float, do: Callable[[], None]) -> None:
    """Call `do` at this rate until cancelled. Calls that are late are caught up with, so the rate holds."""
    if per_second <= 0:
        return
    began = monotonic()
    done = 0
    while True:
        await asyncio.sleep(max(_STEP_SECONDS, (done + 1) / per_second - (monotonic() - began)))
        due = int((monotonic() - began) * per_second)
        for _ in range(due - done):
            do()
        done = due


async def until(condition: Callable[[], bool], *, seconds: float | None = None) -> None:
    """Return when the condition holds, or after so many seconds."""
    end = float("inf") if seconds is None else monotonic() + seconds
    while not condition() and monotonic() < end:  # noqa: ASYNC110  what thousands of viewers do sets no event
        await asyncio.sleep(_LOOK_SECONDS)


class RateLimit:
    """Lets callers through at a rate, in the order in which they come."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._next = 0.0

    async def enter(self) -> None:
        loop = asyncio.get_running_loop()
        self._next = max(loop.time(), self._next + self._gap)
        # `sleep` takes a span, which a busy machine may begin late: then the next caller would overtake this one.
        turn = asyncio.Event()
        loop.call_at(self._next, turn.set)
        await turn.wait()
