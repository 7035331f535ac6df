"""The template under test is the one that `python app.py` writes, run once per stage in its own process."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.node import provide_node
from tests.infra.cloud import Cloud
from tests.infra.synthesis import synthesise

# Before any module of tests imports aws_cdk.
provide_node(os.environ)


@pytest.fixture(scope="session")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Where the output of each stage lies, by stage."""
    found = {}
    for stage in ("dev", "prod"):
        found[stage] = tmp_path_factory.mktemp(stage)
        done = synthesise(stage, found[stage])
        # Nothing said: no banner about Node.js, no warning about the template.
        assert (done.returncode, done.stderr) == (0, "")
    return found


@pytest.fixture(scope="session")
def cloud(outputs: Mapping[str, Path]) -> Cloud:
    """The `prod` template: the one with several slices."""
    return Cloud(json.loads((outputs["prod"] / "live-rooms-prod.template.json").read_text()))


@pytest.fixture(scope="session")
def small_cloud(outputs: Mapping[str, Path]) -> Cloud:
    """The `dev` template: the one without pollers of its own, and whose table goes with it."""
    return Cloud(json.loads((outputs["dev"] / "live-rooms-dev.template.json").read_text()))
