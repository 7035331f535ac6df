import pytest

from bench.result import Cell, Result, Target, show, table


def test_text_stands_to_the_left_and_numbers_to_the_right() -> None:
    assert table(("what", "n"), [["a", 1], ["longer", 12_345]]) == [
        "what         n",
        "------  ------",
        "a            1",
        "longer  12,345",
    ]


@pytest.mark.parametrize(
    ("cell", "shown"), [(1234, "1,234"), (1234.5, "1,234"), (12.345, "12.3"), (0.01234, "0.0123"), ("x", "x")]
)
def test_a_measured_number_has_three_figures(cell: Cell, shown: str) -> None:
    assert show(cell) == shown


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (Target(what="ratio", value=25.0, least=25), True),
        (Target(what="ratio", value=24.9, least=25), False),
        (Target(what="lost", value=0, most=0), True),
        (Target(what="lost", value=1, most=0), False),
    ],
)
def test_a_target_is_met_up_to_its_limit(target: Target, met: bool) -> None:
    assert target.met is met
    assert str(target).startswith("met" if met else "MISSED")
    assert target.to_json()["met"] is met


def test_a_value_that_there_is_none_of_misses_its_target_and_is_null() -> None:
    target = Target(what="ms", value=float("inf"), most=2000)
    assert str(target) == "MISSED  ms: - (at most 2000)"
    assert target.to_json() == {"what": "ms", "value": None, "most": 2000, "met": False}


def test_a_result_tells_its_table_its_targets_and_its_notes() -> None:
    result = Result(
        title="A title",
        columns=("n",),
        rows=[[1]],
        figures={"n": 1},
        targets=[Target(what="n", value=1, most=2)],
        notes=["a note"],
    )
    assert str(result).splitlines() == ["A title", "", "n", "-", "1", "", "met     n: 1 (at most 2)", "", "a note"]
    assert result.to_json()["figures"] == {"n": 1}
