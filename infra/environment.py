"""What each function is told: the variables that functions/settings.py reads."""

from aws_cdk import Aws

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC, Function, Topic
from infra.archive import Archive
from infra.gateway import Gateway
from infra.room_log import RoomLog
from infra.rooms_cache import RoomsCache
from infra.stage import Stage
from infra.token_keys import TokenKeys


def environment(
    row: Function,
    slice: int | None,
    *,
    gateway: Gateway,
    rooms_cache: RoomsCache,
    room_log: RoomLog,
    token_keys: TokenKeys,
    archive: Archive,
    stage: Stage,
) -> dict[str, str]:
    """The variables of one function. AWS_REGION is not among them, as Lambda sets it."""
    told = {
        "AUTH_MODE": stage.auth_mode,
        "KAFKA_AUTH": "iam",
        "KAFKA_BOOTSTRAP": room_log.bootstrap,
        "LIVE_TOPIC": LIVE_TOPIC,
        "LOG_LEVEL": stage.log_level,
        "REDIS_AUTH": "iam",
        "REDIS_CACHE": rooms_cache.name,
        "REDIS_URL": rooms_cache.url,
        "REDIS_USER": rooms_cache.user_id,
        "SAVE_TOPIC": SAVE_TOPIC,
        "STAGE": stage.name,
    }
    if "redis" in row.needs:
        told |= room_rules(stage)
    if "connections" in row.needs:
        # The API's own address, whatever address viewers come by: signed requests do not pass CloudFront.
        told["CONNECTIONS_URL"] = gateway.connections_url
    if "tokens" in row.packages:
        told |= {"TOKEN_SECRET": token_keys.secret_arn, "WEBSOCKET_URL": gateway.url}
        if stage.network.egress == "ipv6":
            # The name that has IPv6 addresses too; boto3 goes there as the variable says. DynamoDB has a route.
            # https://docs.aws.amazon.com/vpc/latest/userguide/aws-ipv6-support.html
            told["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = f"https://secretsmanager.{Aws.REGION}.api.aws"
        told |= {"ALLOWED_ORIGINS": ",".join(stage.allowed_origins)} if stage.allowed_origins else {}
    if "table" in row.needs:
        told["TABLE"] = archive.table.table_name
    if stores(row):
        told |= {
            "ARCHIVE_DAYS": str(stage.archive.days),
            "FAILURE_QUEUE": archive.failures.queue_url,
            "PARTIAL_RESPONSES": "true" if stage.archive.mode == "provisioned" else "false",
        }
    if slice is not None:
        told |= {"SLICE": str(slice), "SLICES": str(stage.relay.slices)}
    return told


def room_rules(stage: Stage) -> dict[str, str]:
    """What holds in every room: how often clients give a sign of life, and the rates of users and of all relays."""
    rates = stage.rates
    return {
        "CHAT_BURST": str(rates.chat_burst),
        "CHAT_PER_SECOND": str(rates.chat_per_second),
        "HEARTBEAT_SECONDS": str(stage.heartbeat_seconds),
        "OTHER_BURST": str(rates.other_burst),
        "OTHER_PER_SECOND": str(rates.other_per_second),
        "POSTS_PER_SECOND": str(stage.relay.posts_per_second),
    }


def stores(row: Function) -> bool:
    """Whether it puts what it reads into the table."""
    return isinstance(row.trigger, Topic) and "table" in row.needs
