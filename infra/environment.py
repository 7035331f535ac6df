"""The environment variables of each function: those that functions/runtime/settings.py reads for its needs."""

from aws_cdk import Aws

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC, Function
from functions.runtime.settings import variables_of
from infra.boxes import Boxes
from infra.stage.gallery import GalleryStage
from infra.stage.identity import IdentityStage
from infra.stage.review import ReviewStage
from infra.stage.stage import Stage
from infra.stage.types import RETENTIONS

# In %: the rest is for welcomes, other rooms, and those who take a seat to speak.
SHARE_OF_POSTS = 60
TICKS_PER_SECOND = 2


def environment(row: Function, slice: int | None, *, boxes: Boxes, stage: Stage) -> dict[str, str]:
    """The variables of one function. AWS_REGION is not among them, as Lambda sets it."""
    known = rules(stage) | {
        # The API's own address, whatever address viewers come by: signed requests do not pass CloudFront.
        "CONNECTIONS_URL": boxes.gateway.connections_url,
        "EDGE_SECRET": boxes.gateway.edge_secret_arn,
        "GALLERY_SECRET": boxes.gallery_keys.secret_arn,
        "FAILURE_QUEUE": boxes.archive.failures.queue_url,
        "KAFKA_AUTH": "iam",
        "KAFKA_BOOTSTRAP": boxes.room_log.bootstrap,
        "LIVE_TOPIC": LIVE_TOPIC,
        "REDIS_AUTH": "iam",
        "REDIS_CACHE": boxes.rooms_cache.name,
        "REDIS_URL": boxes.rooms_cache.url,
        "REDIS_USER": boxes.rooms_cache.user_id,
        "SAVE_TOPIC": SAVE_TOPIC,
        "TABLE": boxes.archive.table.table_name,
        "TOKEN_SECRET": boxes.token_keys.secret_arn,
        "WEBSOCKET_URL": boxes.gateway.url,
    }
    if stage.allowed_origins and boxes.gateway.page_bucket:
        # The stage's own page may always connect.
        known["ALLOWED_ORIGINS"] = ",".join([*stage.allowed_origins, boxes.gateway.page_url])
    if slice is not None:
        known |= {
            "POSTS_PER_SECOND": str(stage.relay.posts_per_second),
            "SLICE": str(slice),
            "SLICES": str(stage.relay.slices),
        }
    read = variables_of(row.needs)
    variables = {name: value for name, value in known.items() if name in read and value}
    if {"token_keys", "gallery"} & row.needs and stage.network.egress == "ipv6":
        # The name that has IPv6 addresses too; boto3 goes there as the variable says. DynamoDB has a route.
        # https://docs.aws.amazon.com/vpc/latest/userguide/aws-ipv6-support.html
        variables["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = f"https://secretsmanager.{Aws.REGION}.api.aws"
    if "review" in row.needs and stage.review is not None and stage.network.egress == "ipv6":
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc-internet-ipv6.html
        variables["AWS_ENDPOINT_URL_LAMBDA"] = f"https://lambda.{stage.review.region}.api.aws"
    return variables


def rules(stage: Stage) -> dict[str, str]:
    """The variables that a stage's settings decide."""
    rates = stage.rates
    origins = {"ALLOWED_ORIGINS": ",".join(stage.allowed_origins)} if stage.allowed_origins else {}
    review = {} if stage.review is None else _review(stage.review)
    identity = {} if stage.identity is None else _identity(stage.identity)
    gallery = {} if stage.gallery is None else _gallery(stage.gallery, stage.relay.posts_per_second)
    return (
        origins
        | review
        | identity
        | gallery
        | {
            "API_DOCS": "true" if stage.api_docs else "false",
            "ARCHIVE_DAYS": str(stage.archive.days),
            "AUTH_MODE": stage.auth_mode,
            "CHAT_BURST": str(rates.chat_burst),
            "CHAT_PER_SECOND": str(rates.chat_per_second),
            "FLOOD_REFUSALS": str(rates.flood_refusals),
            "FLOOD_SECONDS": str(rates.flood_seconds),
            "HEARTBEAT_SECONDS": str(stage.heartbeat_seconds),
            "JOIN_BURST": str(rates.join_burst),
            "JOIN_PER_SECOND": str(rates.join_per_second),
            "LIVE_RETENTION_MINUTES": str(stage.kafka.live_retention_minutes),
            "LOG_LEVEL": stage.log_level,
            # None where logs are kept for ever.
            "LOG_RETENTION_DAYS": str(RETENTIONS[stage.log_retention] or ""),
            "OTHER_BURST": str(rates.other_burst),
            "OTHER_PER_SECOND": str(rates.other_per_second),
            "PARTIAL_RESPONSES": "true" if stage.archive.mode == "provisioned" else "false",
            "SAVE_RETENTION_HOURS": str(stage.kafka.save_retention_hours),
            "SEATS_PER_USER": str(rates.seats_per_user),
            "STAGE": stage.name,
        }
    )


def _review(review: ReviewStage) -> dict[str, str]:
    return {
        "REVIEW_FUNCTION_ARN": review.function_arn,
        "REVIEW_TIMEOUT_MS": str(review.timeout_ms),
        "REVIEW_ON_FAILURE": review.on_failure,
    }


def _gallery(gallery: GalleryStage, posts_per_second: int) -> dict[str, str]:
    seats = gallery.from_seats or max(1, posts_per_second * SHARE_OF_POSTS // (100 * TICKS_PER_SECOND))
    return {
        "GALLERY_FROM": str(seats),
        "GALLERY_BEATS_PER_SECOND": str(gallery.beats_per_second),
        "GALLERY_SPARE_FROM": str(gallery.spare_from),
    }


def _identity(identity: IdentityStage) -> dict[str, str]:
    return {
        "IDENTITY_JWKS_URL": identity.jwks_url,
        "IDENTITY_ISSUER": identity.issuer,
        "IDENTITY_AUDIENCE": identity.audience,
        "IDENTITY_CLAIMS": str(identity.claims),
    }
