"""What each function is told: the variables that functions/settings.py reads."""

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
        "REDIS_URL": rooms_cache.url,
        "SAVE_TOPIC": SAVE_TOPIC,
    }
    if "connections" in row.needs:
        # From the stage and not from the event: behind a custom domain the event names that domain.
        told["CONNECTIONS_URL"] = gateway.connections_url
    if "tokens" in row.packages:
        told |= {"TOKEN_SECRET": token_keys.secret_arn, "WEBSOCKET_URL": gateway.url}
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


def stores(row: Function) -> bool:
    """Whether it puts what it reads into the table."""
    return isinstance(row.trigger, Topic) and "table" in row.needs
