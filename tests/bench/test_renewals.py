import asyncio

import pytest

from bench.renewals import run


@pytest.mark.long
def test_the_cpu_of_a_renewal_is_told_by_part() -> None:
    result = asyncio.run(run(places=20, seconds=3, idle_seconds=0.5))
    assert result.figures["renewals"] == 1
    parts = result.figures["cpuMsARenewal"]
    assert {"gateway", "api", "redis-server", "moto_server", "mock_cluster", "archive"} <= parts.keys()
    assert sum(parts.values()) > 0
