"""Names that the template fixes: whether somebody else has them, and what the Region offers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tools.preflight.account import Absent, Account
from tools.preflight.checks.target import is_deployed
from tools.preflight.finding import Check, Finding, ok, stop
from tools.preflight.plan import Plan


@dataclass(frozen=True)
class Named:
    """A type whose name, if the template sets it, must be free. `method` lists those of a name as `key`: it is asked
    with the name as `argument`, and with nothing if that is ""."""

    kind: str
    property: str
    service: str
    method: str
    argument: str
    key: str

    async def taken(self, account: Account, name: str) -> bool:
        arguments: dict[str, Any] = {self.argument: [name] if self.argument.endswith("s") else name}
        try:
            found = (await account.ask(self.service, self.method, **arguments)).get(self.key, ())
        except Absent:
            return False
        # ClusterNameFilter matches beginnings, the others the name.
        return any(one.get(self.property, name) == name for one in found) if isinstance(found, list) else bool(found)


NAMED = (
    Named("AWS::MSK::Cluster", "ClusterName", "kafka", "list_clusters_v2", "ClusterNameFilter", "ClusterInfoList"),
    Named(
        "AWS::MSK::ServerlessCluster",
        "ClusterName",
        "kafka",
        "list_clusters_v2",
        "ClusterNameFilter",
        "ClusterInfoList",
    ),
    Named(
        "AWS::ElastiCache::ServerlessCache",
        "ServerlessCacheName",
        "elasticache",
        "describe_serverless_caches",
        "ServerlessCacheName",
        "ServerlessCaches",
    ),
    Named("AWS::ElastiCache::User", "UserId", "elasticache", "describe_users", "UserId", "Users"),
    Named(
        "AWS::ElastiCache::UserGroup",
        "UserGroupId",
        "elasticache",
        "describe_user_groups",
        "UserGroupId",
        "UserGroups",
    ),
    Named("AWS::DynamoDB::Table", "TableName", "dynamodb", "describe_table", "TableName", "Table"),
    Named(
        "AWS::CloudWatch::Dashboard", "DashboardName", "cloudwatch", "get_dashboard", "DashboardName", "DashboardArn"
    ),
)


async def names(account: Account, plan: Plan) -> list[Finding]:
    """Names that a stack which was deleted has left, or that another stack uses."""
    if await is_deployed(account, plan):
        return []
    found, free = [], 0
    for named in NAMED:
        for one in plan.of(named.kind):
            name = one.get(named.property)
            if not isinstance(name, str):
                continue
            if await named.taken(account, name):
                kind = named.kind.removeprefix("AWS::")
                found.append(stop("names", f"{kind} {name} is there already: delete it, or wait until it is gone"))
            else:
                free += 1
    return found or [ok("names", f"{free} fixed names are free")]


async def kafka_version(account: Account, plan: Plan) -> list[Finding]:
    clusters = plan.of("AWS::MSK::Cluster")
    if not clusters:
        return []
    versions = await account.all("kafka", "list_kafka_versions", "KafkaVersions")
    offered = {one["Version"] for one in versions if one.get("Status", "ACTIVE") == "ACTIVE"}
    wanted = {str(one["KafkaVersion"]) for one in clusters}
    if missing := wanted - offered:
        text = f"MSK in {account.region} does not offer {', '.join(missing)}; it has {', '.join(sorted(offered))}"
        return [stop("Kafka version", text)]
    return [ok("Kafka version", ", ".join(wanted))]


CHECKS: Mapping[str, Check] = {"names": names, "Kafka version": kafka_version}
