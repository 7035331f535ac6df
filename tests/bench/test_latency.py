import pytest

from bench.latency import run


@pytest.mark.long
def test_each_window_with_each_number_of_viewers_has_its_latencies() -> None:
    result = run(windows=(500,), viewers=(4,), seconds=2)
    (told,) = result.figures["runs"]
    assert (told["windowMs"], told["viewers"]) == (500, 4)
    assert 0 < told["latencyMs"]["p50"] <= told["latencyMs"]["max"]
