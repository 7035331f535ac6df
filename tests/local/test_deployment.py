from functions.manifest import FUNCTIONS, LIVE_TOPIC
from functions.settings import Settings
from local.aws.function import FunctionSpec
from local.deployment import CREDENTIALS, Deployment, Servers, TopicReader
from local.options import Options

SERVERS = Servers(
    redis_url="redis://127.0.0.1:1",
    kafka_bootstrap="127.0.0.1:2",
    connections_url="http://127.0.0.1:3/websocket",
)


def deployed(options: Options | None = None, **environment: str) -> dict[str, FunctionSpec]:
    """The functions by name."""
    return {spec.name: spec for spec in deployment(options, **environment).functions()}


def deployment(options: Options | None = None, **environment: str) -> Deployment:
    return Deployment(options or Options(), SERVERS, environment)


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


def test_each_slice_is_a_function_with_a_group_of_its_own() -> None:
    options = Options(slices=3)
    readers = list(deployment(options).topic_readers())
    names = ["relay-0", "relay-1", "relay-2"]
    assert [(reader.function, reader.group) for reader in readers] == [(name, name) for name in names]
    assert {reader.topic.name for reader in readers} == {LIVE_TOPIC}
    specs = deployed(options)
    for number, name in enumerate(names):
        assert (specs[name].environment["SLICE"], specs[name].environment["SLICES"]) == (str(number), "3")
        # One batch after another: a second environment would never get an event.
        assert specs[name].max_environments == 1


def test_one_slice_is_one_reader() -> None:
    (reader,) = deployment().topic_readers()
    assert reader == TopicReader(function="relay-0", group="relay-0", topic=reader.topic)


def test_only_who_posts_to_connections_has_their_address_and_credentials() -> None:
    posting = {name for name, spec in deployed().items() if "CONNECTIONS_URL" in spec.environment}
    assert posting == {"relay-0"}
    relay = deployed()["relay-0"].environment
    assert relay["CONNECTIONS_URL"] == SERVERS.connections_url
    assert relay["AWS_ACCESS_KEY_ID"] == CREDENTIALS.access_key
    assert relay["AWS_SECRET_ACCESS_KEY"] == CREDENTIALS.secret_key
    assert not {key for key in deployed()["message"].environment if key.startswith("AWS_")}


def test_the_environment_sets_what_has_no_option_and_options_win() -> None:
    environment = deployed(Options(), CHAT_BURST="9", HEARTBEAT_SECONDS="1", REDIS_URL="redis://other", HOME="/home")
    assert environment["message"].environment["CHAT_BURST"] == "9"
    assert environment["message"].environment["HEARTBEAT_SECONDS"] == "60"
    assert environment["message"].environment["REDIS_URL"] == SERVERS.redis_url
    assert "HOME" not in environment["message"].environment


def test_the_sweep_is_what_is_scheduled() -> None:
    assert list(deployment().schedules()) == ["sweep"]
