import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from functions.manifest import Need
from functions.runtime.settings import OF_ALL, OF_NEED, OPTIONAL, Settings, SettingsError

NEEDS = get_args(Need)
OPERATE = Path(__file__).parents[3] / "docs" / "operate.md"
# A stage may have no review, and what is erased has a small stage's retention.
REQUIRED = {
    "REDIS_URL": "redis://127.0.0.1:6379",
    "KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "CONNECTIONS_URL": "https://connections",
    "TABLE": "rooms",
    "FAILURE_QUEUE": "https://queue",
    "TOKEN_SECRET": "keys",
}


def read(environment: Mapping[str, str]) -> Settings:
    """The settings of a function with every need."""
    return Settings.from_environment(environment, NEEDS)


def test_every_setting_is_read_for_one_need_or_by_all() -> None:
    assert Counter(field.name for field in fields(Settings)) == Counter(
        [*OF_ALL, *(name for names in OF_NEED.values() for name in names)]
    )
    assert tuple(OF_NEED) == NEEDS


def test_the_document_tells_every_setting_with_its_need() -> None:
    rows = re.findall(r"^\| (`[A-Z_`, ]+`) \| `?(\w+)`? \|", OPERATE.read_text(), re.MULTILINE)
    told = Counter((name.lower(), need) for names, need in rows for name in re.findall(r"\w+", names))
    assert told == Counter(
        [*((name, "all") for name in OF_ALL), *((name, need) for need, names in OF_NEED.items() for name in names)]
    )


def test_what_a_need_takes_is_required_by_name_of_who_has_it_and_of_nobody_else() -> None:
    assert Settings.from_environment({}, ()) == Settings()
    for need in (one for one in NEEDS if one not in OPTIONAL):
        required = OF_NEED[need][0].upper()
        with pytest.raises(SettingsError, match=f"^{required} is not set$"):
            Settings.from_environment({name: text for name, text in REQUIRED.items() if name != required}, [need])
        Settings.from_environment({required: REQUIRED[required]}, [need])


def test_what_a_function_does_not_need_it_does_not_read() -> None:
    told = {"REDIS_URL": "redis://r", "CHAT_BURST": "many", "TOKEN_SECRET": "keys", "LOG_LEVEL": "DEBUG"}
    settings = Settings.from_environment(told, ["token_keys"])
    assert settings == Settings(token_secret="keys", log_level="DEBUG")


def test_a_stage_may_have_a_review_of_its_chats() -> None:
    assert Settings.from_environment({}, ["review"]) == Settings(review_timeout_ms=200, review_on_failure="allow")
    for arn in (
        "arn:aws:lambda:eu-central-1:111122223333:function:review",
        "arn:aws-cn:lambda:cn-north-1:1" + "1" * 11 + ":function:a_b-1:$LATEST",
    ):
        told = {"REVIEW_FUNCTION_ARN": arn, "REVIEW_TIMEOUT_MS": "50", "REVIEW_ON_FAILURE": "deny"}
        wanted = Settings(review_function_arn=arn, review_timeout_ms=50, review_on_failure="deny")
        assert Settings.from_environment(told, ["review"]) == wanted


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REVIEW_FUNCTION_ARN", "review"),
        ("REVIEW_FUNCTION_ARN", "arn:aws:lambda:eu-central-1:111122223333:function:"),
        ("REVIEW_FUNCTION_ARN", "arn:aws:lambda:eu-central-1:111122223333:function:a b"),
        ("REVIEW_FUNCTION_ARN", "arn:aws:sqs:eu-central-1:111122223333:queue"),
        ("REVIEW_TIMEOUT_MS", "49"),
        ("REVIEW_TIMEOUT_MS", "2001"),
        ("REVIEW_TIMEOUT_MS", "soon"),
        ("REVIEW_ON_FAILURE", "maybe"),
    ],
)
def test_a_review_that_cannot_be_made_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: "):
        Settings.from_environment({name: value}, ["review"])


def test_where_nobody_is_asked_for_a_token_no_secret_is_needed() -> None:
    assert Settings.from_environment({"AUTH_MODE": "open"}, ["token_keys"]).token_secret == ""


