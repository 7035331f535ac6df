"""A cluster of MSK Serverless."""

from collections.abc import Mapping

from aws_cdk import Names
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_msk as msk
from constructs import Construct

from infra.network import Network


class ServerlessCluster(Construct):
    """Brokers that nobody sees; they take IAM over TLS and know nothing else."""

    def __init__(self, scope: Construct, id: str, *, network: Network, group: ec2.ISecurityGroup) -> None:
        super().__init__(scope, id)
        cluster = msk.CfnServerlessCluster(
            self,
            "Cluster",
            cluster_name=Names.unique_resource_name(self, max_length=64, separator="-"),
            client_authentication=msk.CfnServerlessCluster.ClientAuthenticationProperty(
                sasl=msk.CfnServerlessCluster.SaslProperty(iam=msk.CfnServerlessCluster.IamProperty(enabled=True))
            ),
            vpc_configs=[
                msk.CfnServerlessCluster.VpcConfigProperty(
                    subnet_ids=network.private_subnet_ids, security_groups=[group.security_group_id]
                )
            ],
        )
        self.arn = cluster.attr_arn


def settings_of_topics(retentions: Mapping[str, int]) -> dict[str, dict[str, str]]:
    """The settings of each topic. Of how long records stay, this is the one that may be set here.

    https://docs.aws.amazon.com/msk/latest/developerguide/serverless-config.html
    """
    return {name: {"retention.ms": str(retention)} for name, retention in retentions.items()}
