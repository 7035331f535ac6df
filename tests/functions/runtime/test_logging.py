"""What is in the log when functions run under AWS's own runtime client, which writes it."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from functions.runtime.logging import RoomFilter, room_of
from local.aws.function import FunctionSpec
from local.aws.function_process import Launch, installed_client
from local.aws.lambda_runtime import LambdaRuntime
from tests.local.aws.until import until

ROOT = Path(__file__).parents[3]
IN_ROOM_7 = {"requestContext": {"authorizer": {"activityId": "7"}}}
# As the stack configures a function.
JSON = {"AUTH_MODE": "open", "AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}

pytestmark = pytest.mark.skipif(installed_client() != "awslambdaric", reason="AWS's own runtime client is for Linux")


class Speaker:
    """A function that logs what it is given, and what has come of it."""

    def __init__(self, runtime: LambdaRuntime, written: list[str]) -> None:
        self._runtime = runtime
        self.written = written

    async def log(self, *lines: tuple[int, str], **event: Any) -> list[Any]:
        """The lines of one event: all until one that is logged after them."""
        before = len(self.written)
        await self._runtime.invoke("speaker", {**event, "lines": lines})
        await self._runtime.invoke("speaker", {"lines": [(logging.ERROR, "the end")]})
        await until(lambda: any("the end" in line for line in self.written[before:]))
        *found, _ = self.written[before:]
        return found


@asynccontextmanager
async def speaking(environment: dict[str, str]) -> AsyncIterator[Speaker]:
    written: list[str] = []
    handler = "tests.functions.runtime.speaker.handler"
    spec = FunctionSpec(name="speaker", handler=handler, timeout_seconds=20, memory_mb=128, environment=environment)
    runtime = LambdaRuntime([spec], Launch(root=ROOT, write_line=lambda _, line: written.append(line)))
    try:
        yield Speaker(runtime, written)
    finally:
        await runtime.stop()


async def test_a_line_tells_its_invocation_and_its_room_whichever_logger_it_comes_from() -> None:
    async with speaking(JSON) as speaker:
        (line,) = map(json.loads, await speaker.log((logging.WARNING, "a thing"), **IN_ROOM_7))
    assert datetime.fromisoformat(line.pop("timestamp")).tzinfo == UTC
    assert len(line.pop("requestId")) == len("8476a536-e9f4-11e8-9739-2dfe598c3fcd")
    assert line == {"level": "WARNING", "message": "a thing", "logger": "some.library", "room": "7"}


async def test_nothing_of_an_invocation_is_left_in_the_lines_of_the_next() -> None:
    async with speaking(JSON) as speaker:
        (one,) = map(json.loads, await speaker.log((logging.ERROR, "one"), **IN_ROOM_7))
        (two,) = map(json.loads, await speaker.log((logging.ERROR, "two")))
    assert one["room"] == "7"
    assert "room" not in two
    assert one["requestId"] != two["requestId"]


async def test_a_line_is_one_line_whatever_it_holds_and_an_error_is_in_it() -> None:
    async with speaking(JSON) as speaker:
        (line,) = map(json.loads, await speaker.log(fails='text\nof "two" lines', **IN_ROOM_7))
    assert (line["message"], line["room"]) == ("it failed:\nso", "7")
    assert (line["errorType"], line["errorMessage"]) == ("ValueError", 'text\nof "two" lines')
    assert "speaker.py" in line["stackTrace"][0]
    assert "speaker.py:main:" in line["location"]


async def test_a_line_that_looks_like_json_is_text_all_the_same() -> None:
    async with speaking(JSON) as speaker:
        (line,) = map(json.loads, await speaker.log((logging.WARNING, '{"level": "DEBUG"}')))
    assert line["message"] == '{"level": "DEBUG"}'


LEVELS: dict[str, tuple[dict[str, str], list[str]]] = {
    "as nobody says": ({}, ["WARNING"]),
    "as the stage says": ({"LOG_LEVEL": "INFO"}, ["INFO", "WARNING"]),
    "all": ({"LOG_LEVEL": "DEBUG", "AWS_LAMBDA_LOG_LEVEL": "DEBUG"}, ["DEBUG", "INFO", "WARNING"]),
}


@pytest.mark.parametrize(("told", "written"), LEVELS.values(), ids=LEVELS.keys())
async def test_lines_are_written_from_the_told_level_on(told: dict[str, str], written: list[str]) -> None:
    async with speaking(JSON | told) as speaker:
        lines = await speaker.log((logging.DEBUG, "1"), (logging.INFO, "2"), (logging.WARNING, "3"))
    ours = [line for line in map(json.loads, lines) if line["logger"] == "some.library"]
    assert [line["level"] for line in ours] == written


async def test_where_no_json_is_asked_for_a_line_is_text() -> None:
    async with speaking({"AUTH_MODE": "open"}) as speaker:
        (line,) = await speaker.log((logging.WARNING, "a thing"), **IN_ROOM_7)
    assert line.startswith("[WARNING]\t")
    assert line.endswith("\ta thing")


def test_the_name_of_an_asyncio_task_is_not_logged() -> None:
    # Python 3.12 and newer give it to every record.
    record = logging.makeLogRecord({"taskName": "Task-7"})
    assert RoomFilter().filter(record)
    assert record.__dict__["taskName"] is None


ROOMS: list[tuple[dict[str, Any], str | None]] = [
    (IN_ROOM_7, "7"),
    # The authorizer's own event has no authorizer yet: the room that is asked for.
    ({"requestContext": {}, "queryStringParameters": {"activityId": "12"}}, "12"),
    ({"queryStringParameters": {"activityId": "12\n"}}, None),
    ({"queryStringParameters": {"activityId": "1" * 21}}, None),
    ({"queryStringParameters": None, "requestContext": {"authorizer": None}}, None),
    ({"rawPath": "/api/activities/34/messages"}, "34"),
    ({"rawPath": "/api/activities"}, None),
    ({"records": {"liveMessageTopic-0": []}}, None),
]


def test_the_room_is_known_where_an_event_is_about_one() -> None:
    for event, room in ROOMS:
        assert room_of(event) == room, event
