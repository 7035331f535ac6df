"""What the stage names as there already: VPC, cluster, cache, security groups, secret."""

from collections.abc import Mapping
from typing import Any

from tools.preflight.account import Absent, Account
from tools.preflight.finding import Check, Finding, ok, stop, warning
from tools.preflight.plan import Plan


def _table(plan: Plan, name: str) -> Mapping[str, Any]:
    found = plan.table.get(name)
    return found if isinstance(found, Mapping) else {}


async def vpc(account: Account, plan: Plan) -> list[Finding]:
    existing = _table(plan, "network").get("existing")
    if not existing:
        return []
    vpc_id = existing["vpc_id"]
    try:
        await account.ask("ec2", "describe_vpcs", VpcIds=[vpc_id])
    except Absent:
        return [stop("VPC", f"{vpc_id} is not in this account and Region: correct network.existing.vpc_id")]
    return [
        *await _names(account, vpc_id),
        *await _subnets(account, existing),
        *await _routes(account, existing, _table(plan, "network")["egress"]),
        *await _no_api_endpoint(account, vpc_id),
    ]


async def _names(account: Account, vpc_id: str) -> list[Finding]:
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        answer = await account.ask("ec2", "describe_vpc_attribute", VpcId=vpc_id, Attribute=attribute)
        if not answer[attribute[0].upper() + attribute[1:]]["Value"]:
            way = f"aws ec2 modify-vpc-attribute --vpc-id {vpc_id} --{_option(attribute)}"
            return [stop("VPC", f"{vpc_id} has {attribute} off: {way}")]
    return [ok("VPC", f"{vpc_id}, with DNS names")]


def _option(attribute: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in attribute)


async def _subnets(account: Account, existing: Mapping[str, Any]) -> list[Finding]:
    ids, zones = existing["private_subnet_ids"], existing["availability_zones"]
    try:
        answer = await account.ask("ec2", "describe_subnets", SubnetIds=ids)
    except Absent as absent:
        return [stop("subnets", f"{absent}: correct network.existing.private_subnet_ids")]
    there = {one["SubnetId"]: one for one in answer["Subnets"]}
    for id, zone in zip(ids, zones, strict=True):
        if there[id]["VpcId"] != existing["vpc_id"]:
            return [stop("subnets", f"{id} is in {there[id]['VpcId']}: name one of {existing['vpc_id']}")]
        if there[id]["AvailabilityZone"] != zone:
            actual = there[id]["AvailabilityZone"]
            return [stop("subnets", f"{id} is in {actual}, not {zone}: correct network.existing.availability_zones")]
    return [ok("subnets", ", ".join(f"{id} ({there[id]['AvailableIpAddressCount']} addresses free)" for id in ids))]


async def _routes(account: Account, existing: Mapping[str, Any], egress: str) -> list[Finding]:
    """The way out of each private subnet: its own route table, or the VPC's main one."""
    filters = [{"Name": "vpc-id", "Values": [existing["vpc_id"]]}]
    tables = await account.all("ec2", "describe_route_tables", "RouteTables", Filters=filters)
    by_subnet = {one.get("SubnetId"): table for table in tables for one in table["Associations"]}
    main = [table for table in tables if any(one.get("Main") for one in table["Associations"])]
    destination, field = ("0.0.0.0/0", "DestinationCidrBlock")
    if egress == "ipv6":
        destination, field = ("::/0", "DestinationIpv6CidrBlock")
    lacking = []
    for id in existing["private_subnet_ids"]:
        routes = (by_subnet.get(id) or (main or [{}])[0]).get("Routes", ())
        if not any(route.get(field) == destination and route.get("State", "active") == "active" for route in routes):
            lacking.append(id)
    if lacking:
        text = f"{', '.join(lacking)} have no route to {destination}, which network.egress {egress!r} promises"
        return [stop("way out", f"{text}: add a NAT or egress-only gateway, or change egress")]
    return [ok("way out", f"each private subnet has a route to {destination}")]


