"""One Lambda function: its log group, its role, and what all functions of the manifest have in common."""

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from functions.manifest import Function, packages_of
from functions.triggers import Topic
from infra.log_group import log_group
from infra.network import Network
from infra.packaging.packages import Packages
from infra.role import make_role
from infra.stage.china import is_in_china
from infra.stage.stage import Stage


def make_function(
    scope: Construct,
    name: str,
    row: Function,
    *,
    packages: Packages,
    network: Network | None,
    stage: Stage,
    prefix: str = "",
    **more: Any,
) -> lambda_.Function:
    """The function of a row of the manifest, inside `network` if there is one. `prefix` goes before the ids of its
    role and log group; `more` are further arguments of the CDK's Function."""
    lines = log_group(scope, f"{prefix}log", stage=stage)
    polled = isinstance(row.trigger, Topic)
    return lambda_.Function(
        scope,
        name,
        code=packages.of(packages_of(row, identity=stage.identity is not None), has_site=row.has_site),
        handler=row.handler,
        role=make_role(scope, f"{prefix}role", log_group=lines, inside=network is not None, polled=polled),
        # The newest that Lambda has. aiokafka and httptools have wheels for it on arm64.
        runtime=lambda_.Runtime.PYTHON_3_14,
        architecture=lambda_.Architecture.ARM_64,
        timeout=Duration.seconds(row.timeout_seconds),
        memory_size=row.memory_mb,
        # Lambda sends the traces itself: no library, and no route out of the VPC, is needed for it. Not in China:
        # https://docs.amazonaws.cn/en_us/aws/latest/userguide/lambda.html
        tracing=lambda_.Tracing.DISABLED if is_in_china(stage.region) else lambda_.Tracing.ACTIVE,
        logging_format=lambda_.LoggingFormat.JSON,
        log_group=lines,
        vpc=network.vpc if network else None,
        vpc_subnets=network.private if network else None,
        security_groups=[network.functions_group] if network else None,
        **more,
    )
