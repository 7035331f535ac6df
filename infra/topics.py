"""Topics where CloudFormation cannot make them: a function does, which the stack runs when it is deployed."""

from collections.abc import Mapping

from aws_cdk import CustomResource, Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import custom_resources as cr
from constructs import Construct

from functions.manifest import PARTITIONS, TOPICS
from infra.network import Network
from infra.packages import Packages
from infra.roles import role_of_function
from infra.stage import Stage

# When CloudFormation gives up if nobody answers; else it waits for an hour.
ANSWER_SECONDS = 900


class Topics(Construct):
    """The topics of `settings`, which are there once this is. They stay when the stack is deleted.

    The function is inside the network, with the brokers, and has no way out: the CDK's Provider, outside, invokes it
    and tells CloudFormation what it returned or raised.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        network: Network,
        packages: Packages,
        brokers: ec2.ISecurityGroup,
        cluster_arn: str,
        bootstrap: str,
        settings: Mapping[str, Mapping[str, str]],
        arns: list[str],
        stage: Stage,
    ) -> None:
        super().__init__(scope, id)
        self._retention = logs.RetentionDays[stage.log_retention]
        self._log = self._log_group("log")
        self._role = role_of_function(self, "role", log_group=self._log, inside=True)
        function = self._make_function(network, packages)
        _let_make_topics(function, cluster_arn, arns)
        provider_log = self._log_group("provider-log")
        provider = cr.Provider(
            self,
            "Provider",
            on_event_handler=function,
            framework_on_event_role=role_of_function(self, "provider-role", log_group=provider_log),
            log_group=provider_log,
        )
        wanted = {name: {"Partitions": str(PARTITIONS), "Settings": dict(one)} for name, one in settings.items()}
        made = CustomResource(
            self,
            "Made",
            service_token=provider.service_token,
            resource_type="Custom::Topics",
            properties={"Bootstrap": bootstrap, "ClusterArn": cluster_arn, "Topics": wanted},
            service_timeout=Duration.seconds(ANSWER_SECONDS),
        )
        # The rights of the function's role, and the rule that lets it in to the brokers.
        made.node.add_dependency(function, self._role, brokers)

    def _make_function(self, network: Network, packages: Packages) -> lambda_.Function:
        return lambda_.Function(
            self,
            TOPICS.name,
            code=packages.of(TOPICS),
            handler=TOPICS.handler,
            role=self._role,
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            timeout=Duration.seconds(TOPICS.timeout_seconds),
            memory_size=TOPICS.memory_mb,
            vpc=network.vpc,
            vpc_subnets=network.private,
            security_groups=[network.functions_group],
            tracing=lambda_.Tracing.ACTIVE,
            logging_format=lambda_.LoggingFormat.JSON,
            log_group=self._log,
        )

    def _log_group(self, id: str) -> logs.LogGroup:
        return logs.LogGroup(self, id, retention=self._retention, removal_policy=RemovalPolicy.DESTROY)


def _let_make_topics(function: lambda_.Function, cluster_arn: str, arns: list[str]) -> None:
    """These two topics, on this cluster, and no deleting.

    https://docs.aws.amazon.com/msk/latest/developerguide/kafka-actions.html
    """
    on_topics = ["CreateTopic", "DescribeTopic", "DescribeTopicDynamicConfiguration", "AlterTopicDynamicConfiguration"]
    for actions, resources in ((["Connect"], [cluster_arn]), (on_topics, arns)):
        named = [f"kafka-cluster:{action}" for action in actions]
        function.add_to_role_policy(iam.PolicyStatement(actions=named, resources=resources))
