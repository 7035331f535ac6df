import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from functions.log_lines import JsonLines, LogLines, room_of

Capture = pytest.CaptureFixture[str]
CONTEXT = SimpleNamespace(function_name="message", aws_request_id="8476a536-e9f4-11e8-9739-2dfe598c3fcd")
IN_ROOM_7 = {"requestContext": {"authorizer": {"activityId": "7"}}}
ROOT = Path(__file__).parents[2]
log = logging.getLogger("functions.adapters.some_part")


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root of all loggers, put back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stdout: Capture) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stdout.readouterr().out.splitlines()]


def json_in_lambda(**more: str) -> LogLines:
    return LogLines({"AWS_LAMBDA_LOG_FORMAT": "JSON", **more})


def test_a_line_tells_its_function_its_invocation_and_its_room(root: logging.Logger, capsys: Capture) -> None:
    json_in_lambda().belong_to(IN_ROOM_7, CONTEXT)
    log.warning("a thing of %d", 3)
    (line,) = lines(capsys)
    moment = datetime.fromisoformat(line.pop("timestamp"))
    assert moment.tzinfo == UTC
    assert line.pop("location").startswith("test_a_line_tells_")
    assert line == {
        "level": "WARNING",
        "message": "a thing of 3",
        "logger": "functions.adapters.some_part",
        "service": "live-rooms",
        "function_name": "message",
        "function_request_id": CONTEXT.aws_request_id,
        "room": "7",
    }


def test_nothing_of_an_invocation_is_left_in_the_lines_of_the_next(root: logging.Logger, capsys: Capture) -> None:
    function = json_in_lambda()
    function.belong_to(IN_ROOM_7, CONTEXT)
    log.error("one")
    function.belong_to({}, SimpleNamespace(function_name="message", aws_request_id="second"))
    log.error("two")
    one, two = lines(capsys)
    assert (one["room"], two.get("room")) == ("7", None)
    assert two["function_request_id"] == "second"


def test_a_line_is_one_line_whatever_it_holds_and_an_error_is_in_it(root: logging.Logger, capsys: Capture) -> None:
    json_in_lambda().belong_to({}, None)
    try:
        raise ValueError('text\nof "two" lines')
    except ValueError:
        log.exception("it failed:\n%s", "so")
    (line,) = lines(capsys)
    assert line["exception_name"] == "ValueError"
    assert "Traceback" in line["exception"]


def test_a_line_that_looks_like_json_is_text_all_the_same(root: logging.Logger, capsys: Capture) -> None:
    json_in_lambda().belong_to({}, None)
    log.warning('{"level": "DEBUG"}')
    assert lines(capsys)[0]["message"] == '{"level": "DEBUG"}'


def test_lambdas_own_handler_gives_way_so_that_no_line_is_written_twice(root: logging.Logger, capsys: Capture) -> None:
    root.addHandler(logging.StreamHandler(sys.stdout))
    json_in_lambda().belong_to({}, CONTEXT)
    log.warning("once")
    assert len(lines(capsys)) == 1


@pytest.mark.parametrize(
    ("told", "written"),
    [({}, ["WARNING"]), ({"LOG_LEVEL": "INFO"}, ["INFO", "WARNING"]), ({"LOG_LEVEL": "loud"}, ["WARNING"])],
)
def test_lines_are_written_from_the_told_level_on(
    root: logging.Logger, capsys: Capture, told: dict[str, str], written: list[str]
) -> None:
    json_in_lambda(**told).belong_to({}, CONTEXT)
    log.debug("1")
    log.info("2")
    log.warning("3")
    assert [line["level"] for line in lines(capsys)] == written


def test_where_no_json_is_asked_for_the_log_is_left_alone(root: logging.Logger) -> None:
    before = root.handlers[:]
    LogLines({"LOG_LEVEL": "DEBUG"}).belong_to(IN_ROOM_7, CONTEXT)
    assert root.handlers == before
    assert not any(isinstance(handler, JsonLines) for handler in root.handlers)


@pytest.mark.parametrize(
    ("event", "room"),
    [
        (IN_ROOM_7, "7"),
        # The authorizer's own event has no authorizer yet: the room that is asked for.
        ({"requestContext": {}, "queryStringParameters": {"activityId": "12"}}, "12"),
        ({"queryStringParameters": {"activityId": "12\n"}}, None),
        ({"queryStringParameters": {"activityId": "1" * 21}}, None),
        ({"queryStringParameters": None, "requestContext": {"authorizer": None}}, None),
        ({"rawPath": "/api/activities/34/messages"}, "34"),
        ({"rawPath": "/api/activities"}, None),
        ({"records": {"liveMessageTopic-0": []}}, None),
    ],
)
def test_the_room_is_known_where_an_event_is_about_one(event: dict[str, Any], room: str | None) -> None:
    assert room_of(event) == room


def test_a_function_that_says_nothing_does_not_import_powertools() -> None:
    code = (
        "import sys, os; os.environ['AWS_LAMBDA_LOG_FORMAT'] = 'JSON'; import functions.connect as f;"
        "f.handler._log.belong_to({}, None); print('aws_lambda_powertools' in sys.modules);"
        "import logging; logging.warning('now'); print('aws_lambda_powertools' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    first, line, last = done.stdout.splitlines()
    assert (first, json.loads(line)["message"], last) == ("False", "now", "True")
