"""What is drawn depends on the seed alone, and keeps the rules of the schedule."""

import itertools
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.manifest import FUNCTIONS as ROWS
from tests.chaos.faults import BY_KIND
from tests.chaos.schedule import CALM_SECONDS, FUNCTIONS, KINDS, LONGEST_SECONDS, REST_SECONDS, chosen, draw

ROOT = Path(__file__).parents[2]
ALL = chosen("", real_kafka=False)


@given(st.integers(0, 2**31), st.floats(1, 600))
def test_a_seed_always_draws_the_same(seed: int, seconds: float) -> None:
    assert draw(seed, seconds, ALL) == draw(seed, seconds, sorted(ALL, reverse=True))


@given(st.integers(0, 2**31), st.floats(1, 600), st.sets(st.sampled_from(sorted(KINDS)), min_size=1))
def test_faults_come_in_order_within_the_run_and_never_two_for_one_target(
    seed: int, seconds: float, kinds: set[str]
) -> None:
    drawn = draw(seed, seconds, kinds)
    assert {planned.kind for planned in drawn} <= kinds
    assert all(one.at > CALM_SECONDS and one.at + one.seconds <= seconds + 0.01 for one in drawn)
    assert [one.at for one in drawn] == sorted(one.at for one in drawn)
    for one, other in itertools.combinations(drawn, 2):
        if one.target == other.target:
            assert other.at - one.at >= one.seconds + REST_SECONDS - 0.02


def test_another_seed_draws_another_run() -> None:
    assert len({str(draw(seed, 60, ALL)) for seed in range(20)}) == 20


def test_long_runs_have_faults_of_every_kind_of_all_lengths() -> None:
    drawn = [one for seed in range(20) for one in draw(seed, 600, ALL)]
    assert Counter(one.kind for one in drawn).keys() == ALL
    stalls = [one.seconds for one in drawn if one.kind == "stall-kafka"]
    assert 1 <= min(stalls) < 3
    assert LONGEST_SECONDS - 2 < max(stalls) <= LONGEST_SECONDS


def test_without_kinds_nothing_comes() -> None:
    assert draw(1, 600, chosen("none", real_kafka=False)) == []


def test_kinds_are_chosen_by_name() -> None:
    assert chosen("stall-kafka, kill-relay", real_kafka=False) == {"stall-kafka", "kill-relay"}
    assert "restart-kafka" in chosen("", real_kafka=True) - ALL
    assert "cut-kafka" in ALL - chosen("", real_kafka=True)
    with pytest.raises(ValueError, match="no fault 'kill-everything'; there are ban-user"):
        chosen("kill-everything", real_kafka=False)


def test_the_gate_restarts_apache_kafka_under_the_rooms() -> None:
    runs = re.findall(r"make chaos SECONDS=(\d+) SEED=(\d+).* KAFKA=real", (ROOT / ".ci" / "run").read_text())
    kinds = chosen("", real_kafka=True)
    drawn = {planned.kind for seconds, seed in runs for planned in draw(int(seed), float(seconds), kinds)}
    assert "restart-kafka" in drawn


def test_every_kind_can_be_done_and_every_function_of_the_rooms_is_hit() -> None:
    of_functions = {f"{verb}-{name}" for verb in ("kill", "freeze") for name in FUNCTIONS}
    assert KINDS.keys() == BY_KIND.keys() | of_functions
    # authorize has no state and no client of a server.
    assert set(FUNCTIONS) == {row.name for row in ROWS} - {"authorize"}


def test_without_readers_the_gallery_is_left_alone() -> None:
    without = chosen("", real_kafka=False, readers=False)
    assert ALL - without == {"kill-gallery", "freeze-gallery"}
    with pytest.raises(ValueError, match="no fault 'kill-gallery'"):
        chosen("kill-gallery", real_kafka=False, readers=False)
