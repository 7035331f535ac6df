from pathlib import Path

import pytest

from bench.cold_start import BOTO3, WITH_PROVIDER, link, requirements, run
from functions.manifest import FUNCTIONS


@pytest.mark.long
async def test_every_function_starts_with_its_own_packages_and_is_set_against_boto3() -> None:
    result = await run(rounds=1)
    told = result.figures["milliseconds"]
    verifiers = {f"{function.name}{WITH_PROVIDER}" for function in FUNCTIONS if "token_keys" in function.needs}
    assert told.keys() == {"an empty handler", BOTO3, *(function.name for function in FUNCTIONS), *verifiers}
    assert all(one["wall"] > 0 and one["cpu"] > 0 for one in told.values())
    assert told["an empty handler"]["cpu"] < told[BOTO3]["cpu"]


def test_a_groups_packages_are_there_with_what_they_require_and_no_others(tmp_path: Path) -> None:
    link(requirements(["room"]), tmp_path / "packages")
    linked = {path.name for path in (tmp_path / "packages").iterdir()}
    assert {"redis", "aiokafka", "packaging"} <= linked
    assert not {"boto3", "fastapi", "opentelemetry"} & linked


def test_what_an_extra_requires_is_there_if_the_extra_is_asked_for(tmp_path: Path) -> None:
    for group, has_it in (("tokens", False), ("identity", True)):
        link(requirements([group]), tmp_path / group)
        linked = {path.name for path in (tmp_path / group).iterdir()}
        assert "jwt" in linked
        assert ("cryptography" in linked) == has_it, group
