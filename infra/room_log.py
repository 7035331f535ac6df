"""The room log: a Kafka cluster (MSK) of one of three kinds, its two topics, and their ARNs."""

from collections.abc import Mapping

from aws_cdk import Fn
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct, IDependable

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC
from infra.fingerprint import fingerprint
from infra.kafka_clusters import ProvisionedCluster, ServerlessCluster, topic_settings
from infra.network import Network
from infra.packaging.packages import Packages
from infra.sdk_call import sdk_call
from infra.stage.kafka import ExistingKafka, ProvisionedKafka
from infra.stage.stage import Stage
from infra.topics import Topics

# The brokers' port for IAM authentication.
PORT = 9098


class RoomLog(Construct):
    """`cluster_arn`; `group`, the brokers' security group; `bootstrap`, their addresses; `topics`, what to wait for
    until a topic exists. Clients sign in with IAM, whatever the kind of cluster."""

    def __init__(self, scope: Construct, id: str, *, network: Network, packages: Packages, stage: Stage) -> None:
        super().__init__(scope, id)
        self._network, self._stage, kafka = network, stage, stage.kafka
        retentions = {
            LIVE_TOPIC: kafka.live_retention_minutes * 60_000,
            SAVE_TOPIC: kafka.save_retention_hours * 3_600_000,
        }
        settings = {topic: topic_settings(kafka, retention) for topic, retention in retentions.items()}
        self.topics: Mapping[str, IDependable] = {}
        self.group = self._existing_group(kafka) if isinstance(kafka, ExistingKafka) else self._new_group()
        if isinstance(kafka, ProvisionedKafka):
            cluster = ProvisionedCluster(self, "Brokers", network=network, group=self.group, kafka=kafka, stage=stage)
            self.cluster_arn, self._made_of = cluster.arn, cluster.node.id
            self.topics = cluster.make_topics(settings)
        elif isinstance(kafka, ExistingKafka):
            self.cluster_arn, self._made_of = kafka.cluster_arn, fingerprint(kafka.cluster_arn)
        else:
            serverless = ServerlessCluster(self, "Brokers", network=network, group=self.group, kafka=kafka)
            self.cluster_arn, self._made_of = serverless.arn, serverless.node.id
        self.bootstrap = self._ask_for_brokers()
        if stage.makes_topics_itself:
            self.topics = dict.fromkeys(settings, self._make_topics(settings, packages))

    def topic_arn(self, topic: str) -> str:
        """The ARN of a topic of this cluster."""
        return self._arn_of("topic", topic)

    def consumer_group_arn(self, group: str) -> str:
        """The ARN of a consumer group of this cluster. The group need not exist."""
        return self._arn_of("group", group)

    def _arn_of(self, kind: str, name: str) -> str:
        # A cluster arn:…:cluster/<name>/<uuid> has topics arn:…:topic/<name>/<uuid>/<topic>, and groups alike.
        before, after = (Fn.select(part, Fn.split(":cluster/", self.cluster_arn)) for part in (0, 1))
        return f"{before}:{kind}/{after}/{name}"

    def _new_group(self) -> ec2.ISecurityGroup:
        group = self._network.security_group("RoomLog", description="The brokers of the room log")
        # The pollers of event source mappings have network interfaces in the brokers' own group.
        # https://docs.aws.amazon.com/lambda/latest/dg/with-msk-cluster-network.html
        group.add_ingress_rule(group, ec2.Port.tcp(PORT), "Event source mappings")
        return group

    def _existing_group(self, kafka: ExistingKafka) -> ec2.ISecurityGroup:
        # grants.py adds a rule for the functions. The group's owner adds the rule for the group itself: if the stack
        # did and the rule existed, the deployment would fail.
        return ec2.SecurityGroup.from_security_group_id(self, "Group", kafka.security_group_id)

    def _make_topics(self, settings: Mapping[str, Mapping[str, str]], packages: Packages) -> IDependable:
        return Topics(
            self,
            "Topics",
            network=self._network,
            packages=packages,
            brokers=self.group,
            cluster_arn=self.cluster_arn,
            bootstrap=self.bootstrap,
            settings=settings,
            arns=[self.topic_arn(topic) for topic in settings],
            stage=self._stage,
        )

    def _ask_for_brokers(self) -> str:
        # CloudFormation has a cluster's ARN but not its brokers' addresses.
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-msk-cluster.html
        brokers = sdk_call(
            self,
            # The addresses of another cluster are another resource: functions notice by that.
            f"Addresses{self._made_of}",
            stage=self._stage,
            may=iam.PolicyStatement(actions=["kafka:GetBootstrapBrokers"], resources=[self.cluster_arn]),
            physical_id="brokers",
            service="Kafka",
            action="getBootstrapBrokers",
            parameters={"ClusterArn": self.cluster_arn},
            output_paths=["BootstrapBrokerStringSaslIam"],
        )
        return brokers.get_response_field("BootstrapBrokerStringSaslIam")
