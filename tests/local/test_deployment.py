from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functions.manifest import FUNCTIONS, LIVE_TOPIC, SAVE_TOPIC, Function, needs_of
from functions.runtime.settings import Settings, SettingsError
from functions.triggers import Schedule, Topic
from local.aws.function import FunctionSpec
from local.aws.kafka_consumer import MappingConfig
from local.deployment import (
    CREDENTIALS,
    TABLE,
    TOKEN_SECRET,
    BadSchedule,
    Deployment,
    Servers,
    check,
    rates,
)
from local.options import Options

SERVERS = Servers(
    redis_url="redis://127.0.0.1:1",
    kafka_bootstrap="127.0.0.1:2",
    connections_url="http://127.0.0.1:3/websocket",
    websocket_url="ws://127.0.0.1:3/websocket",
    aws_url="http://127.0.0.1:5",
    failure_queue_url="http://127.0.0.1:5/123456789012/failures",
)
SECRETS_URL = "http://127.0.0.1:4"
WITH_SECRETS = replace(SERVERS, secrets_url=SECRETS_URL)
TRIGGERS = {function.name: function.trigger for function in FUNCTIONS if isinstance(function.trigger, Topic)}


def deployed(options: Options | None = None, **environment: str) -> dict[str, FunctionSpec]:
    """The functions by name."""
    return {spec.name: spec for spec in deployment(options, **environment).functions()}


def deployment(options: Options | None = None, **environment: str) -> Deployment:
    return Deployment(options or Options(), SERVERS, environment)


def deployed_with_tokens(*, heartbeat_seconds: int = 60, **environment: str) -> dict[str, FunctionSpec]:
    """The functions by name, where tokens are asked for."""
    options = Options(auth_mode="token", heartbeat_seconds=heartbeat_seconds)
    return {spec.name: spec for spec in Deployment(options, WITH_SECRETS, environment).functions()}


def settings_of(spec: FunctionSpec) -> Settings:
    """What the function reads."""
    return Settings.from_environment(spec.environment, needs_of(spec.name.partition("-")[0]))


def test_every_function_of_the_manifest_is_deployed_as_it_says() -> None:
    specs = deployed()
    assert len(specs) == len(FUNCTIONS)
    for function in FUNCTIONS:
        spec = specs["relay-0" if function.name == "relay" else function.name]
        assert (spec.handler, spec.timeout_seconds, spec.memory_mb) == (
            function.handler,
            function.timeout_seconds,
            function.memory_mb,
        )


def test_every_function_is_told_settings_that_it_can_read() -> None:
    for spec in deployed_with_tokens(heartbeat_seconds=7).values():
        settings, needs = settings_of(spec), needs_of(spec.name.partition("-")[0])
        assert settings.redis_url == (SERVERS.redis_url if "redis" in needs else "")
        assert settings.kafka_bootstrap == (SERVERS.kafka_bootstrap if "kafka" in needs else "")
        assert settings.heartbeat_seconds == (7 if "redis" in needs else 60)
        assert settings.auth_mode == "token"


def test_what_functions_could_not_read_is_told_before_there_are_servers() -> None:
    check(Options(), {"CHAT_BURST": "7", "SLICES": "none", "HOME": "/"})
    with pytest.raises(SettingsError, match="^CHAT_BURST: 'x' is not an integer from 0; ARCHIVE_DAYS: must be more"):
        check(Options(), {"CHAT_BURST": "x", "ARCHIVE_DAYS": "0"})


def test_each_slice_is_a_function_with_a_group_of_its_own() -> None:
    options = Options(slices=3)
    mappings = list(deployment(options).mappings("relay"))
    names = ["relay-0", "relay-1", "relay-2"]
    assert [(mapping.function, mapping.group) for mapping in mappings] == [(name, name) for name in names]
    assert {mapping.topic for mapping in mappings} == {LIVE_TOPIC}
    specs = deployed(options)
    for number, name in enumerate(names):
        assert (specs[name].environment["SLICE"], specs[name].environment["SLICES"]) == (str(number), "3")
        # One batch after another: a second environment would never get an event.
        assert specs[name].max_environments == 1


