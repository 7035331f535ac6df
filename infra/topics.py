"""Topics on clusters for which CloudFormation cannot make them. The stack runs a function that does."""

from collections.abc import Mapping

from aws_cdk import CustomResource, Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import custom_resources as cr
from constructs import Construct

from functions.manifest import PARTITIONS, TOPICS
from infra.function import make_function
from infra.log_group import log_group
from infra.network import Network
from infra.packaging.packages import Packages
from infra.role import make_role
from infra.stage.stage import Stage

# CloudFormation gives up after this. By default it waits for an hour.
ANSWER_SECONDS = 900


class Topics(Construct):
    """The topics of `settings`: they exist once this construct is deployed, and stay when the stack is deleted.

    The function is in the VPC with the brokers and has no route out. The CDK's Provider is outside: it invokes the
    function and reports the outcome to CloudFormation.
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
        function = make_function(self, TOPICS.name, TOPICS, packages=packages, network=network, stage=stage)
        _let_make_topics(function, cluster_arn, arns)
        provider_log = log_group(self, "provider-log", stage=stage)
        provider = cr.Provider(
            self,
            "Provider",
            on_event_handler=function,
            framework_on_event_role=make_role(self, "provider-role", log_group=provider_log),
            log_group=provider_log,
        )
        topics = {name: {"Partitions": str(PARTITIONS), "Settings": dict(one)} for name, one in settings.items()}
        made = CustomResource(
            self,
            "Made",
            service_token=provider.service_token,
            resource_type="Custom::Topics",
            properties={"Bootstrap": bootstrap, "ClusterArn": cluster_arn, "Topics": topics},
            service_timeout=Duration.seconds(ANSWER_SECONDS),
        )
        # The function needs its role's rights, and the brokers' rule that admits it.
        assert function.role is not None
        made.node.add_dependency(function, function.role, brokers)


def _let_make_topics(function: lambda_.Function, cluster_arn: str, arns: list[str]) -> None:
    """The function may make and change these topics on this cluster, and delete none.

    https://docs.aws.amazon.com/msk/latest/developerguide/kafka-actions.html
    """
    on_topics = ["CreateTopic", "DescribeTopic", "DescribeTopicDynamicConfiguration", "AlterTopicDynamicConfiguration"]
    for actions, resources in ((["Connect"], [cluster_arn]), (on_topics, arns)):
        named = [f"kafka-cluster:{action}" for action in actions]
        function.add_to_role_policy(iam.PolicyStatement(actions=named, resources=resources))
