"""The part of prod's template that moto can deploy is deployed there, and is what was meant.

Left out are API Gateway, CloudFront, ElastiCache, MSK, the mappings and two kinds of policy (LEFT_OUT), and moto heeds
neither the time to live nor the backups of a table, no architecture, tracing or snapshots of functions. Only an
account can prove those.
"""

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from functions.adapters.tokens.token_keys import KEY_BYTES, Keys
from functions.manifest import FUNCTIONS
from functions.runtime.settings import Settings
from local.servers.moto import Moto
from tests.infra.cloud import Cloud
from tests.infra.deployment import BY_CLOUDFORMATION, BY_THEIR_API, LEFT_OUT, STACK, Deployed, deploy
from tests.lasting import lasting

HANDLERS = {row.handler: row for row in FUNCTIONS if not row.only_with}


@pytest.fixture(scope="module")
def deployed(cloud: Cloud) -> Iterator[Deployed]:
    """prod in a moto of its own: what else is in one is nothing to these tests."""
    moto = Moto()
    with lasting(moto):
        yield deploy(moto.address, cloud)


def ours(deployed: Deployed) -> list[dict]:  # type: ignore[type-arg]
    """The configurations of our functions."""
    pages = deployed.client("lambda").get_paginator("list_functions").paginate()
    return [one for page in pages for one in page["Functions"] if one["Handler"] in HANDLERS]


def test_what_is_left_out_is_known(cloud: Cloud) -> None:
    kinds = {one["Type"] for one in cloud.template["Resources"].values()}
    assert kinds == BY_CLOUDFORMATION | BY_THEIR_API | LEFT_OUT


def test_cloudformation_makes_all_that_it_was_given(deployed: Deployed) -> None:
    (stack,) = deployed.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    asked = Counter(one["Type"] for one in deployed.cloud.template["Resources"].values())
    made = Counter(kind for kind, _ in deployed.resources().values())
    assert made == Counter({kind: count for kind, count in asked.items() if kind in BY_CLOUDFORMATION})


def test_every_function_is_there_with_its_role_and_its_place(deployed: Deployed) -> None:
    roles = {
        one["Arn"] for page in deployed.client("iam").get_paginator("list_roles").paginate() for one in page["Roles"]
    }
    subnets = {one["SubnetId"]: one for one in deployed.client("ec2").describe_subnets()["Subnets"]}
    functions = ours(deployed)
    assert Counter(one["Handler"] for one in functions) == Counter(
        {row.handler: 4 if row.name == "relay" else 1 for row in FUNCTIONS if not row.only_with}
    )
    for one in functions:
        row = HANDLERS[one["Handler"]]
        assert (one["Timeout"], one["MemorySize"]) == (row.timeout_seconds, row.memory_mb)
        assert one["Role"] in roles
        inside = one["VpcConfig"]["SubnetIds"] if one.get("VpcConfig") else []
        assert len(inside) == (3 if row.needs & {"redis", "kafka"} else 0)
        assert not [id for id in inside if subnets[id]["MapPublicIpOnLaunch"]]
        assert Settings.from_environment(one["Environment"]["Variables"], row.needs).log_level == "WARNING"
    assert len({one["Role"] for one in functions}) == len(functions)


def test_every_function_has_a_version_and_the_alias_at_it(deployed: Deployed) -> None:
    client = deployed.client("lambda")
    for one in ours(deployed):
        (alias,) = client.list_aliases(FunctionName=one["FunctionName"])["Aliases"]
        versions = client.list_versions_by_function(FunctionName=one["FunctionName"])["Versions"]
        assert alias["Name"] == "live"
        assert alias["FunctionVersion"] == versions[-1]["Version"] == "1"


def test_functions_have_policies_of_their_own_and_none_of_awss(deployed: Deployed) -> None:
    # moto refuses policies whose grammar IAM would refuse.
    client = deployed.client("iam")
    for function in ours(deployed):
        name = function["Role"].rsplit("/", 1)[1]
        assert client.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
        assert client.list_role_policies(RoleName=name)["PolicyNames"]


