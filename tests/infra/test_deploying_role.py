"""The policies in docs/deploy-policy, against the templates of every kind of stack."""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from tests.infra.deploying_role import FOLDER, LONGEST, OF_OTHERS, UNUSED, handled, is_used, policies
from tests.infra.kinds import Kind

Statement = Mapping[str, Any]


def statements() -> Iterator[Statement]:
    for file in sorted(FOLDER.glob("*.json")):
        yield from json.loads(file.read_text())["Statement"]


def types(kinds: Mapping[str, Kind]) -> set[str]:
    every = (one for kind in kinds.values() for one in kind.cloud.template["Resources"].values())
    return {one["Type"] for one in every if one["Type"].startswith("AWS::")}


def test_the_files_are_what_the_templates_make(kinds: Mapping[str, Kind]) -> None:
    made = policies(kind.cloud.template for kind in kinds.values())
    # python -m tests.infra.deploying_role writes them.
    assert {file.name: json.loads(file.read_text()) for file in FOLDER.glob("*.json")} == made


def test_each_fits_into_a_managed_policy() -> None:
    for file in FOLDER.glob("*.json"):
        assert len(json.dumps(json.loads(file.read_text()), separators=(",", ":"))) <= LONGEST, file.name


def test_every_action_of_a_handler_is_allowed_or_of_no_use(kinds: Mapping[str, Kind]) -> None:
    there = types(kinds)
    allowed = [pattern for one in statements() for pattern in one["Action"]]
    lacking = {
        action
        for kind in there
        for action in handled(kind)
        if is_used(action, there) and not any(fnmatchcase(action, pattern) for pattern in allowed)
    }
    assert lacking == set()


def test_nothing_is_allowed_that_no_handler_asks_for(kinds: Mapping[str, Kind]) -> None:
    asked = {action for kind in types(kinds) for action in handled(kind)} | OF_OTHERS
    own = {"s3:GetObject", "ssm:GetParameters", "lambda:InvokeFunction"}
    for one in statements():
        for pattern in one["Action"]:
            assert pattern in own or any(fnmatchcase(action, pattern) for action in asked), pattern


def test_no_pattern_of_what_is_unused_is_itself_unused(kinds: Mapping[str, Kind]) -> None:
    asked = {action for kind in types(kinds) for action in handled(kind)}
    assert [pattern for pattern in UNUSED if not any(fnmatchcase(action, pattern) for action in asked)] == []


def test_topics_can_be_made_and_changed() -> None:
    allowed = [pattern for one in statements() for pattern in one["Action"]]
    for action in ("Connect", "CreateTopic", "DescribeTopic", "AlterTopic", "DeleteTopic"):
        assert any(fnmatchcase(f"kafka-cluster:{action}", pattern) for pattern in allowed), action
    for action in ("DescribeTopicDynamicConfiguration", "AlterTopicDynamicConfiguration"):
        assert any(fnmatchcase(f"kafka-cluster:{action}", pattern) for pattern in allowed), action


def test_nobody_becomes_more_than_the_rooms_by_it() -> None:
    for one in statements():
        assert one["Effect"] == "Allow"
        for pattern in one["Action"]:
            service, _, name = pattern.partition(":")
            assert name != "*", pattern
            assert "*" not in name or name in ("Describe*", "List*"), pattern
            if service == "iam" and not name.startswith("List"):
                assert all("role/live-rooms-" in arn or "aws-service-role" in arn for arn in one["Resource"]), pattern
        if "iam:AttachRolePolicy" in one["Action"]:
            attached = one["Condition"]["ArnLike"]["iam:PolicyARN"]
            assert attached == ["arn:*:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"]


def test_people_and_the_contents_of_tables_and_buckets_are_none_of_its_business() -> None:
    allowed = [pattern for one in statements() for pattern in one["Action"]]
    for action in (
        *("iam:CreateUser", "iam:PutUserPolicy", "dynamodb:PutItem", "dynamodb:Scan"),
        *("s3:PutObject", "s3:DeleteObject", "s3:ListBucket"),
    ):
        assert not any(fnmatchcase(action, pattern) for pattern in allowed), action


def test_buckets_are_changed_that_have_a_name_of_ours_and_no_other() -> None:
    for one in statements():
        of_buckets = [action for action in one["Action"] if action.startswith("s3:") and action != "s3:GetObject"]
        assert not of_buckets or one["Resource"] == ["arn:*:s3:::live-rooms-*"], of_buckets
