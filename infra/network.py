"""The network that the cache, the brokers and the functions share."""

from aws_cdk import Acknowledgment, CfnResource, Stack, Validations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.fingerprint import fingerprint
from infra.log_group import log_group
from infra.sdk_call import sdk_call
from infra.stage.network import DEFAULT_ZONES, ExistingVpc
from infra.stage.stage import Stage

# The services that event source mappings in on-demand mode call.
# https://docs.aws.amazon.com/lambda/latest/dg/with-msk-cluster-network.html
CALLED_BY_MAPPINGS = {
    "Lambda": ec2.InterfaceVpcEndpointAwsService.LAMBDA_,
    "Sts": ec2.InterfaceVpcEndpointAwsService.STS,
}

TRAFFIC = {"rejected": ec2.FlowLogTrafficType.REJECT, "all": ec2.FlowLogTrafficType.ALL}


class Network(Construct):
    """Private subnets for everything, and a route out: NAT, or IPv6 through an egress-only gateway. The POSTs to
    viewers use it, and the HTTP API's calls of Secrets Manager. `endpoints_group` is the security group of the
    interface endpoints, None if there are none.

    There is no `execute-api` interface endpoint, and there must never be one. With it, the names of all public APIs
    resolve to the endpoint, which serves private APIs only and answers 403.
    https://aws.amazon.com/premiumsupport/knowledge-center/api-gateway-vpc-connections
    """

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        self.over_ipv6 = stage.network.egress == "ipv6"
        existing = stage.network.existing
        self.vpc = self._make_vpc(stage) if existing is None else self._find_vpc(existing)
        self.private = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS)
        self.private_subnet_ids: list[str] = self.vpc.select_subnets(
            subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS
        ).subnet_ids
        self._places = list(existing.private_subnet_ids) if existing else _new_places(stage)
        if existing is None or existing.private_route_table_ids:
            # DynamoDB is free over a gateway endpoint; through NAT each GB is paid for. A gateway endpoint is a route:
            # it changes no DNS names.
            self.vpc.add_gateway_endpoint(
                "DynamoDb", service=ec2.GatewayVpcEndpointAwsService.DYNAMODB, subnets=[self.private]
            )
        self.functions_group = self.security_group("Functions", description="The functions")
        if stage.network.flow_logs is not None:
            self._log_flows(TRAFFIC[stage.network.flow_logs], stage)
        needed = self.over_ipv6 and stage.network.endpoints and stage.has_on_demand_mappings
        self.endpoints_group = self._make_endpoints() if needed else None

    def places(self, count: int) -> list[str]:
        """What tells the first private subnets from those of another network. Whatever cannot move into other subnets
        has it in its fingerprint."""
        return self._places[:count]

    def security_group(self, id: str, *, description: str) -> ec2.SecurityGroup:
        """A group that allows all egress and no ingress. grants.py adds the ingress rules."""
        return ec2.SecurityGroup(
            self,
            id,
            vpc=self.vpc,
            description=description,
            allow_all_outbound=True,
            allow_all_ipv6_outbound=self.over_ipv6,
        )

    def _make_vpc(self, stage: Stage) -> ec2.IVpc:
        network = stage.network
        # Without NAT the public subnets are unused. They stay, so that the private ones keep their IPv4 addresses.
        zones = network.availability_zones
        vpc = ec2.Vpc(
            self,
            f"Vpc{_new_vpc(stage)}",
            max_azs=None if zones else stage.zones,
            availability_zones=list(zones) if zones else None,
            # _close_default_group does it with a role of ours.
            restrict_default_security_group=False,
            nat_gateways=network.nat_gateways,
            ip_protocol=ec2.IpProtocol.DUAL_STACK if self.over_ipv6 else ec2.IpProtocol.IPV4_ONLY,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Public", subnet_type=ec2.SubnetType.PUBLIC, cidr_mask=24),
                ec2.SubnetConfiguration(name="Private", subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS, cidr_mask=20),
            ],
        )
        self._close_default_group(vpc, stage)
        if zones:
            _take_names_of_zones(vpc)
        return vpc

    def _close_default_group(self, vpc: ec2.Vpc, stage: Stage) -> None:
        """Take both rules from the VPC's default group, which nothing of the stack is in.

        https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html
        """
        group = vpc.vpc_default_security_group
        everything = {"IpProtocol": "-1"}
        rules = {
            "Ingress": everything | {"UserIdGroupPairs": [{"GroupId": group}]},
            "Egress": everything | {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
        }
        arn = Stack.of(self).format_arn(service="ec2", resource="security-group", resource_name=group)
        for way, rule in rules.items():
            sdk_call(
                vpc,
                f"No{way}",
                stage=stage,
                may=iam.PolicyStatement(actions=[f"ec2:RevokeSecurityGroup{way}"], resources=[arn]),
                physical_id=f"no {way.lower()} by default",
                service="EC2",
                action=f"revokeSecurityGroup{way}",
                parameters={"GroupId": group, "IpPermissions": [rule]},
                output_paths=["Return"],
                ignore_error_codes_matching="InvalidPermission.NotFound",
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
        # A flow log has addresses and sizes, and no content.
        # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-cwl.html
        destination = ec2.FlowLogDestination.to_cloud_watch_logs(log_group(self, "Flows", stage=stage))
        self.vpc.add_flow_log("FlowLog", destination=destination, traffic_type=traffic)

    def _make_endpoints(self) -> ec2.SecurityGroup:
        # Pollers have IPv4 addresses in the brokers' subnets, and without NAT there is no other IPv4 route out.
        group = self.security_group("Endpoints", description="Lambda and STS, for the mappings")
        for name, service in CALLED_BY_MAPPINGS.items():
            ec2.InterfaceVpcEndpoint(
                self, name, vpc=self.vpc, service=service, subnets=self.private, security_groups=[group], open=False
            )
        return group


def _take_names_of_zones(vpc: ec2.Vpc) -> None:
    """Tell cfn-lint and the CDK that the zones are meant by name."""
    for resource in filter(CfnResource.is_cfn_resource, vpc.node.find_all()):
        if isinstance(resource, ec2.CfnSubnet):
            reason = "network.availability_zones: the stage names them."
            Validations.of(resource).acknowledge(Acknowledgment(id="CloudFormation-Validate::W3010", reason=reason))
            resource.add_metadata("cfn-lint", {"config": {"ignore_checks": ["W3010"]}})


def _new_vpc(stage: Stage) -> str:
    """The fingerprint of a new VPC: a subnet cannot change its zone or its addresses. A third zone is added to a VPC of
    two, unless that has IPv6, whose addresses are counted through."""
    names, dual = stage.network.availability_zones, stage.network.egress == "ipv6"
    counted = stage.zones if dual else DEFAULT_ZONES
    return fingerprint(stage.network.egress, names[:counted] if names else None, counted)


def _new_places(stage: Stage) -> list[str]:
    zones = stage.network.availability_zones or [str(number) for number in range(stage.zones)]
    return [f"{_new_vpc(stage)} {zone}" for zone in zones]
