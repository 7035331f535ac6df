"""Quotas: what the stack takes, beside what the account has in use."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial

from functions.manifest import PARTITIONS
from tools.preflight.account import Absent, Account
from tools.preflight.checks.target import is_deployed
from tools.preflight.finding import Check, Finding, ok, stop, warning
from tools.preflight.plan import Plan

# Lambda keeps these for functions without a reservation.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
UNRESERVED = 100
# Beside the mappings: handshakes and frames of viewers.
FOR_VIEWERS = 20


@dataclass(frozen=True)
class Quota:
    """A quota of Service Quotas; `used` asks how much of it is taken, `needed` reads what the stack adds."""

    name: str
    service: str
    code: str
    default: float
    used: Callable[[Account], Awaitable[int]]
    needed: Callable[[Plan], int]


async def _vpcs(account: Account) -> int:
    return len(await account.all("ec2", "describe_vpcs", "Vpcs"))


async def _addresses(account: Account) -> int:
    return len((await account.ask("ec2", "describe_addresses"))["Addresses"])


async def _brokers(account: Account) -> int:
    clusters = await account.all("kafka", "list_clusters_v2", "ClusterInfoList")
    return sum(one.get("Provisioned", {}).get("NumberOfBrokerNodes", 0) for one in clusters)


def _broker_nodes(plan: Plan) -> int:
    return sum(int(one["NumberOfBrokerNodes"]) for one in plan.of("AWS::MSK::Cluster"))


# The codes are those of the services' pages of endpoints and quotas in the AWS General Reference.
QUOTAS = (
    Quota("VPCs", "vpc", "L-F678F1CE", 5, _vpcs, lambda plan: len(plan.of("AWS::EC2::VPC"))),
    Quota("elastic IPs", "ec2", "L-0263D0A3", 5, _addresses, lambda plan: len(plan.of("AWS::EC2::EIP"))),
    Quota("MSK brokers", "kafka", "L-EDD31C36", 90, _brokers, _broker_nodes),
)


async def counted(quota: Quota, account: Account, plan: Plan) -> list[Finding]:
    """Nothing of a stack that is there already: what it takes is counted as used."""
    needed = quota.needed(plan)
    if not needed or await is_deployed(account, plan):
        return []
    limit = await _limit(account, quota.service, quota.code, quota.default)
    used = await quota.used(account)
    said = f"{used} in use, {needed} more, of {limit:g}"
    if used + needed > limit:
        return [stop(quota.name, f"{said}: raise the quota {quota.code} of {quota.service}, or delete some")]
    return [ok(quota.name, said)]


async def _limit(account: Account, service: str, code: str, default: float) -> float:
    """The account's value; AWS's default if nobody has ever raised it and Service Quotas knows of none."""
    try:
        answer = await account.ask("service-quotas", "get_service_quota", ServiceCode=service, QuotaCode=code)
    except Absent:
        return default
    return float(answer["Quota"]["Value"])


async def concurrency(account: Account, plan: Plan) -> list[Finding]:
    """A mapping may run a function for each partition at once; all of them beside the viewers' own functions."""
    limits = (await account.ask("lambda", "get_account_settings"))["AccountLimit"]
    limit = int(limits["ConcurrentExecutions"])
    reserved = [int(one["ReservedConcurrentExecutions"]) for one in _reservations(plan)]
    mappings = len(plan.of("AWS::Lambda::EventSourceMapping"))
    busy = PARTITIONS * mappings + FOR_VIEWERS
    counted = f"{mappings} mappings × {PARTITIONS} partitions, and {FOR_VIEWERS} for viewers"
    raising = "raise the quota L-B99A9384 of lambda (Concurrent executions)"
    found = []
    if reserved and not await is_deployed(account, plan):
        free = int(limits["UnreservedConcurrentExecutions"])
        if free - sum(reserved) < UNRESERVED:
            text = f"{sum(reserved)} are reserved of {free}, and {UNRESERVED} must stay: {raising}, or leave `reserved`"
            found.append(stop("Lambda reservations", text))
    if limit < busy:
        return [*found, warning("Lambda concurrency", f"{limit}, and a busy room takes {busy} ({counted}): {raising}")]
    return [*found, ok("Lambda concurrency", f"{limit}; a busy room takes {busy} ({counted})")]


def _reservations(plan: Plan) -> list[dict[str, int]]:
    return [dict(one) for one in plan.of("AWS::Lambda::Function") if one.get("ReservedConcurrentExecutions")]


async def requests(account: Account, plan: Plan) -> list[Finding]:
    """A throttle above the account's rate has no effect; POSTs to viewers count against it too."""
    limit = await _limit(account, "apigateway", "L-8A5B8E43", 10_000)
    rates = [float(one.get("DefaultRouteSettings", {}).get("ThrottlingRateLimit", 0)) for one in _api_stages(plan)]
    if max(rates, default=0) > limit:
        text = f"{limit:g} a second, and throttles go up to {max(rates):g}: lower them, or raise L-8A5B8E43"
        return [warning("API Gateway requests", text)]
    return [ok("API Gateway requests", f"{limit:g} a second, shared with the POSTs to viewers")]


def _api_stages(plan: Plan) -> list[dict[str, dict[str, float]]]:
    return [dict(one) for one in plan.of("AWS::ApiGatewayV2::Stage")]


CHECKS: Mapping[str, Check] = {
    **{quota.name: partial(counted, quota) for quota in QUOTAS},
    "Lambda concurrency": concurrency,
    "API Gateway requests": requests,
}
