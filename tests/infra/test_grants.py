"""Everything each function may do, written out; what every function may do is in test_least_privilege.py."""

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


def beyond_running(cloud: Cloud, name: str) -> set[tuple[str, str]]:
    """What a function's role allows, but for traces, its log and its place in the network."""
    return {one for one in cloud.statements(name) if not one[0].startswith(("xray:", "logs:", "ec2:"))}


def sign_in(cloud: Cloud) -> set[tuple[str, str]]:
    """What it takes to sign in to the cache."""
    name = cloud.only("AWS::ElastiCache::ServerlessCache")["ServerlessCacheName"]
    user = cloud.only("AWS::ElastiCache::User")["UserId"]
    cache = "arn:aws:elasticache:us-east-1:111122223333"
    return {("elasticache:Connect", f"{cache}:serverlesscache:{name}"), ("elasticache:Connect", f"{cache}:user:{user}")}


def read_keys(cloud: Cloud) -> set[tuple[str, str]]:
    keys = cloud.token_secret()
    return {("secretsmanager:GetSecretValue", f"<{keys}>")}


def connections(cloud: Cloud, method: str) -> str:
    api = cloud.api("WEBSOCKET")
    return f"arn:aws:execute-api:us-east-1:111122223333:<{api}>/websocket/{method}/@connections/*"


def tell_and_close(cloud: Cloud) -> set[tuple[str, str]]:
    return {("execute-api:ManageConnections", connections(cloud, method)) for method in ("POST", "DELETE")}


@pytest.mark.parametrize("name", ["connect", "message", "disconnect", "sweep"])
def test_a_function_of_the_rooms_may_publish_and_sign_in_to_redis_and_nothing_else(cloud: Cloud, name: str) -> None:
    assert beyond_running(cloud, name) == PUBLISH | sign_in(cloud)


def test_authorize_may_read_the_token_keys_and_nothing_else(cloud: Cloud) -> None:
    assert beyond_running(cloud, "authorize") == read_keys(cloud)


def test_the_api_may_publish_read_the_token_keys_and_the_table_and_tell_and_close_connections(cloud: Cloud) -> None:
    (table,) = cloud.all("AWS::DynamoDB::Table")
    on_table = {("dynamodb:Query", f"<{table}.Arn>/index/{index}") for index in ("top", "user")}
    # What erases a user.
    changes = ("BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem")
    on_table |= {(f"dynamodb:{action}", f"<{table}.Arn>") for action in ("Query", *changes)}
    others = PUBLISH | sign_in(cloud) | read_keys(cloud)
    assert beyond_running(cloud, "api") == others | tell_and_close(cloud) | on_table


def test_these_are_all_functions() -> None:
    told = {"connect", "message", "disconnect", "sweep", "authorize", "api", "relay", "archive", "gallery"}
    assert {row.name for row in FUNCTIONS} == told


@pytest.mark.parametrize("slice", range(4))
def test_a_relay_may_publish_read_its_topic_in_its_own_group_and_tell_and_close(cloud: Cloud, slice: int) -> None:
    queue = cloud.relay_failures()
    assert beyond_running(cloud, f"relay-{slice}") == PUBLISH | sign_in(cloud) | {
        ("execute-api:ManageConnections", connections(cloud, "POST")),
        ("execute-api:ManageConnections", connections(cloud, "DELETE")),
        ("kafka-cluster:DescribeClusterDynamicConfiguration", CLUSTER),
        ("kafka-cluster:ReadData", f"{TOPIC}/{LIVE_TOPIC}"),
        ("kafka-cluster:AlterGroup", f"{GROUP}/relay-{slice}"),
        ("kafka-cluster:DescribeGroup", f"{GROUP}/relay-{slice}"),
        ("kafka:DescribeClusterV2", CLUSTER),
        ("kafka:GetBootstrapBrokers", CLUSTER),
        ("sqs:SendMessage", f"<{queue}.Arn>"),
        ("sqs:GetQueueAttributes", f"<{queue}.Arn>"),
        ("sqs:GetQueueUrl", f"<{queue}.Arn>"),
    }


def archiving(stage: Cloud) -> set[tuple[str, str]]:
    """What the archive and its mapping may do in every stage."""
    (table,) = stage.all("AWS::DynamoDB::Table")
    return {
        ("dynamodb:BatchGetItem", f"<{table}.Arn>"),
        ("dynamodb:BatchWriteItem", f"<{table}.Arn>"),
        ("dynamodb:GetItem", f"<{table}.Arn>"),
        ("dynamodb:Query", f"<{table}.Arn>"),
        ("dynamodb:UpdateItem", f"<{table}.Arn>"),
        ("sqs:SendMessage", f"<{stage.archive_failures()}.Arn>"),
        ("kafka-cluster:Connect", CLUSTER),
        ("kafka-cluster:DescribeClusterDynamicConfiguration", CLUSTER),
        ("kafka-cluster:DescribeTopic", f"{TOPIC}/{SAVE_TOPIC}"),
        ("kafka-cluster:ReadData", f"{TOPIC}/{SAVE_TOPIC}"),
        ("kafka-cluster:AlterGroup", f"{GROUP}/archive"),
        ("kafka-cluster:DescribeGroup", f"{GROUP}/archive"),
        ("kafka:DescribeClusterV2", CLUSTER),
        ("kafka:GetBootstrapBrokers", CLUSTER),
    }


def test_the_archive_may_read_its_topic_write_to_the_table_and_set_aside_and_nothing_else(
    cloud: Cloud, small_cloud: Cloud
) -> None:
    queue = f"<{cloud.archive_failures()}.Arn>"
    # The mapping's destination is the same queue.
    looked_up = {("sqs:GetQueueAttributes", queue), ("sqs:GetQueueUrl", queue)}
    assert beyond_running(cloud, "archive") == archiving(cloud) | looked_up
    assert beyond_running(small_cloud, "archive") == archiving(small_cloud)


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
