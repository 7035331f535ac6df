"""The roles of functions.

AWS's managed policies allow writing to every log group and reading every cluster of the account. So roles are made
here: they name the stack's own resources. Some actions support no resource names; those are listed one by one.
"""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

# Lambda puts a function into a VPC with the function's role. AWS wants these allowed for all resources.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)

# It puts a mapping's pollers into the brokers' subnets with the same role.
# https://docs.aws.amazon.com/lambda/latest/dg/with-msk-permissions.html
POLLERS = (
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)


def make_role(
    scope: Construct, id: str, *, log_group: logs.ILogGroup, inside: bool = False, polled: bool = False
) -> iam.Role:
    """A role that may write to its log group. `inside`: the function is in the VPC. `polled`: a mapping feeds it."""
    role = iam.Role(scope, id, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    log_group.grant_write(role)
    actions = sorted({*(INTERFACES if inside else ()), *(POLLERS if polled else ())})
    if actions:
        role.add_to_policy(iam.PolicyStatement(actions=actions, resources=["*"]))
    return role