def test_what_is_not_set_has_its_default() -> None:
    settings = read(REQUIRED)
    assert (settings.redis_url, settings.auth_mode, settings.heartbeat_seconds) == (
        "redis://127.0.0.1:6379",
        "token",
        60,
    )


def test_numbers_are_read_as_numbers() -> None:
    settings = read(REQUIRED | {"CHAT_PER_SECOND": "0.5", "SLICES": "4", "SLICE": "3"})
    assert (settings.chat_per_second, settings.slices, settings.slice) == (0.5, 4, 3)


def test_one_message_names_everything_that_is_missing_or_wrong() -> None:
    with pytest.raises(SettingsError) as caught:
        read({"REDIS_URL": "", "AUTH_MODE": "closed", "CHAT_BURST": "many", "SLICES": "-1"})
    message = str(caught.value)
    for name in ("REDIS_URL", "KAFKA_BOOTSTRAP", "AUTH_MODE", "CHAT_BURST", "SLICES"):
        assert name in message


def test_the_archive_is_told_where_and_for_how_long_to_keep_things() -> None:
    told = {"TABLE": "rooms", "FAILURE_QUEUE": "http://queue", "ARCHIVE_DAYS": "30", "PARTIAL_RESPONSES": "true"}
    settings = read(REQUIRED | told)
    assert (settings.table, settings.failure_queue) == ("rooms", "http://queue")
    assert (settings.archive_days, settings.partial_responses) == (30, "true")
    without = read(REQUIRED)
    assert (without.archive_days, without.partial_responses) == (400, "false")


@pytest.mark.parametrize(
    ("name", "value"), [("PARTIAL_RESPONSES", "yes"), ("ARCHIVE_DAYS", "0"), ("ARCHIVE_DAYS", "1.5")]
)
def test_a_setting_of_the_archive_must_mean_something(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read(REQUIRED | {name: value})


@pytest.mark.parametrize(
    "name",
    [
        *("CHAT_BURST", "CHAT_PER_SECOND", "OTHER_BURST", "OTHER_PER_SECOND", "JOIN_BURST", "JOIN_PER_SECOND"),
        *("SEATS_PER_USER", "FLOOD_REFUSALS", "FLOOD_SECONDS", "HEARTBEAT_SECONDS"),
    ],
)
def test_a_rate_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read(REQUIRED | {name: "0"})


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_number_must_be_one(value: str) -> None:
    with pytest.raises(SettingsError, match="CHAT_PER_SECOND"):
        read(REQUIRED | {"CHAT_PER_SECOND": value})


SIGNED_IN = {"REDIS_URL": "rediss://rooms:6379", "REDIS_AUTH": "iam", "REDIS_USER": "functions", "REDIS_CACHE": "rooms"}


def test_signing_in_to_redis_takes_a_user_a_cache_and_tls() -> None:
    settings = read(REQUIRED | SIGNED_IN)
    assert (settings.redis_auth, settings.redis_user, settings.redis_cache) == ("iam", "functions", "rooms")
    with pytest.raises(SettingsError) as caught:
        read(REQUIRED | {"REDIS_AUTH": "iam"})
    for name in ("REDIS_USER is not set", "REDIS_CACHE is not set", "rediss://"):
        assert name in str(caught.value)


def test_an_identity_provider_has_an_issuer_an_audience_and_an_https_address() -> None:
    provider = {
        "IDENTITY_JWKS_URL": "https://id.example/jwks.json",
        "IDENTITY_ISSUER": "https://id.example",
        "IDENTITY_AUDIENCE": "rooms",
    }
    assert read(REQUIRED | provider).identity_audience == "rooms"
    here = "http://127.0.0.1:8000/jwks"
    assert read(REQUIRED | provider | {"IDENTITY_JWKS_URL": here}).identity_jwks_url == here
    for missing in ("IDENTITY_ISSUER", "IDENTITY_AUDIENCE"):
        with pytest.raises(SettingsError, match=f"^{missing} is not set$"):
            read(REQUIRED | {name: value for name, value in provider.items() if name != missing})
    for url in ("http://id.example/jwks.json", "id.example", "file:///etc/keys", "ftp://127.0.0.1/keys"):
        with pytest.raises(SettingsError, match="^IDENTITY_JWKS_URL: it begins with https://$"):
            read(REQUIRED | provider | {"IDENTITY_JWKS_URL": url})
