"""Who may do what: the manifest's needs as security group rules and IAM statements, and nothing more."""

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC, Need
from functions.triggers import HttpRoutes, Topic
from infra import room_log as kafka
from infra import rooms_cache as redis
from infra.archive import Archive
from infra.functions import Deployed, Functions
from infra.gallery_keys import GalleryKeys
from infra.gateway import Gateway
from infra.network import Network
from infra.room_log import RoomLog
from infra.rooms_cache import RoomsCache
from infra.stage.stage import Stage
from infra.token_keys import TokenKeys

# DynamoDB uses a table's key in the name of who calls.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
USES_OF_A_READER = ["Decrypt", "DescribeKey"]
USES_OF_A_WRITER = [*USES_OF_A_READER, "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo"]


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


def let_post_and_close(*, functions: Functions, gateway: Gateway) -> None:
    """Functions that need the connections may POST to those of the stage, and close them: moderators cut users off by
    the HTTP API, and relays cut off who takes too much of a room."""
    arns = [gateway.connections_arn(method) for method in ("POST", "DELETE")]
    for deployed in functions.deployed:
        if "connections" in deployed.row.needs:
            _allow(deployed, "execute-api", ["ManageConnections"], arns)


def let_review(*, functions: Functions, network: Network, stage: Stage) -> None:
    """Functions that need a review may invoke the platform's function, and no other. If the network has an endpoint of
    Lambda, that may be what Lambda's name resolves to, so it is open to them."""
    if stage.review is None:
        return
    for deployed in functions.deployed:
        if "review" in deployed.row.needs:
            _allow(deployed, "lambda", ["InvokeFunction"], [stage.review.function_arn])
    if network.endpoints_group is not None:
        network.endpoints_group.add_ingress_rule(network.functions_group, ec2.Port.tcp(443), "Reviews of chats")


def let_archive(*, functions: Functions, archive: Archive) -> None:
    """The reader of a topic that needs the table may write to it, and look up what it has stored and counted. Functions
    that need the failure queue may put messages into it."""
    for deployed, _ in functions.triggered_by(Topic):
        if "table" in deployed.row.needs:
            _allow(
                deployed,
                "dynamodb",
                ["BatchGetItem", "BatchWriteItem", "GetItem", "Query", "UpdateItem"],
                [archive.table.table_arn],
            )
            _let_use(deployed, archive.kms_key_arn, USES_OF_A_WRITER)
    for deployed in functions.deployed:
        if "failure_queue" in deployed.row.needs:
            _allow(deployed, "sqs", ["SendMessage"], [archive.failures.queue_arn])


def let_look_up(*, functions: Functions, archive: Archive) -> None:
    """The platform's calls may query the table and its indexes. What erases users may change items, too."""
    for deployed, _ in functions.triggered_by(HttpRoutes):
        if "table" in deployed.row.needs:
            _allow(deployed, "dynamodb", ["Query"], [archive.table.table_arn, *archive.index_arns])
            erases = "erasure" in deployed.row.needs
            _let_use(deployed, archive.kms_key_arn, USES_OF_A_WRITER if erases else USES_OF_A_READER)
            if erases:
                _allow(
                    deployed,
                    "dynamodb",
                    ["BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "UpdateItem"],
                    [archive.table.table_arn],
                )


def let_read_keys(*, functions: Functions, token_keys: TokenKeys, gallery_keys: GalleryKeys, gateway: Gateway) -> None:
    """Functions that need the keys of tokens, of the gallery, or of the edge, may read their secrets, where there are
    any. Nobody may write them.

    The stack's own secrets are encrypted with the account's key of Secrets Manager, which takes no grant of its own.
    """
    of_need: dict[Need, str] = {
        "token_keys": token_keys.secret_arn,
        "gallery": gallery_keys.secret_arn,
        "edge": gateway.edge_secret_arn,
    }
    for deployed in functions.deployed:
        if secrets := [arn for need, arn in of_need.items() if need in deployed.row.needs and arn]:
            _allow(deployed, "secretsmanager", ["GetSecretValue"], secrets)
        if "token_keys" in deployed.row.needs:
            _let_use(deployed, token_keys.kms_key_arn, ["Decrypt"])


def _let_use(deployed: Deployed, kms_key_arn: str, actions: list[str]) -> None:
    if kms_key_arn:
        _allow(deployed, "kms", actions, [kms_key_arn])


def _allow(deployed: Deployed, service: str, actions: list[str], resources: list[str]) -> None:
    named = [f"{service}:{action}" for action in actions]
    deployed.function.add_to_role_policy(iam.PolicyStatement(actions=named, resources=resources))
