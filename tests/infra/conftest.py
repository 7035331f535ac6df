"""The template under test is the one that `python app.py` writes, run once per stage in its own process."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.packaging.node import provide_node
from infra.stage.stage import Stage
from tests.infra.cloud import Cloud
from tests.infra.kinds import Kind, merged, synthesise_all
from tests.infra.synthesis import ROOT, synthesise

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


@pytest.fixture(scope="session")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Cloud]:
    """Synthesises the stage `dev` with changes, as `varied(network={"egress": "ipv6", "nat_gateways": 0})`: tables are
    merged into dev's own. Each once a session, in this process."""
    made: dict[str, Cloud] = {}
    dev = json.loads((ROOT / "cdk.json").read_text())["context"]["stages"]["dev"]

    def vary(**changes: Any) -> Cloud:
        key = json.dumps(changes, sort_keys=True)
        if key not in made:
            from aws_cdk import App

            from infra.stack import LiveRooms

            outdir = tmp_path_factory.mktemp("varied")
            app = App(outdir=str(outdir), analytics_reporting=False)
            LiveRooms(app, "rooms", stage=Stage.of("dev", {"dev": merged(dev, changes)}))
            app.synth(skip_validation=True)
            made[key] = Cloud(json.loads((outdir / "rooms.template.json").read_text()))
        return made[key]

    return vary


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Kind]:
    """A stack of each kind, by the kind's name, synthesised in this process."""
    return synthesise_all(tmp_path_factory.mktemp("kinds"))
