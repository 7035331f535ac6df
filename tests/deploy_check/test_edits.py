"""The edits that `make deploy-check` makes are valid stages, one for each setting."""

from typing import Any

import pytest

from infra.stage.stage import Stage
from tests.deploy_check.edits import TOGETHER, edits, settings
from tests.deploy_check.synthesis import base_of


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_every_setting_has_an_edit_that_is_a_valid_stage(stage: str) -> None:
    base = base_of(stage)
    found, missing = edits(base)
    assert missing == []
    for one in found:
        Stage.of(stage, {stage: one.stage})
        assert one.stage != base, one.name
    assert len({one.name for one in found}) == len(found)


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_every_setting_of_the_stage_is_changed_by_some_edit(stage: str) -> None:
    base = base_of(stage)
    found, _ = edits(base)
    changed = {name for one in found for name in changes(base, one.stage)}
    for name, _field in settings(Stage, base):
        assert any(one == name or one.startswith(f"{name}.") for one in changed), name


def changes(before: dict[str, Any], after: dict[str, Any], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        found.add(f"{prefix}{name}")
        if isinstance(new, dict):
            found |= changes(old if isinstance(old, dict) else {}, new, f"{prefix}{name}.")
    return found


def test_settings_are_listed_down_to_their_leaves() -> None:
    names = [name for name, _ in settings(Stage, base_of("dev"))]
    assert {"auth_mode", "relay.slices", "throttles.http.burst", "kafka.kind", "network.existing"} <= set(names)
    assert not {"name", "relay", "throttles", "kafka", "network.existing.vpc_id"} & set(names)
    assert len(names) == len(set(names))


def test_what_goes_with_a_setting_is_kept_beside_it() -> None:
    by_name = {one.name: one.stage for one in edits(base_of("dev"))[0]}
    assert by_name["edge.web_acl_arn"]["edge"]["distribution"] is True
    assert "nat_gateways" not in by_name["network.egress"]["network"]
    assert by_name["cache.kind"]["network"]["existing"]["vpc_id"]
    assert set(TOGETHER) >= {"edge.only", "edge.key"}
