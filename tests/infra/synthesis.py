"""Running app.py as anyone would, on a machine that has nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.made_once import made_once

ROOT = Path(__file__).resolve().parents[2]


def synthesise(stage: str, outdir: Path) -> "subprocess.CompletedProcess[str]":
    """Write the template of `stage` to `outdir`, with nothing on PATH, no credentials and no network."""
    environment = {
        "CDK_OUTDIR": str(outdir),
        "HOME": os.environ.get("HOME", str(outdir)),  # the CDK unpacks itself there, once
        "PATH": "",
        "STAGE": stage,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Whoever asks the network for anything asks a port where nobody listens.
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }
    command = [sys.executable, "app.py"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def synthesised(factory: pytest.TempPathFactory, stage: str) -> Path:
    """Where the output of `stage` lies, which all workers of a run share."""

    def make(folder: Path) -> None:
        done = synthesise(stage, folder)
        # Nothing said: no banner about Node.js, no warning about the template.
        assert (done.returncode, done.stderr) == (0, "")

    return made_once(factory, f"stage-{stage}", make)
