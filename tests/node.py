"""Node.js, as tests run it."""

import os
import shutil

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
