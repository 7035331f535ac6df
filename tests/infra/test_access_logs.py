import json
import re
from collections.abc import Callable

import pytest

from tests.infra.cloud import Cloud, JsonObject, id_in

# What a client wrote, or what may hold a token of its own making.
NEVER = re.compile(r"(?i)query|header|body|path|userAgent|reason|domainName|authorizer\.(principalId|property)|token")


def logged(cloud: Cloud) -> dict[str, JsonObject]:
    """What the access logs' lines hold, by the name of the API's stage."""
    stages = cloud.all("AWS::ApiGatewayV2::Stage").values()
    return {one["StageName"]: json.loads(one["AccessLogSettings"]["Format"]) for one in stages}


@pytest.mark.parametrize("stage", ["websocket", "$default"])
def test_a_line_is_json_that_names_nothing_with_a_token_in_it(cloud: Cloud, stage: str) -> None:
    line = logged(cloud)[stage]
    assert {"requestId", "status", "routeKey", "identitySourceIp", "integrationError"} <= line.keys()
    assert all(re.fullmatch(r"\$context(\.[A-Za-z]+)+", variable) for variable in line.values())
    assert not [variable for variable in line.values() if NEVER.search(variable)]


def test_handshakes_are_told_from_messages_and_methods_from_one_another(cloud: Cloud) -> None:
    assert {"eventType", "connectionId", "authorizerStatus"} <= logged(cloud)["websocket"].keys()
    assert "httpMethod" in logged(cloud)["$default"]


def test_each_api_writes_to_a_log_group_of_its_own_that_forgets(cloud: Cloud) -> None:
    stages = cloud.all("AWS::ApiGatewayV2::Stage").values()
    groups = [id_in(one["AccessLogSettings"]["DestinationArn"]) for one in stages]
    assert len(set(groups)) == 2
    assert {cloud.all("AWS::Logs::LogGroup")[group]["RetentionInDays"] for group in groups} == {90}
    # Of such names the account's resource policy, which is small, needs none.
    names = {cloud.all("AWS::Logs::LogGroup")[group]["LogGroupName"] for group in groups}
    assert len(names) == 2
    assert all(re.fullmatch(r"/aws/vendedlogs/live-rooms-prod-\S+-0a1b2c3d", name) for name in names)


def test_the_account_has_its_role_for_logs_before_the_stage_and_after_the_stack(cloud: Cloud) -> None:
    (account,) = cloud.all("AWS::ApiGateway::Account")
    role = id_in(cloud.only("AWS::ApiGateway::Account")["CloudWatchRoleArn"])
    (stage,) = (id for id, one in cloud.all("AWS::ApiGatewayV2::Stage").items() if one["StageName"] == "websocket")
    assert {account, role} <= set(cloud.depends_on(stage))
    assert {cloud.template["Resources"][id]["DeletionPolicy"] for id in (account, role)} == {"RetainExceptOnCreate"}
    assert cloud.all("AWS::IAM::Role")[role]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {
        "Service": "apigateway.amazonaws.com"
    }


def test_a_stage_may_leave_the_role_to_others(varied: Callable[..., Cloud]) -> None:
    cloud = varied(edge={"access_logs_role": False})
    assert not cloud.all("AWS::ApiGateway::Account")
    assert len(logged(cloud)) == 2


def test_a_stage_may_do_without_logs_and_so_without_the_role(varied: Callable[..., Cloud]) -> None:
    cloud = varied(edge={"access_logs": False})
    assert not cloud.all("AWS::ApiGateway::Account")
    assert all("AccessLogSettings" not in one for one in cloud.all("AWS::ApiGatewayV2::Stage").values())
