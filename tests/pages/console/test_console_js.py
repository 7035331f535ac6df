"""The console's modules that draw nothing, by Node.js's own test runner: what is tried stands in the .mjs files."""

from pathlib import Path

import pytest

from tests.node import run_tests

HERE = Path(__file__).parent


@pytest.mark.parametrize("file", sorted(HERE.glob("*.test.mjs")), ids=lambda file: file.name)
def test_a_module_does_what_its_own_tests_say(file: Path) -> None:
    run_tests(file)
