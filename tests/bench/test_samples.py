from itertools import count

import pytest

from bench.result import BenchFailed
from bench.samples import Sample, growth, sampled

SAMPLES = [Sample(10.0, {"cpu": 1.0}), Sample(12.0, {"cpu": 2.0, "hits": 8.0}), Sample(14.0, {"cpu": 6.0, "hits": 8.0})]


def test_growth_is_a_second_and_even_between_two_samples() -> None:
    for name, began, ended, expected in (
        ("cpu", 10.0, 13.9, (5.8 - 1.0) / 3.9),
        ("cpu", 11.0, 13.0, (4.0 - 1.5) / 2),
        ("hits", 10.0, 12.0, 4.0),
        ("hits", 12.0, 13.0, 0.0),
        ("misses", 10.0, 13.0, 0.0),
    ):
        assert growth(SAMPLES, name, began, ended) == pytest.approx(expected), (name, began, ended)


@pytest.mark.parametrize(("began", "ended"), [(9.9, 12.0), (12.0, 14.1), (12.0, 14.0)])
def test_a_span_that_was_not_watched_as_a_whole_has_no_growth(began: float, ended: float) -> None:
    with pytest.raises(BenchFailed):
        growth(SAMPLES, "cpu", began, ended)


def test_figures_are_read_at_the_beginning_and_once_more_at_the_end() -> None:
    numbers = count()
    with sampled(lambda: {"number": next(numbers)}, seconds=3600) as samples:
        assert len(samples) <= 1
    assert [sample.figures["number"] for sample in samples] == [0, 1]
    assert samples[0].at <= samples[1].at


def test_a_figure_that_cannot_be_read_fails_the_bench() -> None:
    def read() -> dict[str, float]:
        raise BenchFailed("gone")

    with pytest.raises(BenchFailed, match="gone"), sampled(read):
        pass
