"""What the functions are told through their environment, read once and checked as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self, get_args

AuthMode = Literal["open", "token"]
KafkaAuth = Literal["none", "iam"]
RedisAuth = Literal["none", "iam"]
PartialResponses = Literal["true", "false"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class SettingsError(Exception):
    """The environment misses variables or holds values that cannot be meant; the message names every one."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One field per environment variable, its name in capitals. Fields without a default must be set.

    Rates are token buckets per user and room: `*_burst` frames at once, then `*_per_second`. `posts_per_second` is what
    all relays together may post: API Gateway allows an account 10,000 requests a second, POSTs and others.
    `token_secret` names the Secrets Manager secret of the token keys, `allowed_origins` is a comma-separated list of
    the Origins that browsers may connect from (none: all), `websocket_url` is what a minted token is told to be for.
    `table` names the DynamoDB table, where things are kept for `archive_days`, `failure_queue` is the URL of the SQS
    queue for what cannot be. `partial_responses`: whether the archive's mapping heeds which records of a batch failed.
    With `redis_auth` iam functions sign in as `redis_user` to the ElastiCache cache named `redis_cache`, over TLS.
    `stage` is the dimension of all metrics, `log_level` the least that is logged where functions/log_lines.py does it.
    """

    redis_url: str
    kafka_bootstrap: str
    connections_url: str = ""
    aws_region: str = "us-east-1"
    kafka_auth: KafkaAuth = "none"
    redis_auth: RedisAuth = "none"
    redis_user: str = ""
    redis_cache: str = ""
    live_topic: str = "liveMessageTopic"
    save_topic: str = "saveLiveMessageTopic"
    auth_mode: AuthMode = "token"
    token_secret: str = ""
    allowed_origins: str = ""
    websocket_url: str = ""
    heartbeat_seconds: int = 60
    chat_burst: int = 5
    chat_per_second: float = 1.0
    other_burst: int = 5
    other_per_second: float = 2.0
    posts_per_second: int = 8000
    slice: int = 0
    slices: int = 1
    table: str = ""
    failure_queue: str = ""
    archive_days: int = 400
    partial_responses: PartialResponses = "false"
    stage: str = "local"
    log_level: LogLevel = "WARNING"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the fields from `environment`; raises SettingsError naming all that is missing or wrong."""
        values: dict[str, Any] = {}
        problems: list[str] = []
        for field in fields(cls):
            name = field.name.upper()
            text = environment.get(name)
            if text is None or text == "":
                if field.default is field.default_factory:  # both MISSING: required
                    problems.append(f"{name} is not set")
                continue
            try:
                values[field.name] = _parse(field.type, text)
            except ValueError as error:
                problems.append(f"{name}: {error}")
        problems += [f"{name.upper()}: must be more than 0" for name in _POSITIVE if values.get(name) == 0]
        problems += _sign_in_problems(values)
        if problems:
            raise SettingsError("; ".join(problems))
        return cls(**values)


_POSITIVE = (
    "heartbeat_seconds",
    "chat_burst",
    "chat_per_second",
    "other_burst",
    "other_per_second",
    "posts_per_second",
    "slices",
    "archive_days",
)


def _sign_in_problems(values: Mapping[str, Any]) -> list[str]:
    """What signing in to Redis lacks."""
    if values.get("redis_auth") != "iam":
        return []
    problems = [f"{name.upper()} is not set" for name in ("redis_user", "redis_cache") if not values.get(name)]
    # A token is a password, and whoever reads it may sign in with it for 15 minutes.
    if "redis_url" in values and not values["redis_url"].startswith("rediss://"):
        problems.append("REDIS_URL: with REDIS_AUTH=iam it begins with rediss://")
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
