"""Stages in the Regions of China: their own partition and names, and nothing that AWS's pages say they lack."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.infra.kinds import Kind

THERE = {"dev, in Beijing": "cn-north-1", "prod, in Ningxia": "cn-northwest-1"}


@pytest.fixture(params=THERE)
def there(request: pytest.FixtureRequest, kinds: Mapping[str, Kind]) -> Kind:
    return kinds[request.param]


@pytest.mark.timeout(600)
@pytest.mark.long
@pytest.mark.parametrize("name", ["dev, in Beijing", "prod, in Ningxia"])
def test_the_regions_own_cfn_lint_objects_to_nothing(kinds: Mapping[str, Kind], name: str) -> None:
    lint = str(Path(sys.executable).with_name("cfn-lint"))
    command = [lint, "--ignore-checks", "W3005", "--regions", THERE[name], "--", str(kinds[name].file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_no_arn_or_host_name_is_of_another_partition(there: Kind) -> None:
    text = there.file.read_text()
    assert re.findall(r"arn:aws:[^\"]*", text) == []
    # What is left of the other domain are the names of services, which are the same in China.
    hosts = [host for host in re.findall(r"[\w.-]*\.amazonaws\.com(?!\.cn)", text) if host.count(".") > 2]
    assert hosts == []
    assert "us-east-1" not in text


def test_codedeploy_is_the_regions_own(kinds: Mapping[str, Kind]) -> None:
    roles = kinds["dev, in Beijing"].cloud.all("AWS::IAM::Role")
    (role,) = (one for id, one in roles.items() if id.startswith("Gradual"))
    assert "codedeploy" in json.dumps(role["AssumeRolePolicyDocument"])


def test_there_is_no_trace_of_x_ray(there: Kind) -> None:
    assert "xray:" not in there.file.read_text()
    modes = {one.get("TracingConfig", {}).get("Mode") for one in there.cloud.functions().values()}
    assert modes <= {None, "PassThrough"}


def test_mappings_have_no_tags(there: Kind) -> None:
    mappings = there.cloud.all("AWS::Lambda::EventSourceMapping").values()
    assert not [one for one in mappings if "Tags" in one or "ProvisionedPollerConfig" in one]
