import pytest

from bench.message import FRAMES, NOTHING, run


@pytest.mark.long
async def test_each_kind_of_frame_is_measured_beside_the_empty_handler() -> None:
    result = await run(rounds=1, events=40)
    assert list(result.figures["microseconds"]) == [NOTHING, *FRAMES]
    assert all(one["wall"] > 0 for one in result.figures["microseconds"].values())
