"""CloudWatch: gets the lines of the functions' logs, and reads metrics from those in the embedded metric format.

Faithful: a line is metrics if it is a JSON object with `_aws` and nothing else; a line that violates the specification
gives no metrics. Not faithful: all values since the start are summed up, where CloudWatch has a datapoint for each
minute; a line of metrics is not shown in the log.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

WriteLine = Callable[[str, str], None]
"""write_line(function name, line without its end)."""

MAX_LINE_BYTES = 256 * 1024  # CloudWatch's limit of a log event; a longer line is cut into several
# awslambdaric ends the lines of a traceback with \r, so that CloudWatch keeps them together in one event.
_LINE_END = re.compile(rb"\r\n|\n|\r")

METRICS_A_DIRECTIVE = 100
VALUES_A_METRIC = 100
DIMENSIONS = 30
EMULATOR = "Emulator"  # the namespace of the emulator's own figures

Key = tuple[str, str, str, tuple[tuple[str, str], ...]]


def print_line(name: str, line: str) -> None:
    print(f"[{name}] {line}", flush=True)


async def forward_lines(stream: asyncio.StreamReader, name: str, write_line: WriteLine) -> None:
    """Pass each line to `write_line` until the stream ends. Bytes that are not UTF-8 become U+FFFD."""
    rest = b""
    while chunk := await stream.read(65536):
        # A \r at the end of a chunk may be half of \r\n, so it waits for the next chunk.
        *lines, rest = _LINE_END.split(rest + chunk) if not chunk.endswith(b"\r") else [rest + chunk]
        if len(rest) > MAX_LINE_BYTES:
            lines, rest = [*lines, rest], b""
        for line in lines:
            write_line(name, line.decode("utf-8", "replace"))
    for line in _LINE_END.split(rest):
        if line:
            write_line(name, line.decode("utf-8", "replace"))


class NotMetrics(Exception):
    """CloudWatch would not read this line of metrics; the message says why."""


@dataclass
class Statistics:
    samples: int = 0
    sum: float = 0
    minimum: float = float("inf")
    maximum: float = float("-inf")
    last: float = 0

    def add(self, value: float) -> None:
        self.samples += 1
        self.sum += value
        self.minimum, self.maximum, self.last = min(self.minimum, value), max(self.maximum, value), value


class CloudWatch:
    """The metrics of all functions; `write_line` gets the lines that are none."""

    def __init__(self, write_line: WriteLine = print_line) -> None:
        self._write_line = write_line
        self._statistics: dict[Key, Statistics] = {}

    def write_line(self, name: str, line: str) -> None:
        """Read a line of a function's log: metrics are summed up, everything else is written."""
        if not line.startswith('{"_aws"'):
            self._write_line(name, line)
            return
        try:
            for key, values in read(line):
                for value in values:
                    self._statistics.setdefault(key, Statistics()).add(value)
        except NotMetrics as problem:
            self._write_line(name, f"{problem}: {line}")

    def count(self, name: str, number: int, **dimensions: str) -> None:
        """Add to a figure of the emulator's own, which CloudWatch does not have."""
        key = (EMULATOR, name, "Count", tuple(dimensions.items()))
        self._statistics.setdefault(key, Statistics()).add(number)

    def metrics(self) -> list[dict[str, Any]]:
        """Every metric that has a value, sorted by namespace and name."""
        return [
            {"namespace": namespace, "name": name, "unit": unit, "dimensions": dict(dimensions), **vars(statistics)}
            for (namespace, name, unit, dimensions), statistics in sorted(self._statistics.items())
        ]


def read(line: str) -> list[tuple[Key, list[float]]]:
    """The metrics of a line with their values; raises NotMetrics."""
    try:
        document = json.loads(line)
        directives = document["_aws"]["CloudWatchMetrics"]
        if type(document["_aws"]["Timestamp"]) is not int:
            raise NotMetrics("the timestamp is not a whole number of ms")
        return [one for directive in directives for one in _metrics_of(directive, document)]
    except (ValueError, KeyError, TypeError) as error:
        raise NotMetrics(f"not in the embedded metric format ({error!r})") from None


def _metrics_of(directive: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[tuple[Key, list[float]]]:
    if len(directive["Metrics"]) > METRICS_A_DIRECTIVE:
        raise NotMetrics(f"more than {METRICS_A_DIRECTIVE} metrics")
    for names in directive["Dimensions"]:
        if len(names) > DIMENSIONS or not all(isinstance(document[name], str) and document[name] for name in names):
            raise NotMetrics(f"dimensions are up to {DIMENSIONS} texts")
        dimensions = tuple((name, document[name]) for name in names)
        for metric in directive["Metrics"]:
            key = (directive["Namespace"], metric["Name"], metric.get("Unit", "None"), dimensions)
            yield key, _values(document[metric["Name"]])


def _values(value: Any) -> list[float]:
    values = value if isinstance(value, list) else [value]
    if len(values) > VALUES_A_METRIC or any(type(one) not in (int, float) for one in values):
        raise NotMetrics(f"a metric has up to {VALUES_A_METRIC} numbers")
    return values
