"""Figures that grow while something runs, read again and again beside it: how much of each is one span's."""

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from bench.result import BenchFailed

EVERY_SECONDS = 0.5


class Sample(NamedTuple):
    """Figures as they were at `at`, in seconds since the epoch."""

    at: float
    figures: Mapping[str, float]


@contextmanager
def sampled(read: Callable[[], Mapping[str, float]], *, seconds: float = EVERY_SECONDS) -> Iterator[list[Sample]]:
    """Samples of what `read` tells: one at once, others while the context is entered, and one at its end. What `read`
    raises is raised there."""
    samples: list[Sample] = []
    ended = threading.Event()

    def work() -> None:
        samples.append(Sample(time.time(), read()))
        is_last = False
        while not is_last:
            is_last = ended.wait(seconds)
            samples.append(Sample(time.time(), read()))

    with ThreadPoolExecutor(max_workers=1) as pool:
        working = pool.submit(work)
        try:
            yield samples
        finally:
            ended.set()
            working.result()


def growth(samples: Sequence[Sample], name: str, began: float, ended: float) -> float:
    """By how much a figure grew a second between two moments; between two samples it grows evenly. Raises BenchFailed
    for moments that no sample is before, or behind."""
    return (_at(samples, name, ended) - _at(samples, name, began)) / (ended - began)


def _at(samples: Sequence[Sample], name: str, moment: float) -> float:
    index = bisect_right(samples, moment, key=lambda sample: sample.at)
    if not 0 < index < len(samples):
        raise BenchFailed("the figures were not read before and after the run")
    before, after = samples[index - 1], samples[index]
    # A figure that nothing was added to so far is not there.
    first, last = before.figures.get(name, 0.0), after.figures.get(name, 0.0)
    return first + (last - first) * (moment - before.at) / (after.at - before.at)
