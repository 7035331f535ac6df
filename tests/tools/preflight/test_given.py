"""What a stage names as there already: networks and domains of moto's, clusters and caches in a table."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from functions.adapters.aws.client import aws_client
from tests.tools.preflight.stubs import ACCOUNT, REGION, Stubs
from tools.preflight.account import Account
from tools.preflight.checks import edge, given
from tools.preflight.finding import Check, Finding
from tools.preflight.plan import Plan

CLUSTER = f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/theirs/0c1d-3"


def plan(resources: Mapping[str, Any] | None = None, **table: Any) -> Plan:
    return Plan(
        stack="live-rooms-x",
        template={"Resources": resources or {}},
        table={"name": "x", **table},
        account=None,
        region=None,
        bootstrap=(6, "/p"),
    )


def found(check: Check, account: Account, what: Plan) -> dict[str, tuple[str, str]]:
    async def checked() -> list[Finding]:
        return await check(account, what)

    findings = asyncio.run(checked())
    return {one.name: (one.level, one.text) for one in findings}


@pytest.fixture
def moto(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """boto3's clients of an emulated account, by service."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    return lambda service: boto3.client(service, region_name=REGION, endpoint_url=moto_url)


@pytest.fixture
def account(moto_url: str, moto: Callable[[str], Any]) -> Account:
    def make(service: str, region: str) -> Any:
        return aws_client(service, region, connect_seconds=5, answer_seconds=30, endpoint_url=moto_url)

    return Account(REGION, make)


def their_vpc(ec2: Any) -> dict[str, Any]:
    """A VPC with two private subnets and a NAT gateway."""
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    zones = [f"{REGION}a", f"{REGION}b"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.7.{i}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for i, zone in enumerate(zones)
    ]
    return {"vpc_id": vpc, "availability_zones": zones, "private_subnet_ids": subnets}


def routed(ec2: Any, existing: Mapping[str, Any]) -> None:
    """Give the VPC's main route table, which both subnets use, a way out."""
    filters = [{"Name": "vpc-id", "Values": [existing["vpc_id"]]}]
    (main,) = ec2.describe_route_tables(Filters=filters)["RouteTables"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=existing["private_subnet_ids"][0], AllocationId=address)["NatGateway"]
    ec2.create_route(
        RouteTableId=main["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat["NatGatewayId"]
    )


def test_a_vpc_that_has_what_is_needed_is_ok(moto: Callable[[str], Any], account: Account) -> None:
    existing = their_vpc(moto("ec2"))
    routed(moto("ec2"), existing)
    network = {"egress": "nat", "existing": existing}
    levels = {name: level for name, (level, _) in found(given.vpc, account, plan(network=network)).items()}
    assert levels == {"VPC": "ok", "subnets": "ok", "way out": "ok", "execute-api": "ok"}


def test_what_a_vpc_lacks_is_named(moto: Callable[[str], Any], account: Account) -> None:
    ec2 = moto("ec2")
    existing = their_vpc(ec2)

    def stops(**changes: Any) -> dict[str, str]:
        network = {"egress": changes.pop("egress", "nat"), "existing": {**existing, **changes}}
        findings = found(given.vpc, account, plan(network=network))
        return {name: text for name, (level, text) in findings.items() if level == "stop"}

    assert "0.0.0.0/0" in stops()["way out"]
    routed(ec2, existing)
    assert stops() == {}
    assert "::/0" in stops(egress="ipv6")["way out"]
    assert "vpc-0a1b2c3d is not in this account" in stops(vpc_id="vpc-0a1b2c3d")["VPC"]
    turned = list(reversed(existing["availability_zones"]))
    assert "correct network.existing.availability_zones" in stops(availability_zones=turned)["subnets"]
    assert "private_subnet_ids" in stops(private_subnet_ids=["subnet-0a1b2c3d", "subnet-1a1b2c3d"])["subnets"]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=existing["vpc_id"],
        ServiceName=f"com.amazonaws.{REGION}.execute-api",
        VpcEndpointType="Interface",
        PrivateDnsEnabled=True,
    )["VpcEndpoint"]["VpcEndpointId"]
    assert endpoint in stops()["execute-api"]
    ec2.modify_vpc_attribute(VpcId=existing["vpc_id"], EnableDnsHostnames={"Value": False})
    assert "--enable-dns-hostnames" in stops()["VPC"]


