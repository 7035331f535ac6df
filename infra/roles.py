"""The roles that functions run as.

AWS has policies for this ready-made, which are for every log group and every cluster of the account. These roles name
what is the stack's own; what has no name that could be said, they list by action.
"""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

# As whom Lambda puts a function into a network. It must be allowed for all resources.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)

# As whom it puts a mapping's pollers into the brokers' network.
# https://docs.aws.amazon.com/lambda/latest/dg/with-msk-permissions.html
POLLERS = (
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)


def role_of_function(
    scope: Construct, id: str, *, log_group: logs.ILogGroup, inside: bool = False, polled: bool = False
) -> iam.Role:
    """A role that may write to its log group; be `inside` the network; be fed by a mapping that polls as itself."""
    role = iam.Role(scope, id, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    log_group.grant_write(role)
    actions = sorted({*(INTERFACES if inside else ()), *(POLLERS if polled else ())})
    if actions:
        role.add_to_policy(iam.PolicyStatement(actions=actions, resources=["*"]))
    return role