def test_where_there_is_too_little_cpu_frames_go_before_what_is_told_and_that_before_what_is_stored() -> None:
    specs = deployed()
    assert specs["message"].nice == specs["connect"].nice == specs["api"].nice == 0
    assert 0 < specs["relay-0"].nice < specs["archive"].nice


def test_one_slice_is_one_reader_whose_window_is_an_option() -> None:
    [relay] = deployment(Options(window_ms=70)).mappings("relay")
    assert relay == MappingConfig(
        function="relay-0",
        topic=LIVE_TOPIC,
        group="relay-0",
        bootstrap=SERVERS.kafka_bootstrap,
        batch_size=TRIGGERS["relay"].batch_size,
        window_ms=70,
        report_batch_item_failures=False,
    )


def test_the_archive_is_one_reader_however_many_slices_there_are() -> None:
    [archive] = deployment(Options(slices=3, window_ms=70)).mappings("archive")
    assert archive == MappingConfig(
        function="archive",
        topic=SAVE_TOPIC,
        group="archive",
        bootstrap=SERVERS.kafka_bootstrap,
        batch_size=TRIGGERS["archive"].batch_size,
        window_ms=TRIGGERS["archive"].window_ms,
        report_batch_item_failures=True,
    )
    assert deployed()["archive"].max_environments == 1


def test_only_who_needs_the_table_is_told_where_it_is() -> None:
    specs = deployed(TABLE="prod-rooms", FAILURE_QUEUE="https://sqs.example/prod")
    told = {name for name, spec in specs.items() if "AWS_ENDPOINT_URL_DYNAMODB" in spec.environment}
    assert told == {"archive", "api"}
    for name in told:
        environment = specs[name].environment
        assert environment["AWS_ENDPOINT_URL_DYNAMODB"] == SERVERS.aws_url
        assert environment["AWS_ACCESS_KEY_ID"] == CREDENTIALS.access_key
        assert settings_of(specs[name]).table == TABLE
    for name in specs.keys() - told:
        assert settings_of(specs[name]).table == ""


def test_only_the_archive_is_told_of_the_failure_queue_and_to_answer_what_it_could_not_store() -> None:
    specs = deployed(FAILURE_QUEUE="https://sqs.example/prod")
    archive = settings_of(specs["archive"])
    assert (archive.failure_queue, archive.partial_responses) == (SERVERS.failure_queue_url, "true")
    assert specs["archive"].environment["AWS_ENDPOINT_URL_SQS"] == SERVERS.aws_url
    for name in specs.keys() - {"archive"}:
        assert settings_of(specs[name]).failure_queue == ""
        assert "AWS_ENDPOINT_URL_SQS" not in specs[name].environment


def test_how_long_the_archive_keeps_things_comes_from_the_environment() -> None:
    assert settings_of(deployed(ARCHIVE_DAYS="7")["archive"]).archive_days == 7


def test_only_who_posts_to_connections_has_their_address_and_credentials() -> None:
    specs = deployed()
    posting = {"relay-0", "api"}
    assert {name for name, spec in specs.items() if "CONNECTIONS_URL" in spec.environment} == posting
    for name in posting:
        environment = specs[name].environment
        assert environment["CONNECTIONS_URL"] == SERVERS.connections_url
        assert environment["AWS_ACCESS_KEY_ID"] == CREDENTIALS.access_key
        assert environment["AWS_SECRET_ACCESS_KEY"] == CREDENTIALS.secret_key
    for name in specs.keys() - posting - {"archive"}:
        assert not {key for key in specs[name].environment if key.startswith("AWS_")}


def test_only_who_looks_at_tokens_has_the_address_of_the_secrets_and_credentials() -> None:
    specs = deployed_with_tokens()
    told = {name for name, spec in specs.items() if "AWS_ENDPOINT_URL_SECRETS_MANAGER" in spec.environment}
    assert told == {"authorize", "api", "gallery"}
    for name in told - {"gallery"}:
        environment = specs[name].environment
        assert environment["AWS_ENDPOINT_URL_SECRETS_MANAGER"] == SECRETS_URL
        assert environment["TOKEN_SECRET"] == TOKEN_SECRET
        assert environment["AWS_ACCESS_KEY_ID"] == CREDENTIALS.access_key
        assert environment["AWS_SECRET_ACCESS_KEY"] == CREDENTIALS.secret_key


