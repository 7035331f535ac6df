from bench.frames import run


async def test_a_frames_cost_is_told_for_each_size_of_room() -> None:
    result = await run(rounds=1, seats=(5, 20), posts=20)
    assert result.figures["cpuMicroseconds"].keys() == {"5", "20"}
    assert all(spent > 0 for spent in result.figures["cpuMicroseconds"].values())
    (target,) = result.targets
    assert target.value == result.figures["cpuMicroseconds"]["20"] / result.figures["cpuMicroseconds"]["5"]
