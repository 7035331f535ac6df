"""No role may do more than it needs: in every kind of stack, each statement of each role."""

from collections.abc import Iterator, Mapping

import pytest

from functions.manifest import FUNCTIONS, PAGES, TOPICS, Function
from functions.triggers import Deployment, HttpRoutes, Topic
from infra.stage.china import is_in_china
from infra.stage.stage import Stage
from tests.infra.cloud import Cloud, JsonObject, id_in
from tests.infra.kinds import Kind

TRACES = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
INSIDE = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}
POLLED = {
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
}

# What may be allowed for `*`, and no other. X-Ray knows no resources, and neither do EC2's actions that describe; a
# network interface has no name before it is made, and the two pages name `*` for what Lambda does with them.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsx-ray.html
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
# https://docs.aws.amazon.com/lambda/latest/dg/with-msk-permissions.html
# CodeDeploy asks for alarms by their names.
FOR_ALL = TRACES | INSIDE | POLLED | {"cloudwatch:DescribeAlarms"}

# Where part of a resource's name is open: connections, which API Gateway names, versions of the function that makes
# topics, which the CDK's own function invokes, and files of the pages.
OPEN = ("/websocket/POST/@connections/*", "/websocket/DELETE/@connections/*", ".Arn>:*", ".Arn>/*")

PUBLISH = {
    "kafka-cluster:Connect",
    "kafka-cluster:DescribeTopic",
    "kafka-cluster:WriteData",
    "kafka-cluster:WriteDataIdempotently",
}
READ = {
    "kafka-cluster:AlterGroup",
    "kafka-cluster:Connect",
    "kafka-cluster:DescribeClusterDynamicConfiguration",
    "kafka-cluster:DescribeGroup",
    "kafka-cluster:DescribeTopic",
    "kafka-cluster:ReadData",
    "kafka:DescribeClusterV2",
    "kafka:GetBootstrapBrokers",
}
MAKE_TOPICS = {
    "kafka-cluster:AlterTopicDynamicConfiguration",
    "kafka-cluster:Connect",
    "kafka-cluster:CreateTopic",
    "kafka-cluster:DescribeTopic",
    "kafka-cluster:DescribeTopicDynamicConfiguration",
}
READ_ENCRYPTED = {"kms:Decrypt", "kms:DescribeKey"}
WRITE_ENCRYPTED = {"kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"}
FILL = {"s3:DeleteObject", "s3:ListBucket", "s3:PutObject"}
GIVE_UP = {"sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"}
ROWS = {row.name: row for row in (*FUNCTIONS, TOPICS, PAGES)}


def listed(one: str | list[str]) -> list[str]:
    return one if isinstance(one, list) else [one]


def pairs(statements: list[JsonObject]) -> Iterator[tuple[str, str]]:
    for statement in statements:
        for action in listed(statement["Action"]):
            yield from ((action, resource) for resource in listed(statement["Resource"]))


def needed(row: Function, stage: Stage, *, destination: bool) -> set[str]:
    """The actions that a row of the manifest takes; `destination`: its mapping tells a queue of what it gives up."""
    actions = {"logs:CreateLogStream", "logs:PutLogEvents"} | (set() if is_in_china(stage.region) else TRACES)
    actions |= INSIDE if row.needs & {"redis", "kafka"} else set()
    actions |= {"elasticache:Connect"} if "redis" in row.needs else set()
    actions |= {"secretsmanager:GetSecretValue"} if row.needs & {"token_keys", "gallery"} else set()
    actions |= {"execute-api:ManageConnections"} if "connections" in row.needs else set()
    if "kafka" in row.needs:
        actions |= MAKE_TOPICS if isinstance(row.trigger, Deployment) else PUBLISH
    if isinstance(row.trigger, Topic):
        actions |= READ | POLLED | (GIVE_UP if destination else set())
    if "failure_queue" in row.needs:
        actions |= {"dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:GetItem", "dynamodb:UpdateItem"}
        actions |= {"dynamodb:Query", "sqs:SendMessage"}
    if "table" in row.needs and isinstance(row.trigger, HttpRoutes):
        actions |= {"dynamodb:Query"}
    if "erasure" in row.needs:
        actions |= {f"dynamodb:{name}Item" for name in ("BatchGet", "BatchWrite", "Delete", "Get", "Put", "Update")}
    actions |= FILL if row.has_site else set()
    if "token_keys" in row.needs and stage.token_secret_kms_key_arn:
        actions |= {"kms:Decrypt"}
    if "table" in row.needs and stage.archive.kms_key_arn:
        writes = isinstance(row.trigger, Topic) or "erasure" in row.needs
        actions |= READ_ENCRYPTED | (WRITE_ENCRYPTED if writes else set())
    return actions


