from collections.abc import Callable

import pytest

from tests.infra.cloud import Cloud, JsonObject
from tests.infra.edits import REVIEW
from tests.infra.stage.test_stage import mistakes
from tests.infra.test_grants import beyond_running

Varied = Callable[..., Cloud]
IPV6: JsonObject = {"egress": "ipv6", "nat_gateways": 0}
GIVEN = {"function_arn": REVIEW, "timeout_ms": 500, "on_failure": "deny"}


@pytest.fixture
def reviewed(varied: Varied) -> Cloud:
    """`dev` with a review."""
    return varied(review=GIVEN)


def variables(cloud: Cloud, name: str) -> JsonObject:
    found: JsonObject = cloud.functions()[name]["Environment"]["Variables"]
    return found


def test_message_alone_is_told_of_the_review_and_may_invoke_that_function(reviewed: Cloud) -> None:
    for name in reviewed.functions():
        told = {key: value for key, value in variables(reviewed, name).items() if "REVIEW" in key or "LAMBDA" in key}
        invokes = {one for one in beyond_running(reviewed, name) if one[0] == "lambda:InvokeFunction"}
        if name == "message":
            assert told == {
                "REVIEW_FUNCTION_ARN": REVIEW,
                "REVIEW_TIMEOUT_MS": "500",
                "REVIEW_ON_FAILURE": "deny",
            }
            assert invokes == {("lambda:InvokeFunction", REVIEW)}
        else:
            assert (told, invokes) == ({}, set()), name


def test_without_a_review_nothing_is_told_or_allowed(small_cloud: Cloud) -> None:
    assert not [key for key in variables(small_cloud, "message") if key.startswith("REVIEW")]
    assert not any(action == "lambda:InvokeFunction" for action, _ in beyond_running(small_cloud, "message"))
    assert not [id for id in small_cloud.all("AWS::CloudWatch::Alarm") if "reviews" in id]


def test_over_ipv6_lambda_is_reached_by_the_name_that_has_such_addresses(varied: Varied) -> None:
    cloud = varied(review=GIVEN, network=IPV6)
    assert variables(cloud, "message")["AWS_ENDPOINT_URL_LAMBDA"] == "https://lambda.eu-central-1.api.aws"
    # And by the endpoint that the mappings have, should its name resolve to that.
    descriptions = {one.get("Description") for one in cloud.all("AWS::EC2::SecurityGroupIngress").values()}
    assert "Reviews of chats" in descriptions


def test_a_stage_with_a_review_has_an_alarm_for_it(reviewed: Cloud) -> None:
    names = {one["AlarmName"] for one in reviewed.all("AWS::CloudWatch::Alarm").values()}
    assert "live-rooms-dev-reviews-fail" in names


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"review": {}}, "review.function_arn: is not set"),
        ({"review": {**GIVEN, "timeout_ms": 49}}, "review.timeout_ms: must be at least 50, not 49"),
        ({"review": {**GIVEN, "timeout_ms": 2001}}, "review.timeout_ms: must be at most 2000"),
        ({"review": {**GIVEN, "on_failure": "maybe"}}, "review.on_failure: must be 'allow' or 'deny', not 'maybe'"),
        ({"review": {**GIVEN, "function_arn": "review"}}, "review.function_arn: must be like "),
        ({"review": GIVEN, "region": "eu-west-1"}, "review.function_arn: it is in eu-central-1, and the stage in"),
        ({"review": GIVEN, "account": "999900001111"}, "review.function_arn: it is in the account 111122223333"),
        (
            {
                "review": {"function_arn": "arn:aws-cn:lambda:cn-north-1:111122223333:function:review"},
                "network": IPV6,
            },
            "review: Lambda has no name with IPv6 addresses that is known in cn-north-1: set network.egress to 'nat'",
        ),
    ],
)
def test_a_review_that_cannot_work_is_refused_by_name(changes: JsonObject, line: str) -> None:
    (said,) = mistakes(**changes)
    assert said.startswith(line)
