"""Access logs of both APIs: a line of JSON for each request, and nothing in it that would let its reader in."""

import json
from collections.abc import Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigateway as account
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.stage import Stage

# Of both kinds of API. What clients themselves write is left out, as a quote in it might end the JSON: reasons of
# closing, user agents, paths. So is whatever may hold a token: queries, headers, bodies.
COMMON = (
    *("requestId", "requestTime", "identity.sourceIp", "routeKey", "status"),
    *("integrationLatency", "integration.error"),
)


class AccessLog(Construct):
    """The log group of one API's stage; `written_by` has the stage write into it."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        self._group = logs.LogGroup(
            self, "Group", retention=logs.RetentionDays[stage.log_retention], removal_policy=RemovalPolicy.DESTROY
        )

    def written_by(self, stage: apigateway.IStage, variables: Sequence[str]) -> None:
        """One line a request, with these of API Gateway's variables besides the COMMON ones."""
        line = {_key(name): f"$context.{name}" for name in (*COMMON, *variables)}
        made = stage.node.default_child
        assert isinstance(made, apigateway.CfnStage)
        made.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=self._group.log_group_arn, format=json.dumps(line)
        )


class LogsRole(Construct):
    """The role that API Gateway writes all its logs with, those of other stacks too: an account and Region have one.

    It stays when the stack goes, as others would be left without.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AmazonAPIGatewayPushToCloudWatchLogs")
            ],
        )
        settings = account.CfnAccount(self, "Account", cloud_watch_role_arn=role.role_arn)
        for kept in (role, settings):
            kept.apply_removal_policy(RemovalPolicy.RETAIN)


def _key(variable: str) -> str:
    # With a dot in its name CloudWatch's queries would look for a table.
    first, *others = variable.split(".")
    return first + "".join(other[0].upper() + other[1:] for other in others)
