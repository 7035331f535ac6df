"""Room state: ElastiCache Serverless for Valkey."""

from aws_cdk import Names
from aws_cdk import aws_elasticache as elasticache
from constructs import Construct

from infra.network import Network
from infra.stage import Stage

# Writes go to the first; reads may go to replicas at the second, which the cluster tells its clients about.
PORTS = (6379, 6380)


class RoomsCache(Construct):
    """A cache that is always in cluster mode and always encrypted in transit.

    No user group is set, so whoever the security group lets in is let in; TLS has the client know the server.
    """

    def __init__(self, scope: Construct, id: str, *, network: Network, stage: Stage) -> None:
        super().__init__(scope, id)
        self.group = network.security_group("RoomsCache", description="The rooms cache")
        limits = elasticache.CfnServerlessCache.CacheUsageLimitsProperty(
            data_storage=elasticache.CfnServerlessCache.DataStorageProperty(maximum=stage.cache.max_gb, unit="GB"),
            ecpu_per_second=elasticache.CfnServerlessCache.ECPUPerSecondProperty(
                maximum=stage.cache.max_ecpu_per_second
            ),
        )
        cache = elasticache.CfnServerlessCache(
            self,
            "Cache",
            engine="valkey",
            major_engine_version="8",
            serverless_cache_name=Names.unique_resource_name(self, max_length=40, separator="-").lower(),
            description="Rooms: seats, counts, rates",
            subnet_ids=network.private_subnet_ids,
            security_group_ids=[self.group.security_group_id],
            cache_usage_limits=limits,
        )
        self.url = f"rediss://{cache.attr_endpoint_address}:{cache.attr_endpoint_port}"
