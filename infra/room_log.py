"""The room log: a Kafka cluster (MSK), its two topics, and the names IAM knows them by."""

import base64
import json

from aws_cdk import Fn, Names
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_msk as msk
from aws_cdk import custom_resources as cr
from constructs import Construct

from functions.manifest import LIVE_TOPIC, PARTITIONS, SAVE_TOPIC
from infra.network import Network
from infra.stage import ProvisionedKafka, Stage

# Where brokers listen for clients that authenticate with IAM.
PORT = 9098
BROKERS = 2
KAFKA_VERSION = "3.9.x.kraft"


class RoomLog(Construct):
    """Two brokers in two zones, IAM authentication only, and the topics the functions publish to."""

    def __init__(self, scope: Construct, id: str, *, network: Network, stage: Stage) -> None:
        super().__init__(scope, id)
        self.group = network.security_group("RoomLog", description="The brokers of the room log")
        # Event source mappings poll with network interfaces in the brokers' own group.
        # https://docs.aws.amazon.com/lambda/latest/dg/with-msk-cluster-network.html
        self.group.add_ingress_rule(self.group, ec2.Port.tcp(PORT), "Event source mappings")
        cluster = self._make_cluster(network, stage.kafka)
        self.cluster_arn = cluster.attr_arn
        retention_minutes = {
            LIVE_TOPIC: stage.kafka.live_retention_minutes,
            SAVE_TOPIC: stage.kafka.save_retention_hours * 60,
        }
        self.topics = {name: self._make_topic(name, minutes) for name, minutes in retention_minutes.items()}
        self.bootstrap = self._ask_for_brokers()

    def topic_arn(self, topic: str) -> str:
        """What IAM calls a topic of this cluster."""
        return self._arn_of("topic", topic)

    def consumer_group_arn(self, group: str) -> str:
        """What IAM calls a consumer group of this cluster, existing or not."""
        return self._arn_of("group", group)

    def _arn_of(self, kind: str, name: str) -> str:
        # arn:…:cluster/<name>/<uuid> names its topics arn:…:topic/<name>/<uuid>/<topic>, groups alike.
        before, after = (Fn.select(part, Fn.split(":cluster/", self.cluster_arn)) for part in (0, 1))
        return f"{before}:{kind}/{after}/{name}"

    def _make_cluster(self, network: Network, kafka: ProvisionedKafka) -> msk.CfnCluster:
        storage = msk.CfnCluster.StorageInfoProperty(
            ebs_storage_info=msk.CfnCluster.EBSStorageInfoProperty(volume_size=kafka.volume_gb)
        )
        return msk.CfnCluster(
            self,
            "Cluster",
            cluster_name=Names.unique_resource_name(self, max_length=64, separator="-"),
            kafka_version=KAFKA_VERSION,
            number_of_broker_nodes=BROKERS,
            broker_node_group_info=msk.CfnCluster.BrokerNodeGroupInfoProperty(
                instance_type=kafka.broker_type,
                client_subnets=network.private_subnet_ids,
                security_groups=[self.group.security_group_id],
                storage_info=storage,
            ),
            client_authentication=msk.CfnCluster.ClientAuthenticationProperty(
                sasl=msk.CfnCluster.SaslProperty(iam=msk.CfnCluster.IamProperty(enabled=True)),
                unauthenticated=msk.CfnCluster.UnauthenticatedProperty(enabled=False),
            ),
            encryption_info=msk.CfnCluster.EncryptionInfoProperty(
                encryption_in_transit=msk.CfnCluster.EncryptionInTransitProperty(client_broker="TLS", in_cluster=True)
            ),
        )

    def _make_topic(self, name: str, retention_minutes: int) -> msk.CfnTopic:
        retention = retention_minutes * 60_000
        settings = {
            "retention.ms": retention,
            # A segment is deleted whole, once its newest record is too old: with the default of a week per
            # segment a short retention would be none.
            "segment.ms": min(retention, 3_600_000),
            # With two copies, asking for both would stop every write while a broker is patched.
            "min.insync.replicas": BROKERS - 1,
        }
        # A JSON object of strings in Base64, as Terraform's aws_msk_topic sends it; AWS tells of Base64 only.
        configs = json.dumps({key: str(value) for key, value in settings.items()}).encode()
        return msk.CfnTopic(
            self,
            name,
            cluster_arn=self.cluster_arn,
            topic_name=name,
            partition_count=PARTITIONS,
            replication_factor=BROKERS,
            configs=base64.b64encode(configs).decode(),
        )

    def _ask_for_brokers(self) -> str:
        # CloudFormation knows a cluster's ARN but not its brokers' addresses.
        ask = cr.AwsSdkCall(
            service="Kafka",
            action="getBootstrapBrokers",
            parameters={"ClusterArn": self.cluster_arn},
            output_paths=["BootstrapBrokerStringSaslIam"],
            physical_resource_id=cr.PhysicalResourceId.of(f"brokers-{BROKERS}"),
        )
        may_ask = iam.PolicyStatement(actions=["kafka:GetBootstrapBrokers"], resources=[self.cluster_arn])
        brokers = cr.AwsCustomResource(
            self,
            "Brokers",
            on_create=ask,
            on_update=ask,
            policy=cr.AwsCustomResourcePolicy.from_statements([may_ask]),
            install_latest_aws_sdk=False,
        )
        return brokers.get_response_field("BootstrapBrokerStringSaslIam")
