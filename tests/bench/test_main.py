import inspect
import json
from pathlib import Path

import pytest

from bench.__main__ import BENCHES, load, main


def test_a_name_that_is_no_bench_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["posts", "no-such-bench"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("there is no bench 'no-such-bench'; there are posts, room,")
    assert said.err.count("\n") == 1


def test_every_name_has_its_module_whose_quick_sizes_its_run_takes() -> None:
    for name in BENCHES:
        bench = load(name)
        assert callable(bench.run), name
        assert bench.QUICK.keys() <= inspect.signature(bench.run).parameters.keys(), name


def test_a_run_prints_a_table_and_writes_a_file_for_each_and_one_for_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["round-trips", "--quick", "--output", str(tmp_path)]) == 0
    assert "Redis, as each function waits for it" in capsys.readouterr().out
    written = json.loads((tmp_path / "round-trips.json").read_text())
    assert written["name"] == "round-trips"
    assert written["quick"] is True
    assert {target["met"] for target in written["targets"]} <= {True, False}
    assert json.loads((tmp_path / "all.json").read_text()) == {"round-trips": written}
