from dataclasses import replace

import pytest

from functions.manifest import FUNCTIONS, LIVE_TOPIC, SAVE_TOPIC
from functions.settings import Settings, SettingsError
from local.aws.function import FunctionSpec
from local.deployment import CREDENTIALS, TABLE, TOKEN_SECRET, Deployment, Servers, TopicReader, check
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


def deployed(options: Options | None = None, **environment: str) -> dict[str, FunctionSpec]:
    """The functions by name."""
    return {spec.name: spec for spec in deployment(options, **environment).functions()}


def deployment(options: Options | None = None, **environment: str) -> Deployment:
    return Deployment(options or Options(), SERVERS, environment)


def deployed_with_tokens(**environment: str) -> dict[str, FunctionSpec]:
    """The functions by name, where tokens are asked for."""
    specs = Deployment(Options(auth_mode="token"), WITH_SECRETS, environment).functions()
    return {spec.name: spec for spec in specs}


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
    for spec in deployed(Options(heartbeat_seconds=7, auth_mode="token")).values():
        settings = Settings.from_environment(spec.environment)
        assert (settings.redis_url, settings.kafka_bootstrap) == (SERVERS.redis_url, SERVERS.kafka_bootstrap)
        assert (settings.heartbeat_seconds, settings.auth_mode) == (7, "token")


def test_what_functions_could_not_read_is_told_before_there_are_servers() -> None:
    check(Options(), {"CHAT_BURST": "7", "SLICES": "none", "HOME": "/"})
    with pytest.raises(SettingsError, match="^CHAT_BURST: 'x' is not an integer from 0; ARCHIVE_DAYS: must be more"):
        check(Options(), {"CHAT_BURST": "x", "ARCHIVE_DAYS": "0"})


def test_each_slice_is_a_function_with_a_group_of_its_own() -> None:
    options = Options(slices=3)
    readers = [reader for reader in deployment(options).topic_readers() if reader.row == "relay"]
    names = ["relay-0", "relay-1", "relay-2"]
    assert [(reader.function, reader.group) for reader in readers] == [(name, name) for name in names]
    assert {reader.topic.name for reader in readers} == {LIVE_TOPIC}
    specs = deployed(options)
    for number, name in enumerate(names):
        assert (specs[name].environment["SLICE"], specs[name].environment["SLICES"]) == (str(number), "3")
        # One batch after another: a second environment would never get an event.
        assert specs[name].max_environments == 1


def test_one_slice_is_one_reader_whose_window_is_an_option() -> None:
    relay, _ = deployment(Options(window_ms=70)).topic_readers()
    assert relay == TopicReader(
        row="relay", function="relay-0", group="relay-0", topic=relay.topic, window_ms=70, reports_failures=False
    )


def test_the_archive_is_one_reader_however_many_slices_there_are() -> None:
    *_, archive = deployment(Options(slices=3, window_ms=70)).topic_readers()
    assert archive.topic.name == SAVE_TOPIC
    assert archive == TopicReader(
        row="archive",
        function="archive",
        group="archive",
        topic=archive.topic,
        window_ms=archive.topic.window_ms,
        reports_failures=True,
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
        assert Settings.from_environment(environment).table == TABLE
    for name in specs.keys() - told:
        assert Settings.from_environment(specs[name].environment).table == ""


def test_only_the_archive_is_told_of_the_failure_queue_and_to_answer_what_it_could_not_store() -> None:
    specs = deployed(FAILURE_QUEUE="https://sqs.example/prod")
    archive = Settings.from_environment(specs["archive"].environment)
    assert (archive.failure_queue, archive.partial_responses) == (SERVERS.failure_queue_url, "true")
    assert specs["archive"].environment["AWS_ENDPOINT_URL_SQS"] == SERVERS.aws_url
    for name in specs.keys() - {"archive"}:
        assert Settings.from_environment(specs[name].environment).failure_queue == ""
        assert "AWS_ENDPOINT_URL_SQS" not in specs[name].environment


def test_how_long_the_archive_keeps_things_comes_from_the_environment() -> None:
    assert Settings.from_environment(deployed(ARCHIVE_DAYS="7")["archive"].environment).archive_days == 7


def test_only_who_posts_to_connections_has_their_address_and_credentials() -> None:
    specs = deployed()
    assert {name for name, spec in specs.items() if "CONNECTIONS_URL" in spec.environment} == {"relay-0", "api"}
    for posting in ("relay-0", "api"):
        environment = specs[posting].environment
        assert environment["CONNECTIONS_URL"] == SERVERS.connections_url
        assert environment["AWS_ACCESS_KEY_ID"] == CREDENTIALS.access_key
        assert environment["AWS_SECRET_ACCESS_KEY"] == CREDENTIALS.secret_key
    for name in specs.keys() - {"relay-0", "api", "archive"}:
        assert not {key for key in specs[name].environment if key.startswith("AWS_")}


def test_only_who_looks_at_tokens_has_the_address_of_the_secrets_and_credentials() -> None:
    specs = deployed_with_tokens()
    told = {name for name, spec in specs.items() if "AWS_ENDPOINT_URL_SECRETS_MANAGER" in spec.environment}
    assert told == {"authorize", "api"}
    for name in told:
        environment = specs[name].environment
        assert environment["AWS_ENDPOINT_URL_SECRETS_MANAGER"] == SECRETS_URL
        assert environment["TOKEN_SECRET"] == TOKEN_SECRET
        assert environment["AWS_ACCESS_KEY_ID"] == CREDENTIALS.access_key
        assert environment["AWS_SECRET_ACCESS_KEY"] == CREDENTIALS.secret_key


def test_where_nobody_is_asked_for_a_token_there_is_no_secret() -> None:
    # A secret that is named in the developer's own environment is not theirs to read either.
    for spec in deployed(TOKEN_SECRET="prod/token-keys").values():
        assert spec.environment["TOKEN_SECRET"] == ""
        assert "AWS_ENDPOINT_URL_SECRETS_MANAGER" not in spec.environment
        assert Settings.from_environment(spec.environment).token_secret == ""


def test_minted_tokens_are_told_to_be_for_this_gateway_and_no_other() -> None:
    api = deployed_with_tokens(WEBSOCKET_URL="wss://elsewhere.example/websocket")["api"]
    assert Settings.from_environment(api.environment).websocket_url == SERVERS.websocket_url


def test_origins_come_from_the_environment() -> None:
    authorize = deployed_with_tokens(ALLOWED_ORIGINS="https://shop.example")["authorize"]
    assert Settings.from_environment(authorize.environment).allowed_origins == "https://shop.example"


def test_the_environment_sets_what_has_no_option_and_options_win() -> None:
    environment = deployed(Options(), CHAT_BURST="9", HEARTBEAT_SECONDS="1", REDIS_URL="redis://other", HOME="/home")
    assert environment["message"].environment["CHAT_BURST"] == "9"
    assert environment["message"].environment["HEARTBEAT_SECONDS"] == "60"
    assert environment["message"].environment["REDIS_URL"] == SERVERS.redis_url
    assert "HOME" not in environment["message"].environment


def test_the_sweep_is_what_is_scheduled() -> None:
    assert list(deployment().schedules()) == ["sweep"]