async def _no_api_endpoint(account: Account, vpc_id: str) -> list[Finding]:
    """https://aws.amazon.com/premiumsupport/knowledge-center/api-gateway-vpc-connections"""
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
    endpoints = await account.all("ec2", "describe_vpc_endpoints", "VpcEndpoints", Filters=filters)
    for one in endpoints:
        if one["ServiceName"].endswith(".execute-api") and one.get("PrivateDnsEnabled"):
            text = f"{one['VpcEndpointId']} takes the names of all public APIs, and answers POSTs to viewers with 403"
            return [stop("execute-api", f"{text}: turn its private DNS off")]
    return [ok("execute-api", "no endpoint takes the names of public APIs")]


async def groups(account: Account, plan: Plan) -> list[Finding]:
    found = []
    for id in plan.literals("sg-"):
        try:
            await account.ask("ec2", "describe_security_groups", GroupIds=[id])
        except Absent:
            found.append(stop("security group", f"{id} is not in this account and Region"))
        else:
            found.append(ok("security group", id))
    return found


async def cluster(account: Account, plan: Plan) -> list[Finding]:
    arn = _table(plan, "kafka").get("cluster_arn")
    if not arn:
        return []
    _, _, _, region, number = str(arn).split(":")[:5]
    if region != account.region:
        return [stop("MSK cluster", f"{arn} is in {region}, and mappings read clusters of their own Region only")]
    try:
        info = (await account.ask("kafka", "describe_cluster_v2", ClusterArn=arn))["ClusterInfo"]
    except Absent:
        return [stop("MSK cluster", f"{arn} is not there (account {number}): correct kafka.cluster_arn")]
    if info["State"] != "ACTIVE":
        return [stop("MSK cluster", f"{info['ClusterName']} is {info['State']}: wait until it is ACTIVE")]
    kind = info.get("Provisioned") or info.get("Serverless") or {}
    if not kind.get("ClientAuthentication", {}).get("Sasl", {}).get("Iam", {}).get("Enabled"):
        return [stop("MSK cluster", f"{info['ClusterName']} takes no IAM: turn SASL/IAM on (its security settings)")]
    return [ok("MSK cluster", f"{info['ClusterName']} is ACTIVE and takes IAM")]


async def cache(account: Account, plan: Plan) -> list[Finding]:
    table = _table(plan, "cache")
    if table.get("kind") != "existing":
        return []
    name, user = table["name"], table["user_id"]
    try:
        answer = await account.ask("elasticache", "describe_serverless_caches", ServerlessCacheName=name)
        users = await account.ask("elasticache", "describe_users", UserId=user)
    except Absent as absent:
        return [stop("cache", f"{absent}: correct cache.name, cache.user_id")]
    (one,), (who,) = answer["ServerlessCaches"], users["Users"]
    if one["Status"] != "available":
        return [stop("cache", f"{name} is {one['Status']}: wait until it is available")]
    if who.get("Authentication", {}).get("Type") != "iam":
        return [stop("cache", f"the user {user} does not sign in by IAM: make one that does")]
    if one.get("UserGroupId") not in who.get("UserGroupIds", ()):
        return [stop("cache", f"the user {user} is not in the cache's group {one.get('UserGroupId')}: add it")]
    own = (ok if one["Engine"] == "valkey" else warning)("cache", f"{name}: {one['Engine']}, user {user} by IAM")
    return [own]


async def secret(account: Account, plan: Plan) -> list[Finding]:
    arn = plan.table.get("token_secret_arn")
    if not arn:
        return []
    try:
        found = await account.ask("secretsmanager", "describe_secret", SecretId=arn)
    except Absent:
        return [stop("token keys", f"{arn} is not there: correct token_secret_arn")]
    return [ok("token keys", str(found["Name"]))]


CHECKS: Mapping[str, Check] = {
    "VPC": vpc,
    "security group": groups,
    "MSK cluster": cluster,
    "cache": cache,
    "token keys": secret,
}
