"""app.py: what it writes, what it needs, what it refuses."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.infra.synthesis import ROOT, synthesise


@pytest.mark.parametrize("stage", ["dev", pytest.param("prod", marks=pytest.mark.long)])
def test_the_template_has_nothing_that_cfn_lint_objects_to(outputs: Mapping[str, Path], stage: str) -> None:
    template = outputs[stage] / f"live-rooms-{stage}.template.json"
    # W3005 is about dependencies that the CDK states twice.
    command = [
        str(Path(sys.executable).with_name("cfn-lint")),
        "--ignore-checks",
        "W3005",
        "--",
        str(template),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_cdk_warns_of_nothing_but_that_the_packages_are_missing(outputs: Mapping[str, Path], stage: str) -> None:
    metadata = json.loads((outputs[stage] / f"live-rooms-{stage}.metadata.json").read_text())
    said = [one["data"] for entries in metadata.values() for one in entries if one["type"] == "aws:cdk:warning"]
    assert [one for one in said if not one.startswith("objectVersion is not defined")] == []


def test_no_package_is_built(outputs: Mapping[str, Path]) -> None:
    # The one asset is the CDK's own function behind the custom resource.
    staged = [path for path in outputs["prod"].glob("asset.*/**/*") if path.is_file()]
    assert {path.suffix for path in staged} == {".js"}


def test_a_stage_that_cdk_json_does_not_have_is_refused_in_one_line(tmp_path: Path) -> None:
    done = synthesise("moon", tmp_path)
    assert done.returncode == 1
    assert done.stderr == "app.py: no stage 'moon' in cdk.json; it has dev, prod\n"
    assert list(tmp_path.glob("*.template.json")) == []


@pytest.mark.parametrize(("given", "stage"), [([], "dev"), (["STAGE="], "dev"), (["STAGE=prod"], "prod")])
def test_make_names_the_stage_that_it_writes(given: list[str], stage: str) -> None:
    command, alone = ["make", "--dry-run", "synth", *given], {"PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=True)
    assert f"The template of stage {stage} is in cdk.out/{stage}/" in done.stdout