def test_a_security_group_anywhere_in_the_template_is_looked_for(moto: Callable[[str], Any], account: Account) -> None:
    group = moto("ec2").create_security_group(GroupName="theirs", Description="theirs")["GroupId"]
    for id, level in ((group, "ok"), ("sg-0a1b2c3d", "stop")):
        resources = {"One": {"Type": "Any", "Properties": {"Nested": [{"GroupId": id}]}}}
        assert found(given.groups, account, plan(resources))["security group"][0] == level, id


def test_a_secret_is_looked_for(moto: Callable[[str], Any], account: Account) -> None:
    secret = moto("secretsmanager").create_secret(Name="keys-of-preflight", SecretString="{}")["ARN"]
    for arn, level in ((secret, "ok"), (secret[:-6] + "aaaaaa", "stop")):
        assert found(given.secret, account, plan(token_secret_arn=arn))["token keys"][0] == level, arn


def cluster_info(state: str = "ACTIVE", *, iam: bool = True) -> dict[str, Any]:
    kind = {"VpcConfigs": [], "ClientAuthentication": {"Sasl": {"Iam": {"Enabled": iam}}}}
    return {"ClusterInfo": {"ClusterName": "theirs", "State": state, "Serverless": kind}}


def test_a_cluster_must_be_active_take_iam_and_be_of_the_region() -> None:
    cases: list[tuple[Any, str, str, str]] = [
        (cluster_info(), CLUSTER, "ok", "ACTIVE"),
        (cluster_info("CREATING"), CLUSTER, "stop", "wait"),
        (cluster_info(iam=False), CLUSTER, "stop", "takes no IAM"),
        ("NotFoundException", CLUSTER, "stop", "correct kafka.cluster_arn"),
        (cluster_info(), CLUSTER.replace(REGION, "eu-west-1"), "stop", "eu-west-1"),
    ]
    for answer, arn, level, said in cases:
        account = Account(REGION, Stubs({"kafka.describe_cluster_v2": answer}))
        got = found(given.cluster, account, plan(kafka={"kind": "existing", "cluster_arn": arn}))["MSK cluster"]
        assert got[0] == level, said
        assert said in got[1]


def test_a_cache_must_be_available_and_its_user_sign_in_by_iam() -> None:
    table = {"kind": "existing", "name": "theirs", "user_id": "rooms"}
    there = {"Status": "available", "Engine": "valkey", "UserGroupId": "g"}
    user = {"Authentication": {"Type": "iam"}, "UserGroupIds": ["g"]}
    cases: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
        ({}, {}, "ok", "valkey"),
        ({"Status": "creating"}, {}, "stop", "wait"),
        ({"Engine": "redis"}, {}, "warning", "redis"),
        ({}, {"Authentication": {"Type": "password"}}, "stop", "IAM"),
        ({}, {"UserGroupIds": []}, "stop", "group g"),
    ]
    for cache, who, level, said in cases:
        answers = {
            "elasticache.describe_serverless_caches": {"ServerlessCaches": [{**there, **cache}]},
            "elasticache.describe_users": {"Users": [{**user, **who}]},
        }
        got = found(given.cache, Account(REGION, Stubs(answers)), plan(cache=table))["cache"]
        assert got[0] == level, said
        assert said in got[1]


def test_what_the_stage_makes_itself_is_not_asked_about() -> None:
    account = Account(REGION, Stubs({}))
    own = plan(network={"egress": "nat"}, kafka={"kind": "provisioned"}, cache={"kind": "serverless"}, archive={})
    for name, check in {**given.CHECKS, **edge.CHECKS}.items():
        assert found(check, account, own) == {}, name


