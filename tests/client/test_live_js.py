"""The client library, by Node.js's own test runner: what is tried stands in the .mjs files beside this one."""

from pathlib import Path

import pytest

from tests.client.judges import module
from tests.node import run_tests

HERE = Path(__file__).parent


@pytest.mark.parametrize("file", sorted(HERE.glob("*.test.mjs")), ids=lambda file: file.name)
def test_the_library_does_what_its_own_tests_say(file: Path) -> None:
    if "mini_program" in file.read_text():
        module("@babel/standalone")
    run_tests(file)
