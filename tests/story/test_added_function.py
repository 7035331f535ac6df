"""The worked example of docs/develop.md does on a copy of the tree what the document says."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.story.command import up
from tests.story.rooms import Servers
from tests.tree import copy_of_the_tree
from tests.worked_example import Change, File, steps

*STEPS, SHORTEN, EDIT = steps()
(HANDLER, TEST) = (step.path for step in STEPS if isinstance(step, File))


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree with the function added."""
    root = copy_of_the_tree(tmp_path_factory.mktemp("added"))
    for step in STEPS:
        step.apply(root)
    return root


def output_of(tree: Path, *command: str, **environment: str) -> str:
    """What a command prints that is run in the tree; fails with it if the command does."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=tree,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_linter_accepts_what_is_new(tree: Path) -> None:
    files = sorted({step.path for step in STEPS})
    output_of(tree, "-m", "ruff", "check", *files)
    output_of(tree, "-m", "ruff", "format", "--check", *files)


@pytest.mark.long
def test_its_own_test_passes_and_so_does_the_test_of_the_arrows(tree: Path) -> None:
    assert "passed" in output_of(tree, "-m", "pytest", "-q", TEST, "tests/test_arrows.py")


@pytest.mark.long
def test_the_stack_has_the_function_and_its_schedule(tree: Path, tmp_path: Path) -> None:
    output_of(tree, "app.py", CDK_OUTDIR=str(tmp_path), STAGE="dev")
    template = json.loads((tmp_path / "live-rooms-dev.template.json").read_text())
    resources = [one.get("Properties", {}) for one in template["Resources"].values()]
    dotted = HANDLER.removesuffix(".py").replace("/", ".")
    assert [one["Timeout"] for one in resources if one.get("Handler") == f"{dotted}.handler"] == [30]
    assert "rate(5 minutes)" in [one.get("ScheduleExpression") for one in resources]


@pytest.mark.long
async def test_the_emulator_runs_the_function_and_takes_an_edit_over(
    tree: Path, own_servers: Servers, activity: int
) -> None:
    assert isinstance(EDIT, Change)
    SHORTEN.apply(tree)
    async with up(own_servers, root=tree) as emulator:
        await emulator.rooms.enter(activity, "alice")
        await asyncio.to_thread(EDIT.apply, tree)
        line = await emulator.printed(f"room {activity} has 1 connections")
        assert line.startswith(f"[{Path(HANDLER).stem}] [WARNING]")
