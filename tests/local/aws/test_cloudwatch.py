import asyncio
import json
from typing import Any

import pytest

from functions.runtime.metrics import EVENTS, POST_LATENCY, SEATS, Meter
from local.aws.cloudwatch import MAX_LINE_BYTES, CloudWatch, forward_lines, print_line


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


def test_what_cloudwatch_would_not_read_is_shown_with_the_reason() -> None:
    for spoilt in (
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
    ):
        log = Log()
        log.write(json.dumps(spoilt))
        assert log.cloudwatch.metrics() == [], spoilt
        ((name, line),) = log.lines
        assert name == "relay-2"
        assert not line.startswith("{"), spoilt


def test_a_line_that_is_cut_off_is_shown(log: Log) -> None:
    log.write('{"_aws":{"Times')
    assert len(log.lines) == 1


def test_a_gauge_tells_what_it_was_last(log: Log) -> None:
    for seats in (5, 0, 2):
        log.meter.emit({SEATS: seats})
    assert log.metric("Seats")["last"] == 2


async def lines_of(*chunks: bytes) -> list[str]:
    stream = asyncio.StreamReader()
    lines: list[str] = []
    forwarding = asyncio.create_task(forward_lines(stream, "f", lambda _, line: lines.append(line)))
    for chunk in chunks:
        stream.feed_data(chunk)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    stream.feed_eof()
    await forwarding
    return lines


async def test_lines_are_cut_where_they_end() -> None:
    cases: list[tuple[list[bytes], list[str]]] = [
        ([b"a\nb\n"], ["a", "b"]),
        ([b"a", b"b\nc", b"d"], ["ab", "cd"]),
        ([b"a\n\nb\n"], ["a", "", "b"]),
        ([b"error\rtrace 1\rtrace 2\n"], ["error", "trace 1", "trace 2"]),
        ([b"a\r", b"\nb\n"], ["a", "b"]),
        ([b"\xc3", b"\xa9 \xff\n"], ["é \ufffd"]),
        ([], []),
    ]
    for chunks, lines in cases:
        assert await lines_of(*chunks) == lines, chunks


async def test_a_line_without_an_end_is_cut_into_several() -> None:
    written = b"x" * (3 * MAX_LINE_BYTES)
    lines = await lines_of(*(written[at : at + 50_000] for at in range(0, len(written), 50_000)))
    assert len(lines) > 1
    assert "".join(lines).encode() == written


def test_by_default_lines_are_printed_behind_the_functions_name(capsys: pytest.CaptureFixture[str]) -> None:
    print_line("relay", "sent 3 frames")
    assert capsys.readouterr().out == "[relay] sent 3 frames\n"


def test_the_emulator_has_figures_of_its_own_beside_the_functions() -> None:
    cloudwatch = CloudWatch()
    cloudwatch.count("RecordsDropped", 2, function="relay", topic="t")
    cloudwatch.count("RecordsDropped", 3, function="relay", topic="t")
    (metric,) = cloudwatch.metrics()
    assert metric["namespace"] == "Emulator"
    assert metric["dimensions"] == {"function": "relay", "topic": "t"}
    assert metric["sum"] == 5
