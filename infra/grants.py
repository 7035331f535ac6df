"""Who may do what: the manifest's needs as security group rules and IAM statements, and nothing more."""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC, HttpRoutes, Topic
from infra import room_log as kafka
from infra import rooms_cache as redis
from infra.archive import Archive
from infra.environment import stores
from infra.functions import Deployed, Functions
from infra.gateway import Gateway
from infra.network import Network
from infra.room_log import RoomLog
from infra.rooms_cache import RoomsCache
from infra.token_keys import TokenKeys


def let_functions_in(*, network: Network, rooms_cache: RoomsCache, room_log: RoomLog) -> None:
    """Open the cache and the brokers to the functions' security group."""
    for port in redis.PORTS:
        rooms_cache.group.add_ingress_rule(network.functions_group, ec2.Port.tcp(port), "Functions")
    room_log.group.add_ingress_rule(network.functions_group, ec2.Port.tcp(kafka.PORT), "Functions")


def let_mappings_ask(*, network: Network, room_log: RoomLog) -> None:
    """Open the endpoints of Lambda and STS, where there are any, to event source mappings: those are in the brokers'
    group.

    https://docs.aws.amazon.com/lambda/latest/dg/with-msk-cluster-network.html
    """
    if network.endpoints_group is not None:
        network.endpoints_group.add_ingress_rule(room_log.group, ec2.Port.tcp(443), "Event source mappings")


def let_sign_in(*, functions: Functions, rooms_cache: RoomsCache) -> None:
    """Functions that need Redis may sign in to the cache as its one user.

    https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
    """
    for deployed in functions.deployed:
        if "redis" in deployed.row.needs:
            _allow(deployed, "elasticache", ["Connect"], rooms_cache.arns())


def let_publish(*, functions: Functions, room_log: RoomLog) -> None:
    """Functions that need Kafka may write to both topics, also idempotently.

    https://docs.aws.amazon.com/msk/latest/developerguide/iam-access-control-use-cases.html
    """
    topics = [room_log.topic_arn(topic) for topic in (LIVE_TOPIC, SAVE_TOPIC)]
    for deployed in functions.deployed:
        if "kafka" in deployed.row.needs:
            _allow(deployed, "kafka-cluster", ["Connect", "WriteDataIdempotently"], [room_log.cluster_arn])
            _allow(deployed, "kafka-cluster", ["DescribeTopic", "WriteData"], topics)


def let_read(*, functions: Functions, room_log: RoomLog) -> None:
    """Mappings poll as the function they feed: it may find the brokers, and read its topic in its own consumer group.

    https://docs.aws.amazon.com/lambda/latest/dg/with-msk-permissions.html
    """
    for deployed, topic in functions.triggered_by(Topic):
        group = room_log.consumer_group_arn(deployed.name)
        cluster = ["Connect", "DescribeClusterDynamicConfiguration"]
        _allow(deployed, "kafka", ["DescribeClusterV2", "GetBootstrapBrokers"], [room_log.cluster_arn])
        _allow(deployed, "kafka-cluster", cluster, [room_log.cluster_arn])
        _allow(deployed, "kafka-cluster", ["DescribeTopic", "ReadData"], [room_log.topic_arn(topic.name)])
        _allow(deployed, "kafka-cluster", ["AlterGroup", "DescribeGroup"], [group])


def let_post(*, functions: Functions, gateway: Gateway) -> None:
    """Functions that need the connections may POST to those of the stage."""
    for deployed in functions.deployed:
        if "connections" in deployed.row.needs:
            _allow(deployed, "execute-api", ["ManageConnections"], [gateway.connections_arn("POST")])


def let_cut_off(*, functions: Functions, gateway: Gateway) -> None:
    """The platform, alone, may close connections of the stage: that is how moderators cut users off."""
    for deployed, _ in functions.triggered_by(HttpRoutes):
        _allow(deployed, "execute-api", ["ManageConnections"], [gateway.connections_arn("DELETE")])


def let_archive(*, functions: Functions, archive: Archive) -> None:
    """The archive may write to the table, look up how far a sum of watch time has counted, and set aside in its queue
    what does not fit."""
    for deployed in functions.deployed:
        if stores(deployed.row):
            _allow(deployed, "dynamodb", ["BatchWriteItem", "GetItem", "UpdateItem"], [archive.table.table_arn])
            _allow(deployed, "sqs", ["SendMessage"], [archive.failures.queue_arn])


def let_look_up(*, functions: Functions, archive: Archive) -> None:
    """The platform's calls may query the table and its index, and write nothing."""
    for deployed, _ in functions.triggered_by(HttpRoutes):
        if "table" in deployed.row.needs:
            _allow(deployed, "dynamodb", ["Query"], [archive.table.table_arn, archive.index_arn])


def let_read_keys(*, functions: Functions, token_keys: TokenKeys) -> None:
    """Functions that verify or make tokens may read the secret of the keys, and nobody may write it.

    It is encrypted with the account's key of Secrets Manager, which takes no grant of its own.
    """
    for deployed in functions.deployed:
        if "tokens" in deployed.row.packages:
            _allow(deployed, "secretsmanager", ["GetSecretValue"], [token_keys.secret_arn])


def _allow(deployed: Deployed, service: str, actions: list[str], resources: list[str]) -> None:
    named = [f"{service}:{action}" for action in actions]
    deployed.function.add_to_role_policy(iam.PolicyStatement(actions=named, resources=resources))