def test_every_statement_allows_named_actions_on_named_resources(kinds: Mapping[str, Kind]) -> None:
    for name, kind in kinds.items():
        for role, statements in kind.cloud.roles().items():
            for statement in statements:
                assert statement.keys() <= {"Action", "Condition", "Effect", "Resource", "Sid"}, (name, role)
                assert statement["Effect"] == "Allow"
            for action, resource in pairs(statements):
                assert "*" not in action, (name, role)
                if resource == "*":
                    assert action in FOR_ALL, (name, role)
                else:
                    assert "*" not in resource or resource.endswith(OPEN), (name, role, resource)
                    # Kafka's and the cache's names are in ARNs of this stack's or of the one that the stage names.
                    assert resource.startswith(("arn:aws:", "<")), (name, role, resource)


def test_each_function_may_do_what_its_row_of_the_manifest_needs_and_nothing_else(kinds: Mapping[str, Kind]) -> None:
    for name, kind in kinds.items():
        cloud = kind.cloud
        roles = cloud.roles()
        for function, properties in cloud.functions().items():
            row = ROWS[function.split("-", maxsplit=1)[0]]
            provisioned = (
                kind.stage.archive.mode == "provisioned" if row.name == "archive" else kind.stage.relay.low_latency
            )
            allowed = {action for action, _ in pairs(roles[id_in(properties["Role"])])}
            assert allowed == needed(row, kind.stage, destination=provisioned), (name, function)


def test_each_function_has_a_role_that_lambda_alone_assumes_and_no_policy_of_awss(kinds: Mapping[str, Kind]) -> None:
    for name, kind in kinds.items():
        roles = kind.cloud.all("AWS::IAM::Role")
        functions = [id_in(one["Role"]) for one in kind.cloud.all("AWS::Lambda::Function").values()]
        assert len(set(functions)) == len(functions), name
        for role in functions:
            (statement,) = roles[role]["AssumeRolePolicyDocument"]["Statement"]
            assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
            assert "ManagedPolicyArns" not in roles[role], (name, role)


def test_one_role_has_a_policy_of_awss_the_accounts_for_api_gateways_logs(cloud: Cloud) -> None:
    roles = cloud.all("AWS::IAM::Role").values()
    assert [one["ManagedPolicyArns"] for one in roles if "ManagedPolicyArns" in one] == [
        ["arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"]
    ]


@pytest.mark.parametrize("kind", ["AWS::IAM::ManagedPolicy", "AWS::IAM::User", "AWS::IAM::Group"])
def test_nobody_else_is_given_anything(kinds: Mapping[str, Kind], kind: str) -> None:
    assert not any(one.cloud.all(kind) for one in kinds.values())


def test_each_function_writes_to_its_own_log_alone(kinds: Mapping[str, Kind]) -> None:
    for name, kind in kinds.items():
        roles = kind.cloud.roles()
        for function in kind.cloud.all("AWS::Lambda::Function").values():
            group = id_in(function["LoggingConfig"]["LogGroup"])
            written = {to for action, to in pairs(roles[id_in(function["Role"])]) if action.startswith("logs:")}
            assert written == {f"<{group}.Arn>"}, name
