"""Domains, certificates, hosted zones, and the role with which API Gateway writes logs."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from tools.preflight.account import Absent, Account
from tools.preflight.finding import Check, Finding, ok, stop, warning
from tools.preflight.plan import Plan

SOON_DAYS = 14


async def logs_role(account: Account, plan: Plan) -> list[Finding]:
    """An account has one for each Region. https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html"""
    logged = any("AccessLogSettings" in one for one in plan.of("AWS::ApiGatewayV2::Stage"))
    if not logged:
        return []
    role = (await account.ask("apigateway", "get_account")).get("cloudwatchRoleArn")
    made = bool(plan.of("AWS::ApiGateway::Account"))
    if role and made and not await _is_ours(account, plan):
        text = f"the account has {role}, which the stack would replace: edge.access_logs_role false keeps it"
        return [warning("API Gateway logs", text)]
    if not role and not made:
        text = "the account has no role for them, and access logs are on: set edge.access_logs_role true"
        return [stop("API Gateway logs", text)]
    return [ok("API Gateway logs", f"role {role}" if role else "the stack makes the account's role")]


async def _is_ours(account: Account, plan: Plan) -> bool:
    try:
        answer = await account.ask("cloudformation", "describe_stack_resources", StackName=plan.stack)
    except Absent:
        return False
    return any(one["ResourceType"] == "AWS::ApiGateway::Account" for one in answer["StackResources"])


async def certificates(account: Account, plan: Plan) -> list[Finding]:
    return [await _certificate(account, arn, names) for arn, names in _certificates(plan)]


def _certificates(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    """The certificates that the stage gives, each with the names that it is for."""
    for one in plan.of("AWS::CloudFront::Distribution"):
        config = one["DistributionConfig"]
        if isinstance(arn := config.get("ViewerCertificate", {}).get("AcmCertificateArn"), str):
            yield arn, list(config["Aliases"])
    for one in plan.of("AWS::ApiGatewayV2::DomainName"):
        for setting in one["DomainNameConfigurations"]:
            if isinstance(arn := setting.get("CertificateArn"), str):
                yield arn, [one["DomainName"]]


async def _certificate(account: Account, arn: str, names: list[str]) -> Finding:
    region = arn.split(":")[3]
    try:
        answer = await account.ask("acm", "describe_certificate", region=region, CertificateArn=arn)
    except Absent:
        return stop("certificate", f"{arn} is not in this account: correct certificate_arn")
    one = answer["Certificate"]
    if one["Status"] != "ISSUED":
        return stop("certificate", f"{arn} is {one['Status']}: its DNS records validate it, then try again")
    covered = [one["DomainName"], *one.get("SubjectAlternativeNames", ())]
    strange = [name for name in names if not any(covers(pattern, name) for pattern in covered)]
    if strange:
        return stop("certificate", f"it is for {', '.join(covered)}, not for {', '.join(strange)}: request another")
    ends = one.get("NotAfter")
    if ends and (ends - datetime.now(UTC)).days < SOON_DAYS and one.get("RenewalEligibility") != "ELIGIBLE":
        return warning("certificate", f"it ends on {ends:%Y-%m-%d}, and AWS does not renew it")
    return ok("certificate", f"issued for {', '.join(names)}")


def covers(pattern: str, name: str) -> bool:
    """Whether a name of a certificate is for `name`; a `*` stands for one label."""
    if pattern.startswith("*."):
        return name.partition(".")[2].lower() == pattern[2:].lower()
    return pattern.lower() == name.lower()


async def hosted_zones(account: Account, plan: Plan) -> list[Finding]:
    found = []
    for id, names in _records(plan).items():
        try:
            zone = (await account.ask("route53", "get_hosted_zone", Id=id))["HostedZone"]
        except Absent:
            found.append(stop("hosted zone", f"{id} is not in this account: correct hosted_zone_id"))
            continue
        apex = str(zone["Name"]).rstrip(".")
        strange = [name for name in names if name != apex and not name.endswith(f".{apex}")]
        if strange:
            text = f"{id} is {apex}, and {', '.join(strange)} is not below it: correct hosted_zone_id"
            found.append(stop("hosted zone", text))
        elif zone.get("Config", {}).get("PrivateZone"):
            found.append(stop("hosted zone", f"{id} is private, so viewers would find no address: name the public one"))
        else:
            found.append(ok("hosted zone", f"{apex} for {', '.join(names)}"))
    return found


def _records(plan: Plan) -> dict[str, list[str]]:
    """The zones that the stage gives, each with the names of the records in it."""
    found: dict[str, list[str]] = {}
    for one in plan.of("AWS::Route53::RecordSet"):
        if isinstance(id := one.get("HostedZoneId"), str):
            name = str(one["Name"]).rstrip(".")
            found.setdefault(id, [])
            if name not in found[id]:
                found[id].append(name)
    return found


CHECKS: Mapping[str, Check] = {
    "API Gateway logs": logs_role,
    "certificate": certificates,
    "hosted zone": hosted_zones,
}
