"""The zones of a new VPC: whether each has what the stack puts there."""

from collections.abc import Mapping
from typing import Any

from tools.preflight.account import Absent, Account
from tools.preflight.finding import Check, Finding, ok, stop, warning
from tools.preflight.plan import Plan

WAY = "name others in network.availability_zones"


async def zones(account: Account, plan: Plan) -> list[Finding]:
    subnets = plan.of("AWS::EC2::Subnet")
    if not subnets:
        return []
    answer = await account.ask("ec2", "describe_availability_zones")
    there = {str(one["ZoneName"]): one for one in answer["AvailabilityZones"]}
    order = await _order(account, sorted(there))
    used = sorted({_zone(one["AvailabilityZone"], order) for one in subnets})
    missing = [zone for zone in used if there.get(zone, {}).get("State") != "available"]
    if missing:
        return [stop("zones", f"{', '.join(missing)} cannot be used; there are {', '.join(there)}: {WAY}")]
    named = ", ".join(f"{zone} ({there[zone].get('ZoneId', '?')})" for zone in used)
    found = [ok("zones", named)]
    return [*found, *await _endpoints(account, plan, used), *await _brokers(account, plan, used)]


async def _order(account: Account, names: list[str]) -> list[str]:
    """The zones as CloudFormation's Fn::GetAZs orders them: those that have a default subnet, if any has.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-getavailabilityzones.html
    """
    default = [{"Name": "default-for-az", "Values": ["true"]}]
    subnets = await account.all("ec2", "describe_subnets", "Subnets", Filters=default)
    return sorted({str(one["AvailabilityZone"]) for one in subnets}) or names


def _zone(value: Any, order: list[str]) -> str:
    if isinstance(value, str):
        return value
    position = int(value["Fn::Select"][0])
    return order[position] if position < len(order) else f"a zone number {position + 1}"


async def _endpoints(account: Account, plan: Plan, used: list[str]) -> list[Finding]:
    endpoints = [one for one in plan.of("AWS::EC2::VPCEndpoint") if one.get("VpcEndpointType") == "Interface"]
    found = []
    for name in sorted({text for one in endpoints if (text := plan.text(one["ServiceName"]))}):
        try:
            answer = await account.ask("ec2", "describe_vpc_endpoint_services", ServiceNames=[name])
        except Absent:
            found.append(stop("endpoints", f"{account.region} has no endpoint service {name}: egress 'nat' needs none"))
            continue
        offered = {zone for one in answer["ServiceDetails"] for zone in one["AvailabilityZones"]}
        lacking = [zone for zone in used if zone not in offered]
        text = f"{name} is not offered in {', '.join(lacking)}: {WAY}" if lacking else f"{name} is in all of them"
        found.append((stop if lacking else ok)("endpoints", text))
    return found


async def _brokers(account: Account, plan: Plan, used: list[str]) -> list[Finding]:
    """MSK does not tell where it has a type of broker. EC2 tells where it has the instance type of that name."""
    found = []
    for cluster in plan.of("AWS::MSK::Cluster"):
        kind = str(cluster["BrokerNodeGroupInfo"]["InstanceType"])
        filters = [{"Name": "instance-type", "Values": [kind.removeprefix("kafka.").removeprefix("express.")]}]
        offers = await account.all(
            "ec2",
            "describe_instance_type_offerings",
            "InstanceTypeOfferings",
            LocationType="availability-zone",
            Filters=filters,
        )
        lacking = [zone for zone in used if zone not in {one["Location"] for one in offers}]
        if lacking:
            text = f"{kind}: EC2 has no such type in {', '.join(lacking)}, so MSK may have none: {WAY}"
            found.append(warning("broker type", text))
        else:
            found.append(ok("broker type", f"{kind}: EC2 has the type in all zones"))
    return found


CHECKS: Mapping[str, Check] = {"zones": zones}
