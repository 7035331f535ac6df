"""What a renewal costs: the sum that is made, and that each part of an emulator is in it."""

import asyncio

import pytest

from bench.renewals import run, shares


def test_what_a_part_takes_without_renewals_is_no_part_of_them() -> None:
    spent, idle = {"api": 2.0, "redis": 0.5, "new": 0.1}, {"api": 0.25, "redis": 0.3}
    assert shares(spent, idle, times=2, renewals=100) == pytest.approx({"api": 15, "redis": 0, "new": 1})


@pytest.mark.long
def test_the_cpu_of_a_renewal_is_told_by_part() -> None:
    result = asyncio.run(run(places=20, seconds=3, idle_seconds=0.5))
    assert result.figures["renewals"] == 1
    parts = result.figures["cpuMsARenewal"]
    assert {"gateway", "api", "redis-server", "moto_server", "mock_cluster", "archive"} <= parts.keys()
    # Whether a renewal can be told from what an emulator does anyway is up to the machine.
    assert min(parts.values()) >= 0
