"""The histogram of durations."""

import pickle
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.load.histogram import Histogram, bucket_of, middle_of


@given(st.integers(0, 2**40))
def test_a_value_is_kept_to_one_part_in_256(value: int) -> None:
    assert abs(middle_of(bucket_of(value)) - value) <= value / 256


@given(st.integers(0, 2**40))
def test_a_larger_value_is_never_in_a_lower_bucket(value: int) -> None:
    assert bucket_of(value + 1) - bucket_of(value) in (0, 1)


def test_percentiles_are_those_of_the_values() -> None:
    values = [round(random.lognormvariate(12, 1)) for _ in range(10_000)]
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    values.sort()
    assert histogram.total == 10_000
    for percent in (1, 50, 95, 99, 100):
        assert histogram.percentile(percent) == pytest.approx(values[percent * 100 - 1], rel=1 / 128)


def test_nothing_has_no_percentile() -> None:
    assert Histogram().percentile(50) is None


def test_a_percentile_is_never_above_the_greatest_value() -> None:
    histogram = Histogram()
    histogram.add(1_000_000)
    histogram.reach(1_000_000)
    assert histogram.percentile(99) == 1_000_000 or histogram.percentile(99) == middle_of(bucket_of(1_000_000))
    assert (histogram.percentile(99) or 0) <= histogram.greatest


def test_merging_and_writing_keep_all_values() -> None:
    first, second = Histogram(), Histogram()
    first.add(10, 3)
    first.reach(10)
    second.add(5000)
    second.reach(5000)
    first.merge(pickle.loads(pickle.dumps(second)))
    assert first.total == 4
    assert first.percentile(75) == 10
    assert first.greatest == 5000


def test_a_clock_that_went_back_counts_as_no_time() -> None:
    histogram = Histogram()
    histogram.add(-5)
    assert histogram.percentile(50) == 0