DISTRIBUTION = {
    "Type": "AWS::CloudFront::Distribution",
    "Properties": {
        "DistributionConfig": {
            "Aliases": ["rooms.example.com"],
            "ViewerCertificate": {"AcmCertificateArn": f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/0a1b"},
        }
    },
}


def test_a_certificate_must_be_issued_for_the_name() -> None:
    issued = {"Status": "ISSUED", "DomainName": "example.com", "SubjectAlternativeNames": ["*.example.com"]}
    cases: list[tuple[Any, str, str]] = [
        ({"Certificate": issued}, "ok", "rooms.example.com"),
        ({"Certificate": {**issued, "Status": "PENDING_VALIDATION"}}, "stop", "DNS records"),
        ({"Certificate": {**issued, "SubjectAlternativeNames": ["example.com"]}}, "stop", "not for rooms.example.com"),
        ({"Certificate": {**issued, "NotAfter": datetime(2026, 1, 1, tzinfo=UTC)}}, "warning", "does not renew"),
        ("ResourceNotFoundException", "stop", "is not in this account"),
    ]
    for answer, level, said in cases:
        stubs = Stubs({"acm.describe_certificate": answer})
        got = found(edge.certificates, Account(REGION, stubs), plan({"Edge": DISTRIBUTION}))["certificate"]
        assert got[0] == level, said
        assert said in got[1]
        assert stubs.asked == [("acm", "us-east-1", "describe_certificate")]


def test_a_wildcard_is_for_one_label() -> None:
    assert edge.covers("*.example.com", "rooms.example.com")
    assert not edge.covers("*.example.com", "a.rooms.example.com")
    assert not edge.covers("*.example.com", "example.com")
    assert edge.covers("Rooms.Example.com", "rooms.example.com")


def test_a_hosted_zone_must_be_public_and_above_the_name(moto: Callable[[str], Any], account: Account) -> None:
    route53 = moto("route53")

    def made(name: str, **more: Any) -> str:
        id = route53.create_hosted_zone(Name=name, CallerReference=name + str(more), **more)["HostedZone"]["Id"]
        return str(id).rpartition("/")[2]

    private = {"HostedZoneConfig": {"PrivateZone": True}, "VPC": {"VPCRegion": REGION, "VPCId": "vpc-0a1b2c3d"}}
    cases = [
        (made("example.com"), "ok", "example.com for rooms.example.com"),
        (made("example.org"), "stop", "not below it"),
        (made("example.com", **private), "stop", "private"),
        ("Z0123456789ABCDEFGHIJ", "stop", "is not in this account"),
    ]
    for id, level, said in cases:
        record = {"HostedZoneId": id, "Name": "rooms.example.com.", "Type": "A"}
        resources = {"Record": {"Type": "AWS::Route53::RecordSet", "Properties": record}}
        got = found(edge.hosted_zones, account, plan(resources))["hosted zone"]
        assert got[0] == level, said
        assert said in got[1]


def test_the_role_of_api_gateways_logs_is_neither_missing_nor_taken_from_others() -> None:
    stage = {"Type": "AWS::ApiGatewayV2::Stage", "Properties": {"AccessLogSettings": {}}}
    ours = {"Type": "AWS::ApiGateway::Account", "Properties": {}}
    theirs = {"cloudwatchRoleArn": f"arn:aws:iam::{ACCOUNT}:role/theirs"}
    own = {
        "StackResources": [
            {
                "ResourceType": ours["Type"],
                "LogicalResourceId": "A",
                "ResourceStatus": "X",
                "Timestamp": "2026-11-30T00:00:00Z",
            }
        ]
    }
    cases: list[tuple[dict[str, Any], dict[str, Any], Any, str]] = [
        ({"Stage": stage}, {}, "ValidationError", "stop"),
        ({"Stage": stage}, theirs, "ValidationError", "ok"),
        ({"Stage": stage, "Account": ours}, {}, "ValidationError", "ok"),
        ({"Stage": stage, "Account": ours}, theirs, "ValidationError", "warning"),
        ({"Stage": stage, "Account": ours}, theirs, own, "ok"),
    ]
    for resources, role, stack, level in cases:
        stubs = Stubs({"apigateway.get_account": role, "cloudformation.describe_stack_resources": stack})
        assert found(edge.logs_role, Account(REGION, stubs), plan(resources))["API Gateway logs"][0] == level
