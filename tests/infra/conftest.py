"""The template under test is the one that `python app.py` writes, run once per stage in its own process."""

import json
import os
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from infra.packaging.node import provide_node
from tests.infra.cloud import Cloud
from tests.infra.kinds import Kind, read, read_all, write_all
from tests.infra.synthesis import synthesised
from tests.made_once import made_once

# Before any module of tests imports aws_cdk.
provide_node(os.environ)


@pytest.fixture(scope="session")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Where the output of each stage lies, by stage."""
    return {stage: synthesised(tmp_path_factory, stage) for stage in ("dev", "prod")}


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
    merged into dev's own."""

    def vary(**changes: Any) -> Cloud:
        def make(outdir: Path) -> None:
            from aws_cdk import App

            from infra.stack import LiveRooms

            app = App(outdir=str(outdir), analytics_reporting=False)
            LiveRooms(app, "rooms", stage=read("dev", changes))
            app.synth(skip_validation=True)

        key = sha256(json.dumps(changes, sort_keys=True).encode()).hexdigest()
        outdir = made_once(tmp_path_factory, f"varied-{key[:20]}", make)
        return Cloud(json.loads((outdir / "rooms.template.json").read_text()))

    return vary


@pytest.fixture(scope="session")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Kind]:
    """A stack of each kind, by the kind's name."""
    return read_all(made_once(tmp_path_factory, "kinds", write_all))
