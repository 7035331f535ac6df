import asyncio

import pytest

from functions.together import both, every


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
