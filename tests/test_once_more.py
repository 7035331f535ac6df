"""In CI a few tests that failed are run once more; nothing else is forgiven."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UNSTEADY = """
from pathlib import Path

def test_unsteady():
    noted = Path(__file__).with_name("noted")
    if not noted.exists():
        noted.touch()
        raise AssertionError
"""
BROKEN = "def test_broken(): assert False\n"
STEADY = "def test_steady(): pass\n"


def run(folder: Path, text: str, *more: str, ci: str = "true") -> "subprocess.CompletedProcess[str]":
    (folder / "test_some.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")
    return subprocess.run(
        [sys.executable, "-m", "tests.once_more", "-q", "-p", "xdist.plugin", "--", *more],
        cwd=folder,
        env={"CI": ci, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("more", [(), ("--numprocesses", "2")])
def test_what_passes_then_is_listed_as_unsteady(tmp_path: Path, more: tuple[str, ...]) -> None:
    done = run(tmp_path, STEADY + UNSTEADY, *more)
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("passed:\n  test_some.py::test_unsteady\n")
    assert "1 passed in" in done.stdout  # the other was not run again


def test_what_fails_again_has_failed(tmp_path: Path) -> None:
    done = run(tmp_path, BROKEN + UNSTEADY)
    assert done.returncode == 1
    assert "Once more, beside no others: 2 that failed" in done.stdout
    assert "Unsteady" not in done.stdout


def test_many_are_not_run_again(tmp_path: Path) -> None:
    done = run(tmp_path, UNSTEADY + "\n".join(BROKEN.replace("broken", f"broken_{number}") for number in range(3)))
    assert done.returncode == 1
    assert "Once more" not in done.stdout


def test_only_ci_runs_them_again(tmp_path: Path) -> None:
    done = run(tmp_path, UNSTEADY, ci="")
    assert done.returncode == 1
    assert "Once more" not in done.stdout


def test_a_worker_that_dies_is_not_forgiven(tmp_path: Path) -> None:
    dies = UNSTEADY.replace("raise AssertionError", "import os; os._exit(3)")
    done = run(tmp_path, dies, "--numprocesses", "1")
    assert done.returncode == 1
    assert "Once more" not in done.stdout


@pytest.mark.parametrize(
    ("text", "code"),
    [(STEADY, 0), ("import nothing_of_this_name\n", 2), ("", 5)],
    ids=["all pass", "a file cannot be imported", "no tests"],
)
def test_other_ends_are_pytests(tmp_path: Path, text: str, code: int) -> None:
    done = run(tmp_path, text)
    assert done.returncode == code, done.stdout
    assert "Once more" not in done.stdout
