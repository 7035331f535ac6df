"""The MSK clusters that the stack can create: two or three brokers, or MSK Serverless. Both take IAM over
TLS and nothing else.

The settings of a topic depend on the kind of cluster, so they are here too.
"""

import base64
import json
from collections.abc import Mapping

from aws_cdk import Names
from aws_cdk import aws_applicationautoscaling as scaling
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_msk as msk
from constructs import Construct, IDependable

from functions.manifest import PARTITIONS
from infra.fingerprint import fingerprint
from infra.log_group import log_group
from infra.network import Network
from infra.stage.kafka import ExistingKafka, ProvisionedKafka, ServerlessKafka
from infra.stage.stage import Stage

KAFKA_VERSION = "3.9.x.kraft"
# Of MSK Serverless. A third zone is none that the cluster could move into.
ZONES = 2
# A volume is enlarged when it is so full. The alarm is above that (observability/alarms.py).
FULL_PERCENT = 60
LONGEST_SEGMENT_MS = 3_600_000

Settings = Mapping[str, str]


class ProvisionedCluster(Construct):
    """A broker in each of two or three zones. A cluster in other subnets, or with another key, is another cluster."""

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
        places = network.places(kafka.brokers)
        super().__init__(scope, f"{id}{fingerprint('provisioned', kafka.generation, places, kafka.kms_key_arn)}")
        self._kafka = kafka
        cluster = msk.CfnCluster(
            self,
            "Cluster",
            cluster_name=Names.unique_resource_name(self, max_length=64, separator="-"),
            kafka_version=KAFKA_VERSION,
            number_of_broker_nodes=kafka.brokers,
            broker_node_group_info=msk.CfnCluster.BrokerNodeGroupInfoProperty(
                instance_type=kafka.broker_type,
                client_subnets=network.private_subnet_ids[: kafka.brokers],
                security_groups=[group.security_group_id],
                storage_info=msk.CfnCluster.StorageInfoProperty(
                    ebs_storage_info=msk.CfnCluster.EBSStorageInfoProperty(volume_size=kafka.volume_gb)
                ),
            ),
            client_authentication=msk.CfnCluster.ClientAuthenticationProperty(
                sasl=msk.CfnCluster.SaslProperty(iam=msk.CfnCluster.IamProperty(enabled=True)),
                unauthenticated=msk.CfnCluster.UnauthenticatedProperty(enabled=False),
            ),
            encryption_info=msk.CfnCluster.EncryptionInfoProperty(
                encryption_in_transit=msk.CfnCluster.EncryptionInTransitProperty(client_broker="TLS", in_cluster=True),
                encryption_at_rest=msk.CfnCluster.EncryptionAtRestProperty(data_volume_kms_key_id=kafka.kms_key_arn)
                if kafka.kms_key_arn
                else None,
            ),
            logging_info=self._logging(stage) if kafka.broker_logs else None,
        )
        self.arn: str = cluster.attr_arn
        if kafka.volume_max_gb is not None:
            self._let_volumes_grow(kafka.volume_max_gb)

    def _let_volumes_grow(self, most_gb: int) -> None:
        """MSK enlarges all volumes when they are that full, and never makes them smaller.

        https://docs.aws.amazon.com/msk/latest/developerguide/msk-autoexpand.html
        """
        target = scaling.ScalableTarget(
            self,
            "Volumes",
            service_namespace=scaling.ServiceNamespace.KAFKA,
            scalable_dimension="kafka:broker-storage:VolumeSize",
            resource_id=self.arn,
            min_capacity=1,
            max_capacity=most_gb,
        )
        target.scale_to_track_metric(
            "Full",
            predefined_metric=scaling.PredefinedMetric.KAFKA_BROKER_STORAGE_UTILIZATION,
            target_value=FULL_PERCENT,
            disable_scale_in=True,
        )

    def _logging(self, stage: Stage) -> msk.CfnCluster.LoggingInfoProperty:
        # https://docs.aws.amazon.com/msk/latest/developerguide/msk-logging.html
        name = log_group(self, "Log", stage=stage, vended=True).log_group_name
        to = msk.CfnCluster.CloudWatchLogsProperty(enabled=True, log_group=name)
        return msk.CfnCluster.LoggingInfoProperty(broker_logs=msk.CfnCluster.BrokerLogsProperty(cloud_watch_logs=to))

    def make_topics(self, settings: Mapping[str, Settings]) -> dict[str, IDependable]:
        """The topics, by name, which CloudFormation makes through MSK's API."""
        return {name: self._make_topic(name, one) for name, one in settings.items()}

    def _make_topic(self, name: str, settings: Settings) -> msk.CfnTopic:
        return msk.CfnTopic(
            self,
            name,
            cluster_arn=self.arn,
            topic_name=name,
            partition_count=PARTITIONS,
            replication_factor=self._kafka.brokers,
            # Base64 of a JSON object of strings, as Terraform's aws_msk_topic sends it. AWS documents the Base64 only.
            configs=base64.b64encode(json.dumps(settings).encode()).decode(),
        )


class ServerlessCluster(Construct):
    """Brokers that AWS manages and scales."""

    def __init__(
        self, scope: Construct, id: str, *, network: Network, group: ec2.ISecurityGroup, kafka: ServerlessKafka
    ) -> None:
        places = network.places(ZONES)
        super().__init__(scope, f"{id}{fingerprint('serverless', kafka.generation, places)}")
        cluster = msk.CfnServerlessCluster(
            self,
            "Cluster",
            cluster_name=Names.unique_resource_name(self, max_length=64, separator="-"),
            client_authentication=msk.CfnServerlessCluster.ClientAuthenticationProperty(
                sasl=msk.CfnServerlessCluster.SaslProperty(iam=msk.CfnServerlessCluster.IamProperty(enabled=True))
            ),
            vpc_configs=[
                msk.CfnServerlessCluster.VpcConfigProperty(
                    subnet_ids=network.private_subnet_ids[:ZONES], security_groups=[group.security_group_id]
                )
            ],
        )
        self.arn: str = cluster.attr_arn


def topic_settings(kafka: ProvisionedKafka | ServerlessKafka | ExistingKafka, retention_ms: int) -> Settings:
    """The settings of a topic on such a cluster."""
    settings = {"retention.ms": str(retention_ms)}
    if not isinstance(kafka, ServerlessKafka):  # which allows no other setting that concerns retention
        # https://docs.aws.amazon.com/msk/latest/developerguide/serverless-config.html
        # Kafka deletes whole segments, once the newest record is old enough. With the default of a week for each
        # segment, a short retention would have no effect.
        settings["segment.ms"] = str(min(retention_ms, LONGEST_SEGMENT_MS))
        # A broker that lacks acknowledged records must not become a partition's leader: the records would be gone, and
        # their offsets, which are `seq`, would be given again. MSK's own default is true.
        # https://docs.aws.amazon.com/msk/latest/developerguide/msk-default-configuration.html
        settings["unclean.leader.election.enable"] = "false"
    if isinstance(kafka, ProvisionedKafka):
        # Requiring every copy would stop every write while a broker is patched.
        settings["min.insync.replicas"] = str(kafka.brokers - 1)
    return settings
