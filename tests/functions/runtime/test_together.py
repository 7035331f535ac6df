import asyncio

import pytest

from functions.runtime.together import both, every, succeeded_within


class Refused(Exception):
    pass


async def refuse() -> int:
    raise Refused


async def work(done: list[str]) -> str:
    await asyncio.sleep(0)
    done.append("done")
    return "worked"


async def test_what_both_result_in() -> None:
    assert await both(work([]), work([])) == ("worked", "worked")
    assert await every([work([]), work([])]) == ["worked", "worked"]


@pytest.mark.parametrize("turned", [False, True])
async def test_when_one_fails_the_other_is_over_before_that_is_told(turned: bool) -> None:
    done: list[str] = []
    with pytest.raises(Refused):
        await (both(work(done), refuse()) if turned else both(refuse(), work(done)))
    assert done == ["done"]


async def test_when_one_of_many_fails_all_are_over_before_that_is_told() -> None:
    done: list[str] = []

    async def quiet() -> int:
        await work(done)
        return 0

    with pytest.raises(Refused):
        await every([quiet(), refuse(), quiet()])
    assert done == ["done", "done"]


async def test_what_takes_too_long_is_cancelled_and_told_apart_from_what_failed() -> None:
    cancelled = asyncio.Event()

    async def returns(result: bool) -> bool:
        return result

    async def hangs() -> bool:
        try:
            return await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise

    done, late = await succeeded_within(0.1, {"yes": returns(True), "no": returns(False), "never": hangs()})
    assert (done, late) == ({"yes"}, {"never"})
    assert cancelled.is_set()


async def test_no_work_is_done_at_once() -> None:
    assert await succeeded_within(60, {}) == (set(), set())
