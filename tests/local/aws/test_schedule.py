"""Runs at a fixed rate, whatever becomes of them."""

import asyncio
import re
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes import EventBridgeEvent

from local.aws.function import FunctionError
from local.aws.schedule import invoke_at_rate, scheduled_event
from local.background import in_background
from tests.local.aws.until import until


def test_the_event_is_eventbridges() -> None:
    event = scheduled_event("sweep", now=1_700_000_000.9, region="eu-west-1")
    assert list(event) == [
        *("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail")
    ]
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", event["id"])
    read = EventBridgeEvent(event)
    assert (read.detail_type, read.source) == ("Scheduled Event", "aws.events")
    assert read.time == "2023-11-14T22:13:20Z"
    assert read.resources == ["arn:aws:events:eu-west-1:123456789012:rule/sweep"]
    assert read.detail == {}


async def test_a_function_is_invoked_again_and_again() -> None:
    calls: list[tuple[str, Any]] = []

    async def invoke(name: str, event: Any) -> None:
        calls.append((name, event))

    async with in_background(invoke_at_rate("sweep", seconds=0.01, invoke=invoke)):
        await until(lambda: len(calls) >= 3)
    count = len(calls)
    await asyncio.sleep(0)
    assert len(calls) == count
    assert {name for name, _ in calls} == {"sweep"}
    assert len({event["id"] for _, event in calls}) == count


async def test_a_failed_run_does_not_end_the_schedule(caplog: pytest.LogCaptureFixture) -> None:
    calls = 0

    async def invoke(name: str, event: Any) -> None:
        nonlocal calls
        calls += 1
        raise FunctionError("ValueError", "no room")

    async with in_background(invoke_at_rate("sweep", seconds=0.01, invoke=invoke)):
        await until(lambda: calls >= 2)
    assert "sweep: the scheduled run failed: ValueError: no room" in caplog.text


async def test_slow_runs_overlap_up_to_a_limit(caplog: pytest.LogCaptureFixture) -> None:
    under_way = most = 0

    async def invoke(name: str, event: Any) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.Event().wait()

    async with in_background(invoke_at_rate("sweep", seconds=0.005, invoke=invoke, max_under_way=2)):
        await until(lambda: "skipped a run" in caplog.text)
    assert most == 2


async def test_a_rate_that_cannot_be_meant_is_refused() -> None:
    async def invoke(name: str, event: Any) -> None:
        """Never called."""

    for seconds in (0, -1):
        with pytest.raises(ValueError, match=f"{seconds} seconds"):
            await invoke_at_rate("sweep", seconds=seconds, invoke=invoke)
