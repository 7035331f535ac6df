import base64
import json
from collections.abc import Callable

import pytest

from functions.manifest import LIVE_TOPIC, PARTITIONS, SAVE_TOPIC
from tests.infra.cloud import CLUSTER, Cloud, id_in

THEIRS = {
    "kind": "existing",
    "cluster_arn": "arn:aws:kafka:eu-central-1:444455556666:cluster/theirs/0c1d-3",
    "security_group_id": "sg-0a1b2c3d",
    "live_retention_minutes": 60,
    "save_retention_hours": 24,
}
THEIR_NETWORK = {
    "egress": "nat",
    "nat_gateways": 0,
    "existing": {
        "vpc_id": "vpc-0a1b2c3d",
        "availability_zones": ["eu-central-1a", "eu-central-1b"],
        "private_subnet_ids": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
    },
}
SERVERLESS = {"kind": "serverless", "live_retention_minutes": 60, "save_retention_hours": 24}


@pytest.fixture(scope="session")
def serverless(varied: Callable[..., Cloud]) -> Cloud:
    return varied(kafka=SERVERLESS)


@pytest.fixture(scope="session")
def existing(varied: Callable[..., Cloud]) -> Cloud:
    return varied(kafka=THEIRS, network=THEIR_NETWORK)


def test_the_brokers_take_iam_over_tls_and_nothing_else(cloud: Cloud) -> None:
    cluster = cloud.only("AWS::MSK::Cluster")
    assert cluster["ClientAuthentication"] == {
        "Sasl": {"Iam": {"Enabled": True}},
        "Unauthenticated": {"Enabled": False},
    }
    assert cluster["EncryptionInfo"] == {"EncryptionInTransit": {"ClientBroker": "TLS", "InCluster": True}}
    assert len(cluster["BrokerNodeGroupInfo"]["ClientSubnets"]) == cluster["NumberOfBrokerNodes"] == 3


def test_what_brokers_log_is_kept_unless_the_stage_says_not_to(cloud: Cloud, varied: Callable[..., Cloud]) -> None:
    there = cloud.only("AWS::MSK::Cluster")["LoggingInfo"]["BrokerLogs"]["CloudWatchLogs"]
    assert there["Enabled"] is True
    assert cloud.all("AWS::Logs::LogGroup")[id_in(there["LogGroup"])]["RetentionInDays"] == 90
    assert "LoggingInfo" not in varied(kafka={"broker_logs": False}).only("AWS::MSK::Cluster")


def test_both_topics_have_the_manifests_partitions_and_a_copy_of_each(cloud: Cloud) -> None:
    topics = {one["TopicName"]: one for one in cloud.all("AWS::MSK::Topic").values()}
    assert sorted(topics) == sorted([LIVE_TOPIC, SAVE_TOPIC])
    for topic in topics.values():
        assert topic["ClusterArn"] == CLUSTER
        assert topic["PartitionCount"] == PARTITIONS
        assert topic["ReplicationFactor"] == 3


def test_the_live_topic_forgets_within_hours(cloud: Cloud) -> None:
    (live,) = (one for one in cloud.all("AWS::MSK::Topic").values() if one["TopicName"] == LIVE_TOPIC)
    assert json.loads(base64.b64decode(live["Configs"])) == {
        "retention.ms": "3600000",
        "segment.ms": "3600000",
        "min.insync.replicas": "2",
        "unclean.leader.election.enable": "false",
    }


def test_the_addresses_of_the_brokers_are_asked_of_msk_with_no_other_right(
    cloud: Cloud, serverless: Cloud, existing: Cloud
) -> None:
    for stage, cluster in ((cloud, CLUSTER), (serverless, CLUSTER), (existing, THEIRS["cluster_arn"])):
        calls = [json.loads(one["Create"]) for one in stage.all("Custom::AWS").values()]
        (call,) = (one for one in calls if one["service"] == "Kafka")
        assert call["action"] == "getBootstrapBrokers"
        assert call["parameters"] == {"ClusterArn": cluster}
        assert call["outputPaths"] == ["BootstrapBrokerStringSaslIam"]
        (policy,) = (one for id, one in stage.all("AWS::IAM::Policy").items() if id.startswith("RoomLogAddresses"))
        statement = {"Action": "kafka:GetBootstrapBrokers", "Effect": "Allow", "Resource": cluster}
        assert policy["PolicyDocument"]["Statement"] == [statement]


