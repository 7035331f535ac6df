"""Calls of AWS's API during a deployment, for what CloudFormation itself has no resource or attribute for.

The CDK makes one function that makes all calls of the stack. It has one role, to which each call adds its right.
"""

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import custom_resources as cr
from constructs import Construct

from infra.log_group import log_group
from infra.role import make_role
from infra.stage.stage import Stage

# Of the function. This is its default too, and cdk-nag wants it to be explicit.
MEMORY_MB = 512


def sdk_call(
    scope: Construct, id: str, *, stage: Stage, may: iam.PolicyStatement, physical_id: str, **call: Any
) -> cr.AwsCustomResource:
    """A resource that calls the API when it is made, and when it changes. `call` are arguments of the CDK's
    AwsSdkCall."""
    asked = cr.AwsSdkCall(physical_resource_id=cr.PhysicalResourceId.of(physical_id), **call)
    shared = Stack.of(scope).node.try_find_child("Calls")
    if shared is None:
        shared = Construct(Stack.of(scope), "Calls")
        make_role(shared, "role", log_group=log_group(shared, "log", stage=stage))
    role, lines = shared.node.find_child("role"), shared.node.find_child("log")
    return cr.AwsCustomResource(
        scope,
        id,
        on_create=asked,
        on_update=asked,
        policy=cr.AwsCustomResourcePolicy.from_statements([may]),
        install_latest_aws_sdk=False,
        role=role,  # type: ignore[arg-type]
        memory_size=MEMORY_MB,
        log_group=lines,  # type: ignore[arg-type]
    )
