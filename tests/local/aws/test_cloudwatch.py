import json
from typing import Any

import pytest

from functions.metrics import EVENTS, POST_LATENCY, SEATS, Meter
from local.aws.cloudwatch import CloudWatch


class Log:
    """What is left of the functions' logs, and CloudWatch beside it."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.cloudwatch = CloudWatch(lambda name, line: self.lines.append((name, line)))
        self.meter = Meter(stage="local", slice=2, write=self.write)

    def write(self, line: str) -> None:
        self.cloudwatch.write_line("relay-2", line)

    def metric(self, name: str) -> dict[str, Any]:
        (found,) = (one for one in self.cloudwatch.metrics() if one["name"] == name)
        return found


@pytest.fixture
def log() -> Log:
    return Log()


def test_numbers_of_the_same_metric_are_added_up_and_not_shown(log: Log) -> None:
    log.meter.emit({EVENTS: 3, POST_LATENCY: [4.5, 1.5]})
    log.meter.emit({EVENTS: 5})
    events = log.metric("Events")
    assert events["dimensions"] == {"stage": "local", "slice": "2"}
    assert (events["samples"], events["sum"], events["minimum"], events["maximum"], events["last"]) == (2, 8, 3, 5, 5)
    latency = log.metric("PostLatency")
    assert (latency["unit"], latency["samples"], latency["sum"]) == ("Milliseconds", 2, 6)
    assert log.lines == []


def test_another_line_is_shown(log: Log) -> None:
    log.write("skipped a record")
    log.write('{"level": "WARNING"}')
    assert log.lines == [("relay-2", "skipped a record"), ("relay-2", '{"level": "WARNING"}')]


def document(**changes: Any) -> dict[str, Any]:
    metrics = [{"Name": "Seats", "Unit": "Count"}]
    directive = {"Namespace": "LiveRooms", "Dimensions": [["stage"]], "Metrics": metrics}
    good = {"_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive | changes.pop("directive", {})]}}
    return good | {"stage": "prod", "Seats": 1} | changes


def test_the_document_that_the_next_test_spoils_is_one(log: Log) -> None:
    log.write(json.dumps(document()))
    assert log.metric("Seats")["sum"] == 1


@pytest.mark.parametrize(
    "spoilt",
    [
        document(Seats="many"),
        document(Seats=True),
        document(Seats=[1] * 101),
        document(stage=7),
        document(stage=""),
        document(directive={"Dimensions": [["room"]]}),
        document(directive={"Metrics": [{"Name": "Rooms"}]}),
        document(directive={"Metrics": [{"Name": "Seats"}] * 101}),
        document(directive={"Namespace": None, "Metrics": None}),
        document(_aws={"CloudWatchMetrics": []}),
        document(_aws=None),
    ],
)
def test_what_cloudwatch_would_not_read_is_shown_with_the_reason(log: Log, spoilt: dict[str, Any]) -> None:
    log.write(json.dumps(spoilt))
    assert log.cloudwatch.metrics() == []
    ((name, line),) = log.lines
    assert name == "relay-2"
    assert not line.startswith("{")


def test_a_line_that_is_cut_off_is_shown(log: Log) -> None:
    log.write('{"_aws":{"Times')
    assert len(log.lines) == 1


def test_a_gauge_tells_what_it_was_last(log: Log) -> None:
    for seats in (5, 0, 2):
        log.meter.emit({SEATS: seats})
    assert log.metric("Seats")["last"] == 2
