"""Room state: ElastiCache Serverless for Valkey."""

from aws_cdk import ArnFormat, Names, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_elasticache as elasticache
from constructs import Construct

from functions.manifest import REDIS_ACCESS
from infra.fingerprint import fingerprint
from infra.network import Network
from infra.stage.cache import ExistingCache, NewCache
from infra.stage.stage import Stage

# Writes go to the first port. Reads may go to replicas at the second, which clients learn from the cluster.
PORTS = (6379, 6380)
# A cache stays in its subnets, so a third zone of the network has none.
ZONES = 2


class RoomsCache(Construct):
    """A cache in cluster mode, encrypted in transit. Functions sign in with their roles (IAM).

    The user group keeps everybody else out: each Valkey user in such a group needs a password or IAM.
    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
    """

    def __init__(self, scope: Construct, id: str, *, network: Network, stage: Stage) -> None:
        super().__init__(scope, id)
        if isinstance(stage.cache, ExistingCache):
            self._use_existing(stage.cache)
        else:
            self._make(stage.cache, network)

    def arns(self) -> list[str]:
        """The resources of `elasticache:Connect`: the cache, and its user."""
        return [self._arn("serverlesscache", self.name), self._arn("user", self.user_id)]

    def _use_existing(self, cache: ExistingCache) -> None:
        self.group: ec2.ISecurityGroup = ec2.SecurityGroup.from_security_group_id(
            self, "Group", cache.security_group_id
        )
        self.name, self.user_id = cache.name, cache.user_id
        self.url = f"rediss://{cache.host}:{cache.port}"

    def _make(self, sizes: NewCache, network: Network) -> None:
        # IAM authentication takes lower-case names only, and a user whose name is its id.
        self.user_id = Names.unique_resource_name(self, max_length=40, separator="-").lower()
        # A cache in other subnets, or with another key, is another cache.
        made_of = fingerprint(network.places(ZONES), sizes.kms_key_arn)
        self.name = f"{Names.unique_resource_name(self, max_length=31, separator='-').lower()}-{made_of}"
        self.group = network.security_group("RoomsCache", description="The rooms cache")
        cache = elasticache.CfnServerlessCache(
            self,
            f"Cache{made_of}",
            engine="valkey",
            major_engine_version="8",
            serverless_cache_name=self.name,
            description="Rooms: seats, counts, rates",
            subnet_ids=network.private_subnet_ids[:ZONES],
            kms_key_id=sizes.kms_key_arn,
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
        return elasticache.CfnUserGroup(self, "Users", engine="valkey", user_group_id=self.user_id, user_ids=[user.ref])

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
