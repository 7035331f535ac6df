"""Least privilege: everything each role may do, written out."""

import pytest

from functions.manifest import FUNCTIONS, LIVE_TOPIC, SAVE_TOPIC
from tests.infra.cloud import CLUSTER, Cloud

TOPIC = "arn:aws:kafka:us-east-1:111122223333:topic/rooms/0a1b-2"
GROUP = "arn:aws:kafka:us-east-1:111122223333:group/rooms/0a1b-2"

PUBLISH = {
    ("kafka-cluster:Connect", CLUSTER),
    ("kafka-cluster:WriteDataIdempotently", CLUSTER),
    *((f"kafka-cluster:{action}", f"{TOPIC}/{topic}")
      for action in ("DescribeTopic", "WriteData") for topic in (LIVE_TOPIC, SAVE_TOPIC)),
}  # fmt: skip


@pytest.mark.parametrize("name", [row.name for row in FUNCTIONS if row.name != "relay"])
def test_a_function_may_publish_if_it_needs_kafka_and_nothing_else(cloud: Cloud, name: str) -> None:
    (row,) = (row for row in FUNCTIONS if row.name == name)
    assert set(cloud.statements(name)) == (PUBLISH if "kafka" in row.needs else set())


@pytest.mark.parametrize("slice", range(4))
def test_a_relay_may_publish_read_its_topic_in_its_own_group_and_post(cloud: Cloud, slice: int) -> None:
    api = cloud.api("WEBSOCKET")
    (queue,) = cloud.all("AWS::SQS::Queue")
    connections = f"arn:aws:execute-api:us-east-1:111122223333:<{api}>/websocket/POST/@connections/*"
    assert set(cloud.statements(f"relay-{slice}")) == PUBLISH | {
        ("execute-api:ManageConnections", connections),
        ("kafka-cluster:DescribeClusterDynamicConfiguration", CLUSTER),
        ("kafka-cluster:ReadData", f"{TOPIC}/{LIVE_TOPIC}"),
        ("kafka-cluster:AlterGroup", f"{GROUP}/relay-{slice}"),
        ("kafka-cluster:DescribeGroup", f"{GROUP}/relay-{slice}"),
        ("kafka:DescribeCluster", CLUSTER),
        ("kafka:GetBootstrapBrokers", CLUSTER),
        ("kafka:ListScramSecrets", CLUSTER),
        ("sqs:SendMessage", f"<{queue}.Arn>"),
        ("sqs:GetQueueAttributes", f"<{queue}.Arn>"),
        ("sqs:GetQueueUrl", f"<{queue}.Arn>"),
    }


def test_of_awss_own_policies_a_role_has_only_those_for_logs_network_and_mapping(cloud: Cloud) -> None:
    logs, network, mapping = (
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaVPCAccessExecutionRole",
        "AWSLambdaMSKExecutionRole",
    )
    for name in cloud.functions():
        inside = set() if name == "authorize" else {network}
        polled = {mapping} if name.startswith("relay") else set()
        assert cloud.managed_policies(name) == {logs} | inside | polled


def test_the_cache_and_the_brokers_let_in_the_functions_and_mappings_alone(cloud: Cloud) -> None:
    groups = {f"<{id}.GroupId>": one["GroupDescription"] for id, one in cloud.all("AWS::EC2::SecurityGroup").items()}
    rules = {
        (groups[rule["GroupId"]], rule["FromPort"], rule["ToPort"], groups[rule["SourceSecurityGroupId"]])
        for rule in cloud.all("AWS::EC2::SecurityGroupIngress").values()
    }
    assert rules == {
        ("The rooms cache", 6379, 6379, "The functions"),
        ("The rooms cache", 6380, 6380, "The functions"),
        ("The brokers of the room log", 9098, 9098, "The functions"),
        ("The brokers of the room log", 9098, 9098, "The brokers of the room log"),
    }
    assert all("SecurityGroupIngress" not in one for one in cloud.all("AWS::EC2::SecurityGroup").values())


def test_no_one_may_call_a_function_but_the_gateway_the_http_api_and_the_clock(cloud: Cloud) -> None:
    callers = {one["Principal"] for one in cloud.all("AWS::Lambda::Permission").values()}
    assert callers == {"apigateway.amazonaws.com", "events.amazonaws.com"}
    assert all("SourceArn" in one for one in cloud.all("AWS::Lambda::Permission").values())
