"""Access logs of both APIs: one line of JSON for each request, without anything that would let its reader connect."""

import json
from collections.abc import Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigateway as account
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.log_group import log_group
from infra.stage.stage import Stage

# Variables of both kinds of API. Text that clients choose is left out (close reasons, user agents, paths), because a
# quote in it could break the JSON. So is what may hold a token: queries, headers, bodies.
COMMON = (
    *("requestId", "requestTime", "identity.sourceIp", "routeKey", "status"),
    *("integrationLatency", "integration.error"),
)


def log_requests(scope: Construct, api_stage: apigateway.IStage, variables: Sequence[str], *, stage: Stage) -> None:
    """Write a line for each request of an API's stage: the COMMON variables and these."""
    group = log_group(Construct(scope, "AccessLog"), "Group", stage=stage, vended=True)
    line = {_key(name): f"$context.{name}" for name in (*COMMON, *variables)}
    resource = api_stage.node.default_child
    assert isinstance(resource, apigateway.CfnStage)
    resource.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
        destination_arn=group.log_group_arn, format=json.dumps(line)
    )


class LogsRole(Construct):
    """The role that API Gateway writes logs with. An account has one for each Region, which other stacks use too.

    So the role stays when the stack is deleted.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        policy = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(policy)],
        )
        settings = account.CfnAccount(self, "Account", cloud_watch_role_arn=role.role_arn)
        for resource in (role, settings):
            resource.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)


def _key(variable: str) -> str:
    # CloudWatch's queries read a dot in a key as a nested object.
    first, *others = variable.split(".")
    return first + "".join(other[0].upper() + other[1:] for other in others)
