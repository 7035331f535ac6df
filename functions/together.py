"""Waiting for several things at once, without leaving any behind."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


async def both(one: Awaitable[A], other: Awaitable[B]) -> tuple[A, B]:
    """What the two result in, which run side by side; raises what one of them raises, when both are over."""
    first, second = await asyncio.gather(one, other, return_exceptions=True)
    # With `gather` alone the other would still be running: frozen with the function, and over in the midst of some
    # later event, whose viewer it has nothing to do with.
    if isinstance(first, BaseException):
        raise first
    if isinstance(second, BaseException):
        raise second
    return first, second


async def every(waits: Iterable[Awaitable[A]]) -> list[A]:
    """The same for any number."""
    results = await asyncio.gather(*waits, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return [result for result in results if not isinstance(result, BaseException)]
