"""A cluster of MSK with brokers of one's own."""

import base64
import json
from collections.abc import Mapping

from aws_cdk import Names, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from aws_cdk import aws_msk as msk
from constructs import Construct, IDependable

from functions.manifest import PARTITIONS
from infra.network import Network
from infra.stage import ProvisionedKafka, Stage

BROKERS = 2
KAFKA_VERSION = "3.9.x.kraft"


class ProvisionedCluster(Construct):
    """Two brokers in two zones that take IAM over TLS and nothing else."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        network: Network,
        group: ec2.ISecurityGroup,
        kafka: ProvisionedKafka,
        stage: Stage,
    ) -> None:
        super().__init__(scope, id)
        storage = msk.CfnCluster.StorageInfoProperty(
            ebs_storage_info=msk.CfnCluster.EBSStorageInfoProperty(volume_size=kafka.volume_gb)
        )
        cluster = msk.CfnCluster(
            self,
            "Cluster",
            cluster_name=Names.unique_resource_name(self, max_length=64, separator="-"),
            kafka_version=KAFKA_VERSION,
            number_of_broker_nodes=BROKERS,
            broker_node_group_info=msk.CfnCluster.BrokerNodeGroupInfoProperty(
                instance_type=kafka.broker_type,
                client_subnets=network.private_subnet_ids[:BROKERS],
                security_groups=[group.security_group_id],
                storage_info=storage,
            ),
            client_authentication=msk.CfnCluster.ClientAuthenticationProperty(
                sasl=msk.CfnCluster.SaslProperty(iam=msk.CfnCluster.IamProperty(enabled=True)),
                unauthenticated=msk.CfnCluster.UnauthenticatedProperty(enabled=False),
            ),
            encryption_info=msk.CfnCluster.EncryptionInfoProperty(
                encryption_in_transit=msk.CfnCluster.EncryptionInTransitProperty(client_broker="TLS", in_cluster=True)
            ),
            logging_info=self._written_down(stage) if kafka.broker_logs else None,
        )
        self.arn = cluster.attr_arn

    def _written_down(self, stage: Stage) -> msk.CfnCluster.LoggingInfoProperty:
        # https://docs.aws.amazon.com/msk/latest/developerguide/msk-logging.html
        retention = logs.RetentionDays[stage.log_retention]
        group = logs.LogGroup(self, "Log", retention=retention, removal_policy=RemovalPolicy.DESTROY)
        there = msk.CfnCluster.CloudWatchLogsProperty(enabled=True, log_group=group.log_group_name)
        return msk.CfnCluster.LoggingInfoProperty(broker_logs=msk.CfnCluster.BrokerLogsProperty(cloud_watch_logs=there))

    def make_topics(self, retentions: Mapping[str, int]) -> dict[str, IDependable]:
        """The topics, made by CloudFormation through MSK's API; `retentions` in ms, by topic."""
        return {name: self._make_topic(name, retention) for name, retention in retentions.items()}

    def _make_topic(self, name: str, retention: int) -> msk.CfnTopic:
        # With two copies, asking for both would stop every write while a broker is patched.
        settings = short_lived(retention) | {"min.insync.replicas": str(BROKERS - 1)}
        return msk.CfnTopic(
            self,
            name,
            cluster_arn=self.arn,
            topic_name=name,
            partition_count=PARTITIONS,
            replication_factor=BROKERS,
            # A JSON object of strings in Base64, as Terraform's aws_msk_topic sends it; AWS tells of Base64 only.
            configs=base64.b64encode(json.dumps(settings).encode()).decode(),
        )


def short_lived(retention: int) -> dict[str, str]:
    """The settings of a topic that forgets after so many ms.

    A segment is deleted whole, once its newest record is too old: with the default of a week per segment a short
    retention would be none.
    """
    return {"retention.ms": str(retention), "segment.ms": str(min(retention, 3_600_000))}
