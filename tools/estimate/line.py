"""A line of the bill."""

from dataclasses import dataclass

from functions.manifest import FUNCTIONS
from tools.estimate.figures import price


@dataclass(frozen=True)
class Line:
    """A box: what it costs in a month without events, and what the events cost."""

    box: str
    fixed: float
    by_use: float


def invoked(name: str, calls: float, seconds: float) -> float:
    """What invocations of a function cost, which take so many seconds together."""
    (memory,) = (row.memory_mb for row in FUNCTIONS if row.name == name)
    return price("lambda_request", calls) + price("lambda_gb_second", seconds * memory / 1024)
