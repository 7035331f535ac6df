"""Node.js, as tests run it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.packaging.node import NodeError, provide_node


def node() -> tuple[str, dict[str, str]]:
    """The program, and the environment to run it in; skips the test where there is none."""
    environment = dict(os.environ)
    try:
        provide_node(environment)
    except NodeError as error:
        pytest.skip(str(error))
    program = shutil.which("node", path=environment["PATH"])
    assert program is not None
    return program, environment


def run_tests(file: Path) -> None:
    """Fail unless the tests of a file succeed under Node.js's own test runner."""
    program, environment = node()
    ran = subprocess.run(
        [program, "--test", "--test-reporter=spec", str(file)],
        timeout=60,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "ℹ pass 0" not in ran.stdout  # a file without tests also succeeds
