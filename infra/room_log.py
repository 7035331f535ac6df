"""The room log: a Kafka cluster (MSK) of one of three kinds, its two topics, and the names IAM knows them by."""

from collections.abc import Mapping

from aws_cdk import Fn, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import custom_resources as cr
from constructs import Construct, IDependable

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC
from infra.kafka_provisioned import ProvisionedCluster, short_lived
from infra.kafka_serverless import ServerlessCluster, settings_of_topics
from infra.network import Network
from infra.packages import Packages
from infra.roles import role_of_function
from infra.stage import ExistingKafka, ProvisionedKafka, Stage
from infra.topics import Topics

# Where brokers listen for clients that authenticate with IAM.
PORT = 9098

# What the function has that asks for them: the CDK's own default, said.
ASKING_MB = 512


class RoomLog(Construct):
    """`cluster_arn`, the `group` its brokers are in, their addresses as `bootstrap`, and what to wait for until each of
    the `topics` is there. Whoever signs in to the brokers does it with IAM, whatever kind they are."""

    def __init__(self, scope: Construct, id: str, *, network: Network, packages: Packages, stage: Stage) -> None:
        super().__init__(scope, id)
        self._network, self._packages, self._stage = network, packages, stage
        self.group = self._own_group() if stage.kafka.kind != "existing" else self._their_group(stage.kafka)
        retentions = {
            LIVE_TOPIC: stage.kafka.live_retention_minutes * 60_000,
            SAVE_TOPIC: stage.kafka.save_retention_hours * 3_600_000,
        }
        self.topics: Mapping[str, IDependable] = {}
        if isinstance(stage.kafka, ProvisionedKafka):
            provisioned = ProvisionedCluster(
                self, "Brokers", network=network, group=self.group, kafka=stage.kafka, stage=stage
            )
            self.cluster_arn = provisioned.arn
            self.bootstrap = self._ask_for_brokers()
            self.topics = provisioned.make_topics(retentions)
        elif isinstance(stage.kafka, ExistingKafka):
            self.cluster_arn = stage.kafka.cluster_arn
            self.bootstrap = self._ask_for_brokers()
            if stage.kafka.make_topics:
                self.topics = self._make_topics({name: short_lived(ms) for name, ms in retentions.items()})
        else:
            self.cluster_arn = ServerlessCluster(self, "Brokers", network=network, group=self.group).arn
            self.bootstrap = self._ask_for_brokers()
            self.topics = self._make_topics(settings_of_topics(retentions))

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

    def _own_group(self) -> ec2.ISecurityGroup:
        group = self._network.security_group("RoomLog", description="The brokers of the room log")
        # Event source mappings poll with network interfaces in the brokers' own group.
        # https://docs.aws.amazon.com/lambda/latest/dg/with-msk-cluster-network.html
        group.add_ingress_rule(group, ec2.Port.tcp(PORT), "Event source mappings")
        return group

    def _their_group(self, kafka: ExistingKafka) -> ec2.ISecurityGroup:
        # It gets a rule for the functions (grants.py). That it lets itself in is for its owner to see to: a rule that
        # is there already cannot be made once more, and the deployment would fail.
        return ec2.SecurityGroup.from_security_group_id(self, "Group", kafka.security_group_id)

    def _make_topics(self, settings: Mapping[str, Mapping[str, str]]) -> dict[str, IDependable]:
        made = Topics(
            self,
            "Topics",
            network=self._network,
            packages=self._packages,
            brokers=self.group,
            cluster_arn=self.cluster_arn,
            bootstrap=self.bootstrap,
            settings=settings,
            arns=[self.topic_arn(topic) for topic in settings],
            stage=self._stage,
        )
        return dict.fromkeys(settings, made)

    def _ask_for_brokers(self) -> str:
        # CloudFormation knows a cluster's ARN but not its brokers' addresses.
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-msk-cluster.html
        ask = cr.AwsSdkCall(
            service="Kafka",
            action="getBootstrapBrokers",
            parameters={"ClusterArn": self.cluster_arn},
            output_paths=["BootstrapBrokerStringSaslIam"],
            physical_resource_id=cr.PhysicalResourceId.of("brokers"),
        )
        may_ask = iam.PolicyStatement(actions=["kafka:GetBootstrapBrokers"], resources=[self.cluster_arn])
        retention = logs.RetentionDays[self._stage.log_retention]
        log_group = logs.LogGroup(self, "addresses-log", retention=retention, removal_policy=RemovalPolicy.DESTROY)
        brokers = cr.AwsCustomResource(
            self,
            "Addresses",
            on_create=ask,
            on_update=ask,
            policy=cr.AwsCustomResourcePolicy.from_statements([may_ask]),
            install_latest_aws_sdk=False,
            role=role_of_function(self, "addresses-role", log_group=log_group),
            memory_size=ASKING_MB,
            log_group=log_group,
        )
        return brokers.get_response_field("BootstrapBrokerStringSaslIam")
