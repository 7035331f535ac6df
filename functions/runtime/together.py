"""Waits for several awaitables at once, until all of them have ended."""

import asyncio
from collections.abc import Awaitable, Coroutine, Iterable, Mapping
from typing import Any, TypeVar

A = TypeVar("A")
B = TypeVar("B")
Key = TypeVar("Key")


async def both(one: Awaitable[A], other: Awaitable[B]) -> tuple[A, B]:
    """The results of two awaitables that run concurrently; raises what one of them raised, after both have ended."""
    # `gather` alone raises while the other is still running. Lambda would freeze that one with the process, and it
    # would end during a later event, of another viewer.
    first, second = await asyncio.gather(one, other, return_exceptions=True)
    if isinstance(first, BaseException):
        raise first
    if isinstance(second, BaseException):
        raise second
    return first, second


async def every(waits: Iterable[Awaitable[A]]) -> list[A]:
    """As `both`, for any number of awaitables."""
    results = await asyncio.gather(*waits, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]


async def succeeded_within(seconds: float, work: Mapping[Key, Coroutine[Any, Any, bool]]) -> tuple[set[Key], set[Key]]:
    """The keys whose work returned True within so many seconds, and those whose work took longer and was cancelled.

    Raises what any of the finished work raised.
    """
    tasks = {asyncio.create_task(each): key for key, each in work.items()}
    done, late = await asyncio.wait(tasks, timeout=seconds) if tasks else (set(), set())
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    return {tasks[task] for task in done if task.result()}, {tasks[task] for task in late}
