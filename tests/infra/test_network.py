import json
from collections.abc import Callable

import boto3
import pytest
from botocore.config import Config

from tests.infra.cloud import Cloud, JsonObject, id_in
from tests.infra.stage.test_stage import VPC

Varied = Callable[..., Cloud]
IPV6: JsonObject = {"egress": "ipv6", "nat_gateways": 0}


def test_the_private_subnets_leave_through_nat(cloud: Cloud) -> None:
    gateways = {f"<{id}>" for id in cloud.all("AWS::EC2::NatGateway")}
    used = {one["NatGatewayId"] for one in cloud.all("AWS::EC2::Route").values() if "NatGatewayId" in one}
    assert len(gateways) == 2
    assert used == gateways


def test_there_is_no_endpoint_that_would_hide_public_apis(cloud: Cloud) -> None:
    endpoint = cloud.only("AWS::EC2::VPCEndpoint")
    assert endpoint["ServiceName"] == "com.amazonaws.us-east-1.dynamodb"
    # A route, which resolves no name to itself.
    assert endpoint.get("VpcEndpointType", "Gateway") == "Gateway"
    assert "PrivateDnsEnabled" not in endpoint


def test_every_private_subnet_has_the_way_to_the_table(cloud: Cloud) -> None:
    private = {id for id, one in cloud.all("AWS::EC2::Subnet").items() if not one["MapPublicIpOnLaunch"]}
    routed = {
        one["RouteTableId"]
        for one in cloud.all("AWS::EC2::SubnetRouteTableAssociation").values()
        if one["SubnetId"].strip("<>") in private
    }
    assert set(cloud.only("AWS::EC2::VPCEndpoint")["RouteTableIds"]) == routed


def test_what_is_inside_may_reach_secrets_manager_and_the_gateway_outside(cloud: Cloud) -> None:
    (group,) = (
        one for one in cloud.all("AWS::EC2::SecurityGroup").values() if one["GroupDescription"] == "The functions"
    )
    (rule,) = group["SecurityGroupEgress"]
    assert (rule["CidrIp"], rule["IpProtocol"]) == ("0.0.0.0/0", "-1")


def test_the_stack_is_bound_to_no_account_and_no_region(cloud: Cloud) -> None:
    resources = cloud.template["Resources"].values()
    subnets = [one["Properties"] for one in resources if one["Type"] == "AWS::EC2::Subnet"]
    any_region: JsonObject = {"Fn::GetAZs": ""}
    assert [one["AvailabilityZone"] for one in subnets] == [{"Fn::Select": [n, any_region]} for n in (0, 1, 2, 0, 1, 2)]


@pytest.fixture
def dual(varied: Varied) -> Cloud:
    """`dev` without NAT."""
    return varied(network=IPV6)


def test_without_nat_the_private_subnets_leave_over_ipv6_and_let_nobody_in(dual: Cloud) -> None:
    assert not dual.all("AWS::EC2::NatGateway")
    (gateway,) = dual.all("AWS::EC2::EgressOnlyInternetGateway")
    routes = dual.all("AWS::EC2::Route").values()
    out = {one["RouteTableId"] for one in routes if one.get("EgressOnlyInternetGatewayId") == f"<{gateway}>"}
    assert out == set(dual.only_gateway_endpoint()["RouteTableIds"])
    assert not [one for one in routes if one["RouteTableId"] in out and "DestinationCidrBlock" in one]
    assert all("Ipv6CidrBlock" in one for one in dual.all("AWS::EC2::Subnet").values())


def test_without_nat_the_subnets_keep_the_addresses_that_they_have_with_it(dual: Cloud, small_cloud: Cloud) -> None:
    def addresses(cloud: Cloud) -> list[str]:
        return sorted(one["CidrBlock"] for one in cloud.all("AWS::EC2::Subnet").values())

    assert addresses(dual) == addresses(small_cloud)


def test_without_nat_what_is_inside_leaves_over_ipv6(dual: Cloud, small_cloud: Cloud) -> None:
    inside = {name: one["VpcConfig"] for name, one in dual.functions().items() if "VpcConfig" in one}
    assert {"relay-0", "api"} <= inside.keys()
    assert all(one["Ipv6AllowedForDualStack"] is True for one in inside.values())
    (group,) = (
        one for one in dual.all("AWS::EC2::SecurityGroup").values() if one["GroupDescription"] == "The functions"
    )
    assert {rule.get("CidrIpv6") for rule in group["SecurityGroupEgress"]} == {None, "::/0"}
    with_nat = small_cloud.functions()["relay-0"]["VpcConfig"]
    assert with_nat.get("Ipv6AllowedForDualStack") in (None, False)


def test_without_nat_the_gateway_is_posted_to_over_ipv6_by_the_same_name(dual: Cloud, small_cloud: Cloud) -> None:
    api = dual.all("AWS::ApiGatewayV2::Api")[dual.api("WEBSOCKET")]
    assert api["IpAddressType"] == "dualstack"
    assert "IpAddressType" not in small_cloud.all("AWS::ApiGatewayV2::Api")[small_cloud.api("WEBSOCKET")]

    def posts_to(cloud: Cloud) -> str:
        return str(cloud.functions()["relay-0"]["Environment"]["Variables"]["CONNECTIONS_URL"])

    assert posts_to(dual) == posts_to(small_cloud)


