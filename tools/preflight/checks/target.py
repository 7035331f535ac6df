"""Where the deployment would go: whose credentials, which account and Region, the CDK's bootstrap, the stack itself."""

from collections.abc import Mapping

from tools.preflight.account import Absent, Account
from tools.preflight.finding import Check, Finding, ok, stop, warning
from tools.preflight.plan import Plan

# What a stack can be updated from. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
UPDATABLE = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
)


async def credentials(account: Account, plan: Plan) -> list[Finding]:
    who = await account.ask("sts", "get_caller_identity")
    found = [ok("credentials", str(who["Arn"]))]
    if plan.account is None:
        text = f"{who['Account']}; the stage names none, so nothing keeps it from another (`account` in cdk.json)"
        return [*found, warning("account", text)]
    if plan.account != who["Account"]:
        text = f"the stage is for {plan.account}, and the credentials are of {who['Account']}: change AWS_PROFILE"
        return [*found, stop("account", text)]
    return [*found, ok("account", plan.account)]


async def region(account: Account, plan: Plan) -> list[Finding]:
    try:
        answer = await account.ask("ec2", "describe_regions", RegionNames=[account.region], AllRegions=True)
    except Absent:
        return [stop("Region", f"there is no Region {account.region}: name another with --region")]
    (there,) = answer["Regions"]
    if there.get("OptInStatus") == "not-opted-in":
        return [stop("Region", f"{account.region} is off in this account: enable it (account settings, Regions)")]
    bound = "as the stage says" if plan.region else "by --region or AWS_REGION: the stage names none"
    return [(ok if plan.region else warning)("Region", f"{account.region}, {bound}")]


async def bootstrap(account: Account, plan: Plan) -> list[Finding]:
    least, parameter = plan.bootstrap
    command = f"npx aws-cdk@2 bootstrap aws://ACCOUNT/{account.region}"
    try:
        answer = await account.ask("ssm", "get_parameter", Name=parameter)
    except Absent:
        return [stop("CDK bootstrap", f"missing ({parameter}): run {command}")]
    version = int(answer["Parameter"]["Value"])
    if version < least:
        return [stop("CDK bootstrap", f"version {version}, and {least} is needed: run {command} again")]
    return [ok("CDK bootstrap", f"version {version}")]


async def stack(account: Account, plan: Plan) -> list[Finding]:
    try:
        answer = await account.ask("cloudformation", "describe_stacks", StackName=plan.stack)
    except Absent:
        return [ok("stack", f"{plan.stack} is new")]
    status = answer["Stacks"][0]["StackStatus"]
    if status in UPDATABLE:
        return [ok("stack", f"{plan.stack} is {status} and would be updated")]
    if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        return [stop("stack", f"{plan.stack} is {status}: wait for the other deployment")]
    if status == "UPDATE_ROLLBACK_FAILED":
        way = f"aws cloudformation continue-update-rollback --stack-name {plan.stack}"
    else:
        way = f"aws cloudformation delete-stack --stack-name {plan.stack}"
    return [stop("stack", f"{plan.stack} is {status} and cannot be updated: {way}")]


async def is_deployed(account: Account, plan: Plan) -> bool:
    """Whether the stack exists: the names that it uses are its own then."""
    try:
        await account.ask("cloudformation", "describe_stacks", StackName=plan.stack)
    except Absent:
        return False
    return True


CHECKS: Mapping[str, Check] = {
    "credentials": credentials,
    "Region": region,
    "CDK bootstrap": bootstrap,
    "stack": stack,
}
