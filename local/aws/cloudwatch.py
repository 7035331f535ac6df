"""CloudWatch: makes metrics of the lines of the functions' logs that are in the embedded metric format.

Faithful: which lines are metrics (a JSON object with `_aws`, and nothing around it), and that a line which is not to
the specification makes none. Different: everything since the start is added up, in place of a datapoint a minute; a
line that makes metrics is not shown in the log.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.aws.asgi import Receive, Scope, Send, respond
from local.aws.function_log import WriteLine, print_line

METRICS_A_DIRECTIVE = 100
VALUES_A_METRIC = 100
DIMENSIONS = 30

Key = tuple[str, str, str, tuple[tuple[str, str], ...]]


class NotMetrics(Exception):
    """The line means to be metrics, and CloudWatch would not read it; the message says why."""


@dataclass
class Statistics:
    """Of all values that one metric has had."""

    samples: int = 0
    sum: float = 0
    minimum: float = float("inf")
    maximum: float = float("-inf")
    last: float = 0

    def add(self, value: float) -> None:
        """Take in one value."""
        self.samples += 1
        self.sum += value
        self.minimum, self.maximum, self.last = min(self.minimum, value), max(self.maximum, value), value


class CloudWatch:
    """An ASGI application that tells the metrics; `write_line` is for the functions' logs."""

    def __init__(self, write_line: WriteLine = print_line) -> None:
        self._write_line = write_line
        self._statistics: dict[Key, Statistics] = {}

    def write_line(self, name: str, line: str) -> None:
        """Take in a line of a function's log: metrics are added up, everything else is written."""
        if not line.startswith('{"_aws"'):
            self._write_line(name, line)
            return
        try:
            for key, values in read(line):
                for value in values:
                    self._statistics.setdefault(key, Statistics()).add(value)
        except NotMetrics as problem:
            self._write_line(name, f"{problem}: {line}")

    def metrics(self) -> list[dict[str, Any]]:
        """Every metric that has had a value, by name."""
        return [
            {"namespace": namespace, "name": name, "unit": unit, "dimensions": dict(dimensions), **vars(statistics)}
            for (namespace, name, unit, dimensions), statistics in sorted(self._statistics.items())
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the metrics."""
        body = json.dumps({"metrics": self.metrics()}).encode()
        await respond(send, 200, [(b"content-type", b"application/json")], body)


def read(line: str) -> Iterator[tuple[Key, list[float]]]:
    """The metrics of a line and their values; raises NotMetrics."""
    try:
        document = json.loads(line)
        directives = document["_aws"]["CloudWatchMetrics"]
        if type(document["_aws"]["Timestamp"]) is not int:
            raise NotMetrics("the timestamp is not a whole number of ms")
        found = [one for directive in directives for one in _metrics_of(directive, document)]
    except (ValueError, KeyError, TypeError) as error:
        raise NotMetrics(f"not in the embedded metric format ({error!r})") from None
    yield from found


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
