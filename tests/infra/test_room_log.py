import base64
import json

from functions.manifest import LIVE_TOPIC, PARTITIONS, SAVE_TOPIC
from tests.infra.cloud import CLUSTER, Cloud


def test_the_brokers_take_iam_over_tls_and_nothing_else(cloud: Cloud) -> None:
    cluster = cloud.only("AWS::MSK::Cluster")
    assert cluster["ClientAuthentication"] == {
        "Sasl": {"Iam": {"Enabled": True}},
        "Unauthenticated": {"Enabled": False},
    }
    assert cluster["EncryptionInfo"] == {"EncryptionInTransit": {"ClientBroker": "TLS", "InCluster": True}}
    assert len(cluster["BrokerNodeGroupInfo"]["ClientSubnets"]) == cluster["NumberOfBrokerNodes"] == 2


def test_both_topics_have_the_manifests_partitions_and_a_copy_of_each(cloud: Cloud) -> None:
    topics = {one["TopicName"]: one for one in cloud.all("AWS::MSK::Topic").values()}
    assert sorted(topics) == sorted([LIVE_TOPIC, SAVE_TOPIC])
    for topic in topics.values():
        assert topic["ClusterArn"] == CLUSTER
        assert topic["PartitionCount"] == PARTITIONS
        assert topic["ReplicationFactor"] == 2


def test_the_live_topic_forgets_within_hours(cloud: Cloud) -> None:
    (live,) = (one for one in cloud.all("AWS::MSK::Topic").values() if one["TopicName"] == LIVE_TOPIC)
    assert json.loads(base64.b64decode(live["Configs"])) == {
        "retention.ms": "3600000",
        "segment.ms": "3600000",
        "min.insync.replicas": "1",
    }


def test_the_addresses_of_the_brokers_are_asked_of_msk_with_no_other_right(cloud: Cloud) -> None:
    resource = cloud.only("Custom::AWS")
    call = json.loads(resource["Create"])
    assert (call["service"], call["action"]) == ("Kafka", "getBootstrapBrokers")
    assert call["parameters"] == {"ClusterArn": CLUSTER}
    assert call["outputPaths"] == ["BootstrapBrokerStringSaslIam"]
    (policy,) = (one for id, one in cloud.all("AWS::IAM::Policy").items() if id.startswith("RoomLogBrokers"))
    statement = {"Action": "kafka:GetBootstrapBrokers", "Effect": "Allow", "Resource": CLUSTER}
    assert policy["PolicyDocument"]["Statement"] == [statement]