def test_without_nat_secrets_manager_goes_by_the_name_that_boto3_has_for_it_over_ipv6(
    dual: Cloud, small_cloud: Cloud
) -> None:
    config = Config(use_dualstack_endpoint=True)
    client = boto3.session.Session().client("secretsmanager", region_name="us-east-1", config=config)
    name = "AWS_ENDPOINT_URL_SECRETS_MANAGER"
    told = {function: one["Environment"]["Variables"].get(name) for function, one in dual.functions().items()}
    assert {function for function, url in told.items() if url} == {"api", "authorize"}
    assert told["api"] == client.meta.endpoint_url
    assert all(name not in one["Environment"]["Variables"] for one in small_cloud.functions().values())


def test_without_nat_mappings_that_poll_by_themselves_reach_lambda_and_sts(dual: Cloud) -> None:
    made = [one for one in dual.all("AWS::EC2::VPCEndpoint").values() if one["VpcEndpointType"] == "Interface"]
    names = {one["ServiceName"] for one in made}
    assert names == {"com.amazonaws.us-east-1.lambda", "com.amazonaws.us-east-1.sts"}
    assert all(one["PrivateDnsEnabled"] for one in made)
    (group,) = {id_in(one["SecurityGroupIds"][0]) for one in made}
    groups = {f"<{id}.GroupId>": one["GroupDescription"] for id, one in dual.all("AWS::EC2::SecurityGroup").items()}
    rules = [one for one in dual.all("AWS::EC2::SecurityGroupIngress").values() if group in one["GroupId"]]
    assert [(one["FromPort"], one["ToPort"]) for one in rules] == [(443, 443)]
    assert groups[rules[0]["SourceSecurityGroupId"]] == "The brokers of the room log"
    assert "SecurityGroupIngress" not in dual.all("AWS::EC2::SecurityGroup")[group]


def test_mappings_with_pollers_of_their_own_need_no_endpoints(varied: Varied) -> None:
    alone = varied(network=IPV6, relay={"low_latency": True}, archive={"mode": "provisioned"})
    assert alone.only_gateway_endpoint()
    assert len(alone.all("AWS::EC2::VPCEndpoint")) == 1


@pytest.fixture
def existing(varied: Varied) -> Cloud:
    """`dev` in a VPC that is there, which has NAT and the way to DynamoDB."""
    return varied(network={"nat_gateways": 0, "existing": VPC})


def test_a_network_that_is_there_is_used_as_it_is(existing: Cloud) -> None:
    made = {one["Type"] for one in existing.template["Resources"].values() if one["Type"].startswith("AWS::EC2::")}
    assert made == {"AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress"}
    assert {one["VpcId"] for one in existing.all("AWS::EC2::SecurityGroup").values()} == {VPC["vpc_id"]}
    assert existing.functions()["relay-0"]["VpcConfig"]["SubnetIds"] == VPC["private_subnet_ids"]
    assert existing.only("AWS::ElastiCache::ServerlessCache")["SubnetIds"] == VPC["private_subnet_ids"]


def test_a_network_that_is_there_gets_the_way_to_the_table_where_its_route_tables_are_told(varied: Varied) -> None:
    told = {**VPC, "private_route_table_ids": ["rtb-0a1b2c3d", "rtb-1a1b2c3d"]}
    endpoint = varied(network={"nat_gateways": 0, "existing": told}).only_gateway_endpoint()
    assert endpoint["RouteTableIds"] == told["private_route_table_ids"]
    assert endpoint["VpcId"] == VPC["vpc_id"]


@pytest.mark.parametrize("endpoints", [True, False])
def test_a_network_that_is_there_gets_endpoints_unless_it_has_them(varied: Varied, endpoints: bool) -> None:
    cloud = varied(network={**IPV6, "existing": VPC, "endpoints": endpoints})
    assert len(cloud.all("AWS::EC2::VPCEndpoint")) == (2 if endpoints else 0)
    assert not cloud.all("AWS::EC2::VPC")


def test_no_stage_has_an_endpoint_for_apis(dual: Cloud, existing: Cloud) -> None:
    for cloud in (dual, existing):
        names = [one["ServiceName"] for one in cloud.all("AWS::EC2::VPCEndpoint").values()]
        assert not [name for name in names if "execute-api" in name]


def test_the_default_group_of_a_new_network_lets_nothing_in_or_out(cloud: Cloud, existing: Cloud) -> None:
    calls = [json.loads(one["Create"]) for one in cloud.all("Custom::AWS").values()]
    (vpc,) = cloud.all("AWS::EC2::VPC")
    group = f"<{vpc}.DefaultSecurityGroup>"
    revoked = {one["action"]: one["parameters"] for one in calls if one["service"] == "EC2"}
    assert revoked.keys() == {"revokeSecurityGroupIngress", "revokeSecurityGroupEgress"}
    assert {one["GroupId"] for one in revoked.values()} == {group}
    assert revoked["revokeSecurityGroupIngress"]["IpPermissions"][0]["UserIdGroupPairs"] == [{"GroupId": group}]
    assert not [one for one in existing.all("Custom::AWS").values() if "EC2" in one["Create"]]


def test_refused_connections_are_logged_in_prod_and_nothing_where_the_stage_does_not_say_so(
    cloud: Cloud, small_cloud: Cloud
) -> None:
    log = cloud.only("AWS::EC2::FlowLog")
    (vpc,) = cloud.all("AWS::EC2::VPC")
    assert (log["ResourceId"], log["TrafficType"]) == (f"<{vpc}>", "REJECT")
    assert cloud.all("AWS::Logs::LogGroup")[id_in(log["LogGroupName"])]["RetentionInDays"] == 90
    assert not small_cloud.all("AWS::EC2::FlowLog")
