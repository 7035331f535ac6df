"""The network that the cache, the brokers and the functions share."""

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from infra.stage import Stage


class Network(Construct):
    """Two availability zones, private subnets for everything, NAT for what must leave: the POSTs to viewers, and
    what the HTTP API asks of Secrets Manager.

    There is no `execute-api` interface endpoint and must never be one: with it the names of all public APIs
    resolve to the endpoint, which serves private APIs only and answers 403.
    https://aws.amazon.com/premiumsupport/knowledge-center/api-gateway-vpc-connections
    """

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            nat_gateways=stage.network.nat_gateways,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24),
                ec2.SubnetConfiguration(name="Private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20),
            ],
        )
        self.private = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
        self.private_subnet_ids: list[str] = self.vpc.select_subnets(
            subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS
        ).subnet_ids
        # DynamoDB from inside costs nothing this way, and through NAT it would be paid for by the GB. A gateway
        # endpoint is a route, and hides no names.
        self.vpc.add_gateway_endpoint(
            "DynamoDb", service=ec2.GatewayVpcEndpointAwsService.DYNAMODB, subnets=[self.private]
        )
        self.functions_group = self.security_group("Functions", description="The functions")

    def security_group(self, id: str, *, description: str) -> ec2.SecurityGroup:
        """A group that lets everything out and nothing in; who may come in is said in grants.py."""
        return ec2.SecurityGroup(self, id, vpc=self.vpc, description=description, allow_all_outbound=True)