def test_a_serverless_cluster_takes_iam_and_is_where_the_functions_are(serverless: Cloud) -> None:
    cluster = serverless.only("AWS::MSK::ServerlessCluster")
    assert cluster["ClientAuthentication"] == {"Sasl": {"Iam": {"Enabled": True}}}
    (inside,) = cluster["VpcConfigs"]
    functions = serverless.functions()["connect"]["VpcConfig"]
    assert inside["SubnetIds"] == functions["SubnetIds"]
    assert inside["SecurityGroups"] != functions["SecurityGroupIds"]
    assert not serverless.all("AWS::MSK::Topic")
    assert not serverless.all("AWS::MSK::Cluster")


def test_its_topics_are_made_with_the_one_setting_that_it_takes(serverless: Cloud) -> None:
    wanted = serverless.only("Custom::Topics")
    assert wanted["Topics"] == {
        LIVE_TOPIC: {"Partitions": str(PARTITIONS), "Settings": {"retention.ms": "3600000"}},
        SAVE_TOPIC: {"Partitions": str(PARTITIONS), "Settings": {"retention.ms": "86400000"}},
    }
    assert int(wanted["ServiceTimeout"]) > serverless.functions()["topics"]["Timeout"]


def test_topics_are_made_once_the_brokers_let_the_function_in_and_mappings_wait_for_them(
    serverless: Cloud, existing: Cloud
) -> None:
    for stage in (serverless, existing):
        (made,) = stage.all("Custom::Topics")
        rules = stage.all("AWS::EC2::SecurityGroupIngress").items()
        function = stage.functions()["topics"]
        (group,) = function["VpcConfig"]["SecurityGroupIds"]
        (rule,) = (id for id, one in rules if one["FromPort"] == 9098 and one["SourceSecurityGroupId"] == group)
        role = f"<{id_in(function['Role'])}>"
        (rights,) = (id for id, one in stage.all("AWS::IAM::Policy").items() if role in one["Roles"])
        assert {rule, rights} <= set(stage.depends_on(made))
        for mapping in stage.all("AWS::Lambda::EventSourceMapping"):
            assert made in stage.depends_on(mapping)


def test_who_makes_topics_may_make_and_change_these_two_and_delete_none(existing: Cloud) -> None:
    cluster = str(THEIRS["cluster_arn"])
    topics = [f"{cluster.replace(':cluster/', ':topic/')}/{topic}" for topic in (LIVE_TOPIC, SAVE_TOPIC)]
    may = ("CreateTopic", "DescribeTopic", "DescribeTopicDynamicConfiguration", "AlterTopicDynamicConfiguration")
    found = {one for one in existing.statements("topics") if one[0].startswith("kafka")}
    assert found == {
        ("kafka-cluster:Connect", cluster),
        *((f"kafka-cluster:{action}", topic) for action in may for topic in topics),
    }


def test_a_cluster_that_was_there_is_used_and_its_group_lets_the_functions_in(existing: Cloud) -> None:
    assert not existing.all("AWS::MSK::Cluster")
    assert not existing.all("AWS::MSK::Topic")
    for mapping in existing.all("AWS::Lambda::EventSourceMapping").values():
        assert mapping["EventSourceArn"] == THEIRS["cluster_arn"]
    rules = [one for one in existing.all("AWS::EC2::SecurityGroupIngress").values() if one["FromPort"] == 9098]
    (functions,) = existing.functions()["connect"]["VpcConfig"]["SecurityGroupIds"]
    # No rule for the group itself, which may have one.
    assert [(one["GroupId"], one["SourceSecurityGroupId"]) for one in rules] == [
        (THEIRS["security_group_id"], functions)
    ]


def test_its_topics_may_be_there_too(varied: Callable[..., Cloud]) -> None:
    cloud = varied(kafka=THEIRS | {"make_topics": False}, network=THEIR_NETWORK)
    assert not cloud.all("Custom::Topics")
    assert "topics" not in cloud.functions()
    assert len(cloud.all("AWS::Lambda::EventSourceMapping")) == 2


def test_functions_may_publish_to_a_cluster_of_any_kind(serverless: Cloud, existing: Cloud) -> None:
    for stage, cluster in ((serverless, CLUSTER), (existing, THEIRS["cluster_arn"])):
        assert ("kafka-cluster:Connect", cluster) in stage.statements("message")
        assert stage.functions()["message"]["Environment"]["Variables"]["KAFKA_AUTH"] == "iam"
