"""The client library, by Node.js's own test runner: what is tried stands in the .mjs files beside this one."""

import subprocess
from pathlib import Path

import pytest

from tests.node import node

HERE = Path(__file__).parent


@pytest.mark.parametrize("file", sorted(HERE.glob("*.test.mjs")), ids=lambda file: file.name)
def test_the_library_does_what_its_own_tests_say(file: Path) -> None:
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
