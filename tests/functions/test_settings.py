import pytest

from functions.settings import Settings, SettingsError

REQUIRED = {"REDIS_URL": "redis://127.0.0.1:6379", "KAFKA_BOOTSTRAP": "127.0.0.1:9092"}


def test_what_is_not_set_has_its_default() -> None:
    settings = Settings.from_environment(REQUIRED)
    assert (settings.redis_url, settings.auth_mode, settings.heartbeat_seconds) == (
        "redis://127.0.0.1:6379",
        "token",
        60,
    )


def test_numbers_are_read_as_numbers() -> None:
    settings = Settings.from_environment(REQUIRED | {"CHAT_PER_SECOND": "0.5", "SLICES": "4", "SLICE": "3"})
    assert (settings.chat_per_second, settings.slices, settings.slice) == (0.5, 4, 3)


def test_one_message_names_everything_that_is_missing_or_wrong() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"REDIS_URL": "", "AUTH_MODE": "closed", "CHAT_BURST": "many", "SLICES": "-1"})
    message = str(caught.value)
    for name in ("REDIS_URL", "KAFKA_BOOTSTRAP", "AUTH_MODE", "CHAT_BURST", "SLICES"):
        assert name in message


def test_the_archive_is_told_where_and_for_how_long_to_keep_things() -> None:
    told = {"TABLE": "rooms", "FAILURE_QUEUE": "http://queue", "ARCHIVE_DAYS": "30", "PARTIAL_RESPONSES": "true"}
    settings = Settings.from_environment(REQUIRED | told)
    assert (settings.table, settings.failure_queue) == ("rooms", "http://queue")
    assert (settings.archive_days, settings.partial_responses) == (30, "true")
    without = Settings.from_environment(REQUIRED)
    assert (without.archive_days, without.partial_responses) == (400, "false")


@pytest.mark.parametrize(
    ("name", "value"), [("PARTIAL_RESPONSES", "yes"), ("ARCHIVE_DAYS", "0"), ("ARCHIVE_DAYS", "1.5")]
)
def test_a_setting_of_the_archive_must_mean_something(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment(REQUIRED | {name: value})


@pytest.mark.parametrize(
    "name", ["CHAT_BURST", "CHAT_PER_SECOND", "OTHER_BURST", "OTHER_PER_SECOND", "HEARTBEAT_SECONDS"]
)
def test_a_rate_of_nothing_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment(REQUIRED | {name: "0"})


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_number_must_be_one(value: str) -> None:
    with pytest.raises(SettingsError, match="CHAT_PER_SECOND"):
        Settings.from_environment(REQUIRED | {"CHAT_PER_SECOND": value})


SIGNED_IN = {"REDIS_URL": "rediss://rooms:6379", "REDIS_AUTH": "iam", "REDIS_USER": "functions", "REDIS_CACHE": "rooms"}


def test_signing_in_to_redis_takes_a_user_a_cache_and_tls() -> None:
    settings = Settings.from_environment(REQUIRED | SIGNED_IN)
    assert (settings.redis_auth, settings.redis_user, settings.redis_cache) == ("iam", "functions", "rooms")
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(REQUIRED | {"REDIS_AUTH": "iam"})
    for name in ("REDIS_USER is not set", "REDIS_CACHE is not set", "rediss://"):
        assert name in str(caught.value)