def test_where_nobody_is_asked_for_a_token_there_is_no_secret() -> None:
    # A secret that is named in the developer's own environment is not theirs to read either.
    for spec in deployed(TOKEN_SECRET="prod/token-keys").values():
        assert not spec.environment.get("TOKEN_SECRET")
        assert "AWS_ENDPOINT_URL_SECRETS_MANAGER" not in spec.environment
        assert settings_of(spec).token_secret == ""


def test_minted_tokens_are_told_to_be_for_this_gateway_and_no_other() -> None:
    api = deployed_with_tokens(WEBSOCKET_URL="wss://elsewhere.example/websocket")["api"]
    assert settings_of(api).websocket_url == SERVERS.websocket_url


def test_origins_come_from_the_environment() -> None:
    authorize = deployed_with_tokens(ALLOWED_ORIGINS="https://shop.example")["authorize"]
    assert settings_of(authorize).allowed_origins == "https://shop.example"


def test_the_environment_sets_what_has_no_option_and_options_win() -> None:
    environment = deployed(Options(), CHAT_BURST="9", HEARTBEAT_SECONDS="1", REDIS_URL="redis://other", HOME="/home")
    assert environment["message"].environment["CHAT_BURST"] == "9"
    assert environment["message"].environment["HEARTBEAT_SECONDS"] == "60"
    assert environment["message"].environment["REDIS_URL"] == SERVERS.redis_url
    assert "HOME" not in environment["message"].environment


def scheduled(name: str, seconds: Any) -> Function:
    return replace(next(row for row in FUNCTIONS if row.name == "sweep"), name=name, trigger=Schedule(seconds))


def test_the_sweep_is_what_is_scheduled() -> None:
    assert deployment().schedules() == {"sweep": 60}


def test_each_schedule_is_its_rows_own_and_the_option_is_the_sweeps() -> None:
    rows = [scheduled("census", 5), scheduled("sweep", 60), scheduled("tidy", 0.5), scheduled("report", 86_400)]
    given = {"census": 5, "sweep": 60, "tidy": 0.5, "report": 86_400}
    assert rates(rows, sweep_seconds=None) == given
    assert rates(rows, sweep_seconds=2) == given | {"sweep": 2}
    assert rates(rows[:1], sweep_seconds=2) == {"census": 5}


def test_a_schedule_that_is_no_rate_is_refused_by_name() -> None:
    for seconds in (0, -5, -0.5, float("inf"), float("nan"), "5", None, True):
        with pytest.raises(BadSchedule) as refused:
            rates([scheduled("sweep", 60), scheduled("census", seconds)], sweep_seconds=None)
        line = f"functions/manifest.py: census: Schedule(seconds={seconds!r}) is no rate: it takes a number above 0"
        assert str(refused.value) == line


def test_without_a_review_nobody_is_told_of_one_whatever_the_developer_has() -> None:
    arn = "arn:aws:lambda:eu-central-1:111122223333:function:theirs"
    assert "review" not in deployed(REVIEW_FUNCTION_ARN=arn)
    message = deployed(REVIEW_FUNCTION_ARN=arn)["message"]
    assert settings_of(message).review_function_arn == ""
    assert not {"AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL_LAMBDA"} & message.environment.keys()


def test_a_review_is_one_more_function_that_message_alone_may_invoke(tmp_path: Path) -> None:
    file = tmp_path / "my_review.py"
    file.touch()
    servers = replace(SERVERS, lambda_url="http://127.0.0.1:6")
    environment = {"REVIEW_ON_FAILURE": "deny"}
    specs = {spec.name: spec for spec in Deployment(Options(review=str(file)), servers, environment).functions()}
    review = specs.pop("review")
    assert (review.handler, review.root, dict(review.environment)) == ("my_review.handler", tmp_path, {})
    assert (review.timeout_seconds, review.memory_mb) == (3, 128)
    settings = settings_of(specs["message"])
    assert settings.review_function_arn == "arn:aws:lambda:us-east-1:123456789012:function:review"
    assert (settings.review_timeout_ms, settings.review_on_failure) == (2000, "deny")
    told = {name for name, spec in specs.items() if "AWS_ENDPOINT_URL_LAMBDA" in spec.environment}
    assert told == {"message"}
    assert specs["message"].environment["AWS_ACCESS_KEY_ID"] == CREDENTIALS.access_key
