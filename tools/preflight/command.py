"""`python -m tools preflight`: what an account has and lacks for a stage, before anything is deployed."""

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from functions.adapters.aws.client import CallFailed
from tools.event_loop import run
from tools.failure import Failure
from tools.parser import REGION, Parser, option
from tools.preflight.account import Account, NoRight
from tools.preflight.checks import archive, edge, given, names, quotas, target, zones
from tools.preflight.finding import Check, Finding, warning
from tools.preflight.plan import Plan, synthesised

CHECKS: Mapping[str, Check] = {
    name: check for part in (target, zones, quotas, edge, given, archive, names) for name, check in part.CHECKS.items()
}

# Of what a service answers that nobody expected, such as a page of a proxy.
LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class PreflightOptions:
    stage: str = option("of cdk.json", metavar="NAME")
    region: str | None = option("where to", default=None, shown="the stage's region, or AWS_REGION")
    json: bool = option("for programs", default=False)


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Ask and print; returns 1 if something would stop the deployment. Raises Failure where nothing can be asked.

    Wrong arguments end the program with 2.
    """
    parser = Parser(
        "python -m tools preflight",
        description="Ask the account what a deployment of a stage needs. It only reads.",
        epilog="docs/preflight.md lists what is asked. Exit status: 0 nothing stops it, 1 something does, 2 wrong "
        "arguments. Credentials are those that boto3 finds, such as AWS_PROFILE.",
    )
    options = PreflightOptions(**parser.given(PreflightOptions, arguments, environment, REGION))
    plan = synthesised(options.stage)
    asked_for = options.region
    region = plan.region or asked_for
    if region is None:
        raise Failure("which Region? Name it with --region, AWS_REGION, or `region` of the stage")
    try:
        found = run(ask(Account(region), plan))
    except CallFailed as failed:
        raise Failure(f"AWS does not say whose credentials these are: {failed}") from None
    if plan.region and asked_for not in (None, plan.region):
        found.insert(
            0, warning("Region", f"{asked_for} was named, and the stage is for {plan.region}: that one counts")
        )
    print(document(plan, region, found) if options.json else text(plan, region, found))
    return 1 if any(one.level == "stop" for one in found) else 0


async def ask(account: Account, plan: Plan) -> list[Finding]:
    """The findings of all checks, in their order. Raises Failure."""
    # Alone and first: without credentials every check would say the same.
    with contextlib.suppress(NoRight):
        await account.ask("sts", "get_caller_identity")
    found = await asyncio.gather(*(_checked(name, check, account, plan) for name, check in CHECKS.items()))
    return [one for several in found for one in several]


async def _checked(name: str, check: Check, account: Account, plan: Plan) -> list[Finding]:
    try:
        return await check(account, plan)
    except NoRight as right:
        return [warning(name, f"not asked: these credentials lack {right}")]
    except CallFailed as failed:
        return [warning(name, f"not known: {' '.join(str(failed).split())[:LONGEST]}")]


def text(plan: Plan, region: str, found: Sequence[Finding]) -> str:
    lines = [f"{one.level:<8} {one.name:<20} {one.text}" for one in found]
    return "\n".join([f"stage {plan.table['name']} as {plan.stack} in {region}", *lines, "", _verdict(found)])


def _verdict(found: Sequence[Finding]) -> str:
    stops, warnings = (sum(one.level == level for one in found) for level in ("stop", "warning"))
    if stops:
        return f"It would fail: {stops} to mend first, {warnings} to look at."
    return f"Nothing known stops it; {warnings} to look at."


def document(plan: Plan, region: str, found: Sequence[Finding]) -> str:
    stops = any(one.level == "stop" for one in found)
    findings = [asdict(one) for one in found]
    return json.dumps({"stack": plan.stack, "region": region, "ok": not stops, "findings": findings}, indent=2)
