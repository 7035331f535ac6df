"""The event loop of the command lines: uvloop's where uvloop is installed."""

import asyncio
import contextlib
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from tools.interruption import end_quietly

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end."""
    try:
        result: T = _loop().run(work)
        return result
    finally:
        work.close()  # Ctrl-C may come before it is begun


def _loop() -> Any:
    """asyncio, or what has its `run`."""
    try:
        import uvloop
    except ImportError:  # not on Windows
        return asyncio
    return uvloop


def run_until_signal(work: Coroutine[Any, Any, None]) -> signal.Signals | None:
    """Run `work` to its end; SIGINT and SIGTERM cancel it, and it is waited for while it cleans up.

    Returns the signal, None if there was none. Further signals change nothing: the clean-up is not cut short.
    """
    came: list[signal.Signals] = []

    async def cancelled_by_signals() -> None:
        task = asyncio.ensure_future(work)

        def cancel(number: signal.Signals) -> None:
            came.append(number)
            if len(came) == 1:
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, cancel, number)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    try:
        run(cancelled_by_signals())
    except KeyboardInterrupt:  # just before the handlers are there, or when they are there no more
        came.append(signal.SIGINT)
    end_quietly()
    return came[0] if came else None
