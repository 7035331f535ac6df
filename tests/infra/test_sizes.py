import json
import re
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


@pytest.mark.parametrize("mode", ["opne", "", None, ["token"]])
def test_an_auth_mode_that_there_is_not_is_told_which_there_are(stages: dict[str, dict[str, Any]], mode: Any) -> None:
    stages["dev"]["auth_mode"] = mode
    with pytest.raises(StageError) as refused:
        Sizes.of("dev", stages)
    assert str(refused.value) == f"stage 'dev' in cdk.json: auth_mode {mode!r} is not one of open, token"


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [
        ("archive_mode", "on-demand", "archive_mode 'on-demand' is not one of provisioned, on_demand"),
        ("archive_days", 0, "archive_days 0 is not a number of days from 1"),
        ("archive_days", "400", "archive_days '400' is not a number of days from 1"),
        ("archive_days", True, "archive_days True is not a number of days from 1"),
        ("keep_archive", "no", "keep_archive 'no' is neither true nor false"),
    ],
)
def test_what_cannot_be_meant_of_the_archive_is_named(
    stages: dict[str, dict[str, Any]], name: str, wrong: Any, said: str
) -> None:
    stages["dev"][name] = wrong
    with pytest.raises(StageError) as refused:
        Sizes.of("dev", stages)
    assert str(refused.value) == f"stage 'dev' in cdk.json: {said}"


@pytest.mark.parametrize("origin", ["https://shop.example", "http://localhost:3000", "capacitor://localhost"])
def test_an_origin_is_a_scheme_and_a_host_and_perhaps_a_port(stages: dict[str, dict[str, Any]], origin: str) -> None:
    stages["dev"]["allowed_origins"] = [origin]
    assert Sizes.of("dev", stages).allowed_origins == (origin,)


@pytest.mark.parametrize(
    "origin",
    ["*", "https://*.shop.example", "shop.example", "https://shop.example/", "https://a.example,https://b.example", 7],
)
def test_what_no_browser_sends_as_an_origin_is_named(stages: dict[str, dict[str, Any]], origin: Any) -> None:
    stages["dev"]["allowed_origins"] = ["https://shop.example", origin]
    with pytest.raises(StageError, match=f"dev.*: allowed_origins has {re.escape(repr(origin))}, which is no origin"):
        Sizes.of("dev", stages)


@pytest.mark.parametrize("origins", ["https://shop.example", None, {}])
def test_origins_are_a_list(stages: dict[str, dict[str, Any]], origins: Any) -> None:
    stages["dev"]["allowed_origins"] = origins
    with pytest.raises(StageError, match=r"allowed_origins .* is no list; an empty one lets pages of any origin in"):
        Sizes.of("dev", stages)


def test_all_that_is_wrong_is_said_at_once(stages: dict[str, dict[str, Any]]) -> None:
    del stages["dev"]["slices"]
    stages["dev"] |= {"auth_mode": "none", "allowed_origins": ["*", "/"]}
    with pytest.raises(StageError) as refused:
        Sizes.of("dev", stages)
    assert str(refused.value).count(";") == 3
