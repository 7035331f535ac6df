"""Gradual deployments: CodeDeploy moves an alias from one version to the next, and back if an alarm goes off.

https://docs.aws.amazon.com/codedeploy/latest/userguide/deployment-configurations.html#deployment-configuration-lambda
"""

from collections.abc import Mapping

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from constructs import Construct

from functions.triggers import Authorizer, HttpRoutes, Route, Schedule
from infra.functions import Deployed, Functions
from infra.stage.stage import Stage

# Each lasts longer than an alarm takes to notice: three minutes.
CONFIGURATIONS = {
    "canary": codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_10_MINUTES,
    "linear": codedeploy.LambdaDeploymentConfig.LINEAR_10_PERCENT_EVERY_1_MINUTE,
}


class Gradual(Construct):
    """One deployment group for each function, but those on a schedule: they are invoked too rarely to tell anything.

    With `deployment` `all` there is nothing: CloudFormation moves the aliases.
    """

    def __init__(
        self, scope: Construct, id: str, *, functions: Functions, alarms: Mapping[str, cloudwatch.Alarm], stage: Stage
    ) -> None:
        super().__init__(scope, id)
        if stage.deployment == "all":
            return
        moved = [one for one in functions.deployed if not isinstance(one.row.trigger, Schedule)]
        application = codedeploy.LambdaApplication(self, "Application")
        role = self._role(moved)
        for deployed in moved:
            codedeploy.LambdaDeploymentGroup(
                self,
                deployed.name,
                application=application,
                alias=deployed.alias,
                deployment_config=CONFIGURATIONS[stage.deployment],
                alarms=[alarms[name] for name in alarms_of(deployed)],
                role=role.without_policy_updates(),
            )

    def _role(self, moved: list[Deployed]) -> iam.Role:
        """AWS's own policy for this would let it move every alias of the account."""
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"))
        actions = ["lambda:GetAlias", "lambda:GetProvisionedConcurrencyConfig", "lambda:UpdateAlias"]
        arns = [arn for one in moved for arn in (one.function.function_arn, one.alias.function_arn)]
        role.add_to_policy(iam.PolicyStatement(actions=actions, resources=arns))
        role.add_to_policy(iam.PolicyStatement(actions=["cloudwatch:DescribeAlarms"], resources=["*"]))
        return role


def alarms_of(deployed: Deployed) -> list[str]:
    """The ids of the alarms that send a function back to the version before."""
    trigger = deployed.row.trigger
    if isinstance(trigger, Authorizer):
        # It refuses a handshake by an error, so there is no alarm of its errors.
        return ["gateway-fails"]
    common = [f"fails-{deployed.name}"]
    if isinstance(trigger, HttpRoutes):
        return [*common, "api-fails"]
    return [*common, "redis-away", "kafka-away"] if isinstance(trigger, Route) else common
