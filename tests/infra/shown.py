"""The metrics that a template's dashboard and alarms look at."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.infra.cloud import Cloud


@dataclass(frozen=True)
class Shown:
    """A metric, as CloudWatch is asked for it. `where`: the widget or the alarm."""

    where: str
    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


def on_the_dashboard(cloud: Cloud) -> Iterator[Shown]:
    """Every metric of every widget."""
    for widget in json.loads(cloud.only("AWS::CloudWatch::Dashboard")["DashboardBody"])["widgets"]:
        properties = widget["properties"]
        for line in properties.get("metrics", ()):
            yield from _in_a_line(properties["title"], line)


def _in_a_line(where: str, line: list[Any]) -> Iterator[Shown]:
    if isinstance(line[0], dict):
        return  # an expression about others
    namespace, name, *rest = line
    pairs = [one for one in rest if isinstance(one, str)]
    yield Shown(where, namespace, name, tuple(zip(pairs[::2], pairs[1::2], strict=True)))


def in_the_alarms(cloud: Cloud) -> Iterator[Shown]:
    """Every metric of every alarm, those of expressions as well."""
    for alarm in cloud.all("AWS::CloudWatch::Alarm").values():
        where = alarm["AlarmName"]
        asked = [alarm] if "MetricName" in alarm else [one["MetricStat"]["Metric"] for one in _stats(alarm)]
        for metric in asked:
            dimensions = tuple((one["Name"], one["Value"]) for one in metric["Dimensions"])
            yield Shown(where, metric["Namespace"], metric["MetricName"], dimensions)


def _stats(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in alarm["Metrics"] if "MetricStat" in one]
