"""What a function reads from its environment: once, and checked as a whole."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self, get_args
from urllib.parse import urlsplit

from functions.manifest import Need

AuthMode = Literal["open", "token"]
KafkaAuth = Literal["none", "iam"]
RedisAuth = Literal["none", "iam"]
PartialResponses = Literal["true", "false"]
ApiDocs = Literal["true", "false"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
OnFailure = Literal["allow", "deny"]

# A stage may be without what these needs are about.
OPTIONAL: tuple[Need, ...] = ("review", "erasure", "gallery", "edge")

# How long a chat may wait for its review.
REVIEW_MS = range(50, 2001)

# With an alias or a version at its end, or without.
_FUNCTION_ARN = re.compile(
    r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9$_-]{1,128})?"
)
_SOME_FUNCTION = "arn:aws:lambda:eu-central-1:111122223333:function:review:live"

# The header with the secret that the distribution adds to requests, in lower case.
EDGE_HEADER = "x-live-rooms-edge"

# The settings that every function reads, and those that each need adds. A need's first setting is required, if the need
# is not OPTIONAL.
OF_ALL = ("aws_region", "stage", "log_level")
OF_NEED: Mapping[Need, tuple[str, ...]] = {
    "redis": (
        "redis_url",
        "redis_auth",
        "redis_user",
        "redis_cache",
        "heartbeat_seconds",
        "chat_burst",
        "chat_per_second",
        "other_burst",
        "other_per_second",
        "join_burst",
        "join_per_second",
        "seats_per_user",
        "flood_refusals",
        "flood_seconds",
    ),
    "kafka": ("kafka_bootstrap", "kafka_auth", "live_topic", "save_topic"),
    "connections": ("connections_url", "posts_per_second", "slice", "slices"),
    "table": ("table",),
    "failure_queue": ("failure_queue", "partial_responses", "archive_days"),
    "token_keys": (
        "token_secret",
        "auth_mode",
        "allowed_origins",
        "websocket_url",
        "api_docs",
        "identity_jwks_url",
        "identity_issuer",
        "identity_audience",
        "identity_claims",
    ),
    "review": ("review_function_arn", "review_timeout_ms", "review_on_failure"),
    # For how long others keep what is erased from the table.
    "erasure": ("save_retention_hours", "live_retention_minutes", "log_retention_days"),
    "gallery": ("gallery_secret", "gallery_from", "gallery_beats_per_second", "gallery_spare_from"),
    "edge": ("edge_secret",),
}


class SettingsError(Exception):
    """Variables of the environment are missing or invalid; the message names all of them."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One field per environment variable, its name in capitals; docs/operate.md tells what each means.

    Rates are token buckets per user and room: `*_burst` at once, then `*_per_second`. A user who is refused
    `flood_refusals` frames within `flood_seconds` is cut off. `posts_per_second` is for
    all relays together, out of the 10,000 requests a second that API Gateway allows an account. `allowed_origins` has
    commas between. `log_retention_days` 0: logs are kept for ever. `identity_claims` are as ClaimNames has them.
    `partial_responses`: the archive's mapping heeds which records of a batch failed.

    A room with `gallery_from` seats sends further viewers to the gallery; 0: there is none. All places are renewed
    `gallery_beats_per_second` times a second at most. Rooms with more than `gallery_spare_from` are told less often.
    """

    aws_region: str = "us-east-1"
    stage: str = "local"
    log_level: LogLevel = "WARNING"

    redis_url: str = ""
    redis_auth: RedisAuth = "none"
    redis_user: str = ""
    redis_cache: str = ""
    heartbeat_seconds: int = 60
    chat_burst: int = 5
    chat_per_second: float = 1.0
    other_burst: int = 5
    other_per_second: float = 2.0
    join_burst: int = 10
    join_per_second: float = 0.2
    seats_per_user: int = 5
    flood_refusals: int = 100
    flood_seconds: int = 10

    review_function_arn: str = ""
    review_timeout_ms: int = 200
    review_on_failure: OnFailure = "allow"

    kafka_bootstrap: str = ""
    kafka_auth: KafkaAuth = "none"
    live_topic: str = "liveMessageTopic"
    save_topic: str = "saveLiveMessageTopic"

    connections_url: str = ""
    posts_per_second: int = 8000
    slice: int = 0
    slices: int = 1

    table: str = ""
    failure_queue: str = ""
    archive_days: int = 400
    partial_responses: PartialResponses = "false"

    live_retention_minutes: int = 60
    save_retention_hours: int = 24
    log_retention_days: int = 0

    gallery_secret: str = ""
    gallery_from: int = 0
    gallery_beats_per_second: int = 500
    gallery_spare_from: int = 20_000

    auth_mode: AuthMode = "token"
    token_secret: str = ""
    allowed_origins: str = ""
    websocket_url: str = ""
    api_docs: ApiDocs = "false"
    edge_secret: str = ""
    identity_jwks_url: str = ""
    identity_issuer: str = ""
    identity_audience: str = ""
    identity_claims: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], needs: Collection[Need]) -> Self:
        """Read what a function with these needs reads; raises SettingsError naming all that is missing or invalid."""
        values: dict[str, Any] = {}
        problems: list[str] = []
        read = variables_of(needs)
        for field in fields(cls):
            name = field.name.upper()
            if name in read and environment.get(name):
                try:
                    values[field.name] = _parse(field.type, environment[name])
                except ValueError as error:
                    problems.append(f"{name}: {error}")
        problems = [*_missing(values, needs), *problems, *_invalid(values)]
        if problems:
            raise SettingsError("; ".join(problems))
        return cls(**values)


def variables_of(needs: Collection[Need]) -> frozenset[str]:
    """The variables that a function with these needs reads."""
    return frozenset(name.upper() for names in (OF_ALL, *(OF_NEED[need] for need in needs)) for name in names)


def _missing(values: Mapping[str, Any], needs: Collection[Need]) -> list[str]:
    required = {OF_NEED[need][0] for need in needs if need not in OPTIONAL}
    if values.get("auth_mode") == "open":
        required -= {"token_secret"}
    if values.get("redis_auth") == "iam":
        required |= {"redis_user", "redis_cache"}
    return [f"{one.name.upper()} is not set" for one in fields(Settings) if one.name in required - values.keys()]


def _invalid(values: Mapping[str, Any]) -> list[str]:
    # The first slice is number 0, and without seats there is no gallery; every other number counts something.
    zeros = [name for name, value in values.items() if value == 0 and name not in ("slice", "gallery_from")]
    problems = [f"{name.upper()}: must be more than 0" for name in zeros]
    # A token is a password, and whoever reads it may sign in with it for 15 minutes.
    if values.get("redis_auth") == "iam" and not values.get("redis_url", "rediss://").startswith("rediss://"):
        problems.append("REDIS_URL: with REDIS_AUTH=iam it begins with rediss://")
    if values.get("gallery_from") and not values.get("gallery_secret"):
        problems.append("GALLERY_SECRET is not set, and GALLERY_FROM is")
    return problems + _invalid_review(values) + _invalid_identity(values)


def _invalid_review(values: Mapping[str, Any]) -> list[str]:
    """What is wrong with the settings of the review."""
    problems = []
    if not _FUNCTION_ARN.fullmatch(values.get("review_function_arn", _SOME_FUNCTION)):
        problems.append(f"REVIEW_FUNCTION_ARN: must be like {_SOME_FUNCTION}")
    if values.get("review_timeout_ms", REVIEW_MS[0]) not in REVIEW_MS:
        problems.append(f"REVIEW_TIMEOUT_MS: must be from {REVIEW_MS[0]} to {REVIEW_MS[-1]}")
    return problems


def _invalid_identity(values: Mapping[str, Any]) -> list[str]:
    """What is wrong with the settings of the identity provider."""
    url = values.get("identity_jwks_url", "")
    if not url:
        return []
    problems = [f"{name.upper()} is not set" for name in ("identity_issuer", "identity_audience") if name not in values]
    # Whoever can change the keys on their way can sign tokens.
    address = urlsplit(url)
    is_here = address.scheme == "http" and address.hostname in ("127.0.0.1", "localhost", "::1")
    if not url.startswith("https://") and not is_here:
        problems.append("IDENTITY_JWKS_URL: it begins with https://")
    return problems


def _parse(kind: Any, text: str) -> Any:
    choices = get_args(kind)
    if choices:
        if text not in choices:
            raise ValueError(f"{text!r} is not one of {', '.join(choices)}")
        return text
    if kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            number = -1
        if not 0 <= number < float("inf"):
            raise ValueError(f"{text!r} is not {'an integer' if kind is int else 'a number'} from 0")
        return number
    return text
