"""Room state: ElastiCache Serverless for Valkey."""

from aws_cdk import ArnFormat, Names, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from constructs import Construct

from functions.manifest import REDIS_ACCESS
from infra.network import Network
from infra.stage import ExistingCache, NewCache, Stage

# Writes go to the first; reads may go to replicas at the second, which the cluster tells its clients about.
PORTS = (6379, 6380)


class RoomsCache(Construct):
    """A cache that is always in cluster mode and always encrypted in transit; functions sign in to it as their roles.

    With a user group, nobody else can: Valkey has no user without a password or IAM in such a group.
    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
    """

    def __init__(self, scope: Construct, id: str, *, network: Network, stage: Stage) -> None:
        super().__init__(scope, id)
        if isinstance(stage.cache, ExistingCache):
            self._use(stage.cache)
        else:
            self._make(stage.cache, network)

    def arns(self) -> list[str]:
        """What `elasticache:Connect` is asked for: the cache, and the user in it."""
        return [self._arn("serverlesscache", self.name), self._arn("user", self.user_id)]

    def _use(self, cache: ExistingCache) -> None:
        self.group: ec2.ISecurityGroup = ec2.SecurityGroup.from_security_group_id(
            self, "Group", cache.security_group_id
        )
        self.name, self.user_id = cache.name, cache.user_id
        self.url = f"rediss://{cache.host}:{cache.port}"

    def _make(self, sizes: NewCache, network: Network) -> None:
        # IAM takes names in lower case only, and a user whose name is its id.
        self.name = self.user_id = Names.unique_resource_name(self, max_length=40, separator="-").lower()
        self.group = network.security_group("RoomsCache", description="The rooms cache")
        cache = elasticache.CfnServerlessCache(
            self,
            "Cache",
            engine="valkey",
            major_engine_version="8",
            serverless_cache_name=self.name,
            description="Rooms: seats, counts, rates",
            subnet_ids=network.private_subnet_ids,
            security_group_ids=[self.group.security_group_id],
            user_group_id=self._user_group().ref,
            cache_usage_limits=_limits(sizes),
        )
        self.url = f"rediss://{cache.attr_endpoint_address}:{cache.attr_endpoint_port}"

    def _user_group(self) -> elasticache.CfnUserGroup:
        user = elasticache.CfnUser(
            self,
            "User",
            engine="valkey",
            user_id=self.user_id,
            user_name=self.user_id,
            access_string=REDIS_ACCESS,
            authentication_mode={"Type": "iam"},
        )
        return elasticache.CfnUserGroup(self, "Users", engine="valkey", user_group_id=self.name, user_ids=[user.ref])

    def _arn(self, resource: str, name: str) -> str:
        return Stack.of(self).format_arn(
            service="elasticache",
            resource=resource,
            resource_name=name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )


def _limits(sizes: NewCache) -> elasticache.CfnServerlessCache.CacheUsageLimitsProperty:
    return elasticache.CfnServerlessCache.CacheUsageLimitsProperty(
        data_storage=elasticache.CfnServerlessCache.DataStorageProperty(maximum=sizes.max_gb, unit="GB"),
        ecpu_per_second=elasticache.CfnServerlessCache.ECPUPerSecondProperty(maximum=sizes.max_ecpu_per_second),
    )
