import json
from pathlib import Path
from typing import Any

import pytest

from infra.sizes import Sizes, StageError

CDK_JSON = Path(__file__).resolve().parents[2] / "cdk.json"


@pytest.fixture
def stages() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(CDK_JSON.read_text())["context"]["stages"]
    return found


def test_every_stage_of_cdk_json_has_sizes(stages: dict[str, dict[str, Any]]) -> None:
    assert {stage: Sizes.of(stage, stages).slices for stage in stages} == {"dev": 1, "prod": 4}


def test_a_missing_and_an_unknown_size_are_named_together(stages: dict[str, dict[str, Any]]) -> None:
    del stages["dev"]["slices"]
    stages["dev"]["slizes"] = 2
    with pytest.raises(StageError, match=r"stage 'dev' in cdk\.json: slices is missing; slizes is not known"):
        Sizes.of("dev", stages)


def test_an_unknown_stage_is_told_which_there_are(stages: dict[str, dict[str, Any]]) -> None:
    with pytest.raises(StageError, match=r"no stage 'test' in cdk\.json; it has dev, prod"):
        Sizes.of("test", stages)