def test_the_table_has_its_keys_and_its_index_and_nobody_deletes_it(deployed: Deployed) -> None:
    client = deployed.client("dynamodb")
    (name,) = client.list_tables()["TableNames"]
    table = client.describe_table(TableName=name)["Table"]
    assert [(key["AttributeName"], key["KeyType"]) for key in table["KeySchema"]] == [("pk", "HASH"), ("sk", "RANGE")]
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["top", "user"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["DeletionProtectionEnabled"] is True
    told = {one["Environment"]["Variables"].get("TABLE") for one in ours(deployed)}
    assert told == {None, name}


def test_the_queues_keep_what_failed_for_two_weeks_encrypted(deployed: Deployed) -> None:
    client = deployed.client("sqs")
    urls = client.list_queues()["QueueUrls"]
    assert len(urls) == 2
    for url in urls:
        attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert (attributes["MessageRetentionPeriod"], attributes["SqsManagedSseEnabled"]) == ("1209600", "true")


def test_the_secret_that_functions_are_told_of_holds_a_key_that_they_can_use(deployed: Deployed) -> None:
    (arn,) = {one["Environment"]["Variables"].get("TOKEN_SECRET") for one in ours(deployed)} - {None}
    keys = Keys.parse(deployed.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    assert len(keys.by_kid[keys.current]) >= KEY_BYTES


def test_log_groups_forget_and_every_function_may_write_to_its_own_alone(deployed: Deployed) -> None:
    pages = deployed.client("logs").get_paginator("describe_log_groups").paginate()
    # To CloudFormation a group's ARN ends with `:*` on AWS, and without it in moto.
    groups = {one["logGroupArn"]: one["retentionInDays"] for page in pages for one in page["logGroups"]}
    assert set(groups.values()) == {90}
    client, written = deployed.client("iam"), []
    for function in ours(deployed):
        name = function["Role"].rsplit("/", 1)[1]
        (policy,) = client.list_role_policies(RoleName=name)["PolicyNames"]
        document = client.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        written += [one["Resource"] for one in document["Statement"] if "logs:PutLogEvents" in one["Action"]]
    assert len(set(written)) == len(ours(deployed))
    assert set(written) <= groups.keys()


def test_the_clock_is_on_and_invokes_the_sweep(deployed: Deployed) -> None:
    client = deployed.client("events")
    (rule,) = client.list_rules()["Rules"]
    assert (rule["State"], rule["ScheduleExpression"]) == ("ENABLED", "rate(1 minute)")
    (target,) = client.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    (sweep,) = (one for one in ours(deployed) if one["Handler"] == "functions.handlers.sweep.handler")
    assert target["Arn"] == sweep["FunctionArn"]


def test_alarms_tell_the_topic_and_the_dashboard_is_read(deployed: Deployed) -> None:
    client = deployed.client("cloudwatch")
    alarms = [one for page in client.get_paginator("describe_alarms").paginate() for one in page["MetricAlarms"]]
    assert {one["AlarmName"] for one in alarms} == {
        one["AlarmName"] for one in deployed.cloud.all("AWS::CloudWatch::Alarm").values()
    }
    assert all(one["AlarmActions"] and one["ActionsEnabled"] for one in alarms)
    (dashboard,) = client.list_dashboards()["DashboardEntries"]
    assert json.loads(client.get_dashboard(DashboardName=dashboard["DashboardName"])["DashboardBody"])["widgets"]


def test_the_network_lets_in_what_was_said_and_logs_what_it_refused(deployed: Deployed) -> None:
    client = deployed.client("ec2")
    groups = {one["GroupId"]: one["Description"] for one in client.describe_security_groups()["SecurityGroups"]}
    let_in = {
        (groups[group["GroupId"]], rule["FromPort"], groups[pair["GroupId"]])
        for group in client.describe_security_groups()["SecurityGroups"]
        for rule in group["IpPermissions"]
        for pair in rule["UserIdGroupPairs"]
    }
    assert let_in == {
        ("The rooms cache", 6379, "The functions"),
        ("The rooms cache", 6380, "The functions"),
        ("The brokers of the room log", 9098, "The functions"),
        ("The brokers of the room log", 9098, "The brokers of the room log"),
    }
    assert {one["State"] for one in client.describe_nat_gateways()["NatGateways"]} == {"available"}
    (log,) = client.describe_flow_logs()["FlowLogs"]
    assert (log["TrafficType"], log["FlowLogStatus"]) == ("REJECT", "ACTIVE")
    (endpoint,) = client.describe_vpc_endpoints()["VpcEndpoints"]
    assert (endpoint["VpcEndpointType"], len(endpoint["RouteTableIds"])) == ("Gateway", 3)
