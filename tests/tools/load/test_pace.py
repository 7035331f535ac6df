"""Doing things at a steady rate."""

import asyncio

import pytest

from tools.load.pace import RateLimit, at_rate, until


async def test_it_is_done_again_and_again_until_cancelled() -> None:
    done = asyncio.Event()
    times = 0

    def do() -> None:
        nonlocal times
        times += 1
        if times == 20:
            done.set()

    task = asyncio.create_task(at_rate(1000, do))
    async with asyncio.timeout(20):
        await done.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_at_no_rate_nothing_is_done() -> None:
    await at_rate(0, lambda: pytest.fail("it was done"))


async def test_until_ends_when_it_is_so_and_when_the_time_is_over() -> None:
    looks = iter([False, True])
    async with asyncio.timeout(20):
        await until(lambda: next(looks))
        await until(lambda: False, seconds=0.01)


async def test_a_turnstile_lets_everyone_through_in_order() -> None:
    limit = RateLimit(1000)
    through: list[int] = []

    async def enter(number: int) -> None:
        await limit.enter()
        through.append(number)

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        for number in range(10):
            tasks.create_task(enter(number))
    assert through == list(range(10))
