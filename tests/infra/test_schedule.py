import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functions.manifest import FUNCTIONS, Function
from functions.triggers import Schedule
from infra.schedule import ScheduleError, check_schedules, minutes
from tests.tree import copy_of_the_tree


def scheduled(name: str, seconds: Any) -> Function:
    return replace(FUNCTIONS[0], name=name, trigger=Schedule(seconds))


def test_whole_minutes_are_rates() -> None:
    for seconds, wanted in ((60, 1), (120, 2), (3600, 60), (60.0, 1), (31 * 86_400, 44_640)):
        assert minutes(Schedule(seconds)) == wanted, seconds  # type: ignore[arg-type]


def test_everything_else_is_refused_by_name_with_the_rates_next_to_it() -> None:
    for seconds, advice in (
        (5, "60 seconds, 120, 180 and so on"),
        (0, "60 seconds, 120, 180 and so on"),
        (-60, "60 seconds, 120, 180 and so on"),
        (59.9, "60 seconds, 120, 180 and so on"),
        (float("nan"), "60 seconds, 120, 180 and so on"),
        (float("inf"), "60 seconds, 120, 180 and so on"),
        ("60", "60 seconds, 120, 180 and so on"),
        (True, "60 seconds, 120, 180 and so on"),
        (None, "60 seconds, 120, 180 and so on"),
        (90, "60 seconds or 120"),
        (60.5, "60 seconds or 120"),
        (3601, "3600 seconds or 3660"),
    ):
        with pytest.raises(ScheduleError) as refused:
            check_schedules([scheduled("sweep", 60), scheduled("census", seconds)])
        begins = f"functions/manifest.py: census: Schedule(seconds={seconds!r}): EventBridge has rates of whole minutes"
        assert str(refused.value) == f"{begins} only: {advice}"


def test_each_wrong_row_has_a_line() -> None:
    with pytest.raises(ScheduleError) as refused:
        check_schedules([scheduled("census", 5), scheduled("sweep", 60), scheduled("tidy", 90)])
    first, second = str(refused.value).splitlines()
    assert " census: " in first
    assert " tidy: " in second


def test_the_manifests_own_are_rates() -> None:
    check_schedules()


def test_synthesis_ends_with_that_line_alone(tmp_path: Path) -> None:
    tree = copy_of_the_tree(tmp_path)
    manifest = tree / "functions" / "manifest.py"
    text, wanted = manifest.read_text(), "trigger=Schedule(seconds=60)"
    assert wanted in text
    manifest.write_text(text.replace(wanted, "trigger=Schedule(seconds=90)"))
    done = subprocess.run([sys.executable, "app.py"], cwd=tree, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("app.py: functions/manifest.py: sweep: Schedule(seconds=90): ")
    assert done.stderr.count("\n") == 1
    assert not (tree / "cdk.out").exists()
