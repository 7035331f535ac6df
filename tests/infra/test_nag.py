"""cdk-nag finds nothing but what is accepted, and what is accepted is found."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from aws_cdk import App
from aws_cdk import aws_sqs as sqs

from infra.nag import Accepted, check
from infra.stage.stage import Stage
from tests.infra.kinds import STAGES, Kind


def accepted_in(kind: Kind) -> list[Accepted]:
    return [Accepted(*one) for one in kind.accepted]


def test_nothing_is_found_in_any_kind_of_stack_but_what_is_accepted(kinds: Mapping[str, Kind]) -> None:
    for name, kind in kinds.items():
        every = accepted_in(kind)
        left = {
            (rule, path) for rule, path in kind.found if not any(one.rule == rule and one.is_at(path) for one in every)
        }
        assert left == set(), name


def test_whatever_is_accepted_in_a_stack_is_found_there(kinds: Mapping[str, Kind]) -> None:
    for name, kind in kinds.items():
        idle = [
            one
            for one in accepted_in(kind)
            if not any(one.rule == rule and one.is_at(path) for rule, path in kind.found)
        ]
        assert idle == [], name


def test_each_thing_is_accepted_once_at_one_place_with_a_reason(kinds: Mapping[str, Kind]) -> None:
    for kind in kinds.values():
        every = accepted_in(kind)
        assert len({(one.rule, one.at) for one in every}) == len(every)
        for one in every:
            assert one.reason.endswith("."), one
            # A box, and what in it: no pattern that whole boxes match.
            assert "/" in one.at, one
            assert "*" not in (one.at, one.at.split("/")[0]), one


def test_a_star_is_within_one_segment() -> None:
    one = Accepted("rule", "Functions/relay-*/Resource", "")
    assert one.is_at("Functions/relay-0/Resource")
    assert not one.is_at("Functions/relay-0/Aliaslive/Resource")
    assert not one.is_at("Box/Functions/relay-0/Resource")
    assert Accepted("rule", "Api/$default-Route", "").is_at("Api/$default-Route")


def test_what_is_not_accepted_fails_the_synthesis_and_nothing_else_does(tmp_path: Path) -> None:
    from infra.stack import LiveRooms

    app = App(outdir=str(tmp_path), analytics_reporting=False)
    stage = Stage.of("dev", STAGES)
    stack = LiveRooms(app, "rooms", stage=stage)
    sqs.Queue(stack, "Queue", enforce_ssl=False)
    check(app, stack, stage)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    report = (tmp_path / "validation-report.json").read_text()
    assert set(re.findall(r"rooms/[\w/{}$-]+", report)) == {"rooms/Queue/Resource"}
