"""The template under test is the one that `python app.py` writes, run once per stage in its own process."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.node import provide_node
from infra.stage import Stage
from tests.infra.cloud import Cloud
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
            app.synth()
            made[key] = Cloud(json.loads((outdir / "rooms.template.json").read_text()))
        return made[key]

    return vary


def merged(table: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`table` with `changes`, tables in tables merged alike; one that changes its `kind` is taken as it is."""
    result = dict(table)
    for name, change in changes.items():
        old = table.get(name)
        same = (
            isinstance(old, Mapping) and isinstance(change, Mapping) and change.get("kind") in (None, old.get("kind"))
        )
        result[name] = merged(old, change) if same else change  # type: ignore[arg-type]
    return result
