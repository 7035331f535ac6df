import pytest

from bench.readers import LEASE_SECONDS, run


@pytest.mark.long
async def test_a_small_show_is_counted_right_and_its_figures_are_told() -> None:
    result = await run(readers=400, seconds=900, reading_seconds=7)
    assert [target for target in result.targets if target.most == 0 and not target.met] == []
    figures = result.figures
    assert [moment["counted"]["places"] for moment in figures["moments"][:2]] == [200, 400]
    assert figures["leavesTold"] == 400
    assert figures["objectsTellingOfThem"] <= 5 * figures["ticksTellingOfThem"]
    assert figures["secondsUntilAllAreCountedOut"] <= LEASE_SECONDS + 120
    assert figures["originReadsPerSecond"] > 0
