"""The stack's log groups."""

from aws_cdk import Aws, Fn, Names, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.stage.stage import Stage


def log_group(scope: Construct, id: str, *, stage: Stage, vended: bool = False) -> logs.LogGroup:
    """A log group that keeps lines for the stage's `log_retention` and is deleted with the stack.

    `vended`: an AWS service delivers the lines, by the account's one resource policy for that. It has 5,120 characters,
    which a name of this prefix needs none of.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
    """
    key = stage.log_kms_key_arn
    return logs.LogGroup(
        scope,
        id,
        log_group_name=_vended_name(scope) if vended else None,
        retention=logs.RetentionDays[stage.log_retention],
        encryption_key=kms.Key.from_key_arn(scope, f"{id}-key", key) if key else None,
        removal_policy=RemovalPolicy.DESTROY,
    )


def _vended_name(scope: Construct) -> str:
    # The stack's own id makes the name new when the stack is: a late line may have made the old group again.
    stack = Fn.select(2, Fn.split("/", Aws.STACK_ID))
    name = Names.unique_resource_name(scope, max_length=128, separator="-", allowed_special_characters="-")
    return f"/aws/vendedlogs/{name}-{stack}"
