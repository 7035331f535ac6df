"""The network that the cache, the brokers and the functions share."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.stage import ExistingVpc, NetworkStage, Stage

# What event source mappings in on-demand mode ask: whom to invoke, and as whom.
# https://docs.aws.amazon.com/lambda/latest/dg/with-msk-cluster-network.html
ASKED_BY_MAPPINGS = {
    "Lambda": ec2.InterfaceVpcEndpointAwsService.LAMBDA_,
    "Sts": ec2.InterfaceVpcEndpointAwsService.STS,
}

TRAFFIC = {"rejected": ec2.FlowLogTrafficType.REJECT, "all": ec2.FlowLogTrafficType.ALL}


class Network(Construct):
    """Private subnets for everything, and a way out for what must leave: the POSTs to viewers, and what the HTTP API
    asks of Secrets Manager. That is NAT, or IPv6 through a gateway that lets nothing in. `endpoints_group` is what
    the interface endpoints are in, None where there are none.

    There is no `execute-api` interface endpoint and must never be one: with it the names of all public APIs
    resolve to the endpoint, which serves private APIs only and answers 403.
    https://aws.amazon.com/premiumsupport/knowledge-center/api-gateway-vpc-connections
    """

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        self.over_ipv6 = stage.network.egress == "ipv6"
        existing = stage.network.existing
        self.vpc = self._make_vpc(stage.network) if existing is None else self._find_vpc(existing)
        self.private = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
        self.private_subnet_ids: list[str] = self.vpc.select_subnets(
            subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS
        ).subnet_ids
        if existing is None or existing.private_route_table_ids:
            # DynamoDB from inside costs nothing this way, and through NAT it would be paid for by the GB. A gateway
            # endpoint is a route, and hides no names.
            self.vpc.add_gateway_endpoint(
                "DynamoDb", service=ec2.GatewayVpcEndpointAwsService.DYNAMODB, subnets=[self.private]
            )
        self.functions_group = self.security_group("Functions", description="The functions")
        if stage.network.flow_logs is not None:
            self._log_flows(TRAFFIC[stage.network.flow_logs], stage)
        asked = self.over_ipv6 and stage.network.endpoints and stage.polls_by_itself
        self.endpoints_group = self._make_endpoints() if asked else None

    def security_group(self, id: str, *, description: str) -> ec2.SecurityGroup:
        """A group that lets everything out and nothing in; who may come in is said in grants.py."""
        return ec2.SecurityGroup(
            self,
            id,
            vpc=self.vpc,
            description=description,
            allow_all_outbound=True,
            allow_all_ipv6_outbound=self.over_ipv6,
        )

    def _make_vpc(self, network: NetworkStage) -> ec2.IVpc:
        # The public subnets stay where they are without NAT, so that the private ones keep their IPv4 addresses.
        return ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            nat_gateways=network.nat_gateways,
            ip_protocol=ec2.IpProtocol.DUAL_STACK if self.over_ipv6 else ec2.IpProtocol.IPV4_ONLY,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24),
                ec2.SubnetConfiguration(name="Private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20),
            ],
        )

    def _find_vpc(self, existing: ExistingVpc) -> ec2.IVpc:
        return ec2.Vpc.from_vpc_attributes(
            self,
            "Vpc",
            vpc_id=existing.vpc_id,
            availability_zones=list(existing.availability_zones),
            private_subnet_ids=list(existing.private_subnet_ids),
            private_subnet_route_table_ids=list(existing.private_route_table_ids) or None,
        )

    def _log_flows(self, traffic: ec2.FlowLogTrafficType, stage: Stage) -> None:
        # Who connected from where to where, and nothing of what was said.
        # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-cwl.html
        retention = logs.RetentionDays[stage.log_retention]
        group = logs.LogGroup(self, "Flows", retention=retention, removal_policy=RemovalPolicy.DESTROY)
        self.vpc.add_flow_log(
            "FlowLog", destination=ec2.FlowLogDestination.to_cloud_watch_logs(group), traffic_type=traffic
        )

    def _make_endpoints(self) -> ec2.SecurityGroup:
        # Mappings poll from the brokers' subnets with IPv4 addresses, for which there is no other way out here.
        group = self.security_group("Endpoints", description="Lambda and STS, for the mappings")
        for name, service in ASKED_BY_MAPPINGS.items():
            ec2.InterfaceVpcEndpoint(
                self, name, vpc=self.vpc, service=service, subnets=self.private, security_groups=[group], open=False
            )
        return group
