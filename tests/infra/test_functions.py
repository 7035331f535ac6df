"""The manifest's rows and the template's functions are the same."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from aws_cdk import App

from functions.door import build
from functions.manifest import FUNCTIONS, LIVE_TOPIC, SAVE_TOPIC, Function
from functions.settings import Settings
from infra.stack import LiveRooms
from infra.stage import Stage
from tests.infra.cloud import BROKERS, Cloud, id_in
from tests.infra.synthesis import ROOT

SLICES = 4
NAMES = [row.name for row in FUNCTIONS if row.name != "relay"] + [f"relay-{slice}" for slice in range(SLICES)]
ROWS = {row.name: row for row in FUNCTIONS}

INVOKING = (
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Integration",
    "AWS::Events::Rule",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
)


def connections_url(cloud: Cloud) -> str:
    return f"https://<{cloud.api('WEBSOCKET')}>.execute-api.us-east-1.amazonaws.com/websocket"


def row_of(name: str) -> Function:
    return ROWS[name.split("-", maxsplit=1)[0]]


def test_there_is_a_function_for_every_row_and_slice_and_no_other(cloud: Cloud) -> None:
    assert sorted(cloud.functions()) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_function_is_as_its_row_says(cloud: Cloud, name: str) -> None:
    function, row = cloud.functions()[name], row_of(name)
    assert function["Handler"] == row.handler
    assert function["Timeout"] == row.timeout_seconds
    assert function["MemorySize"] == row.memory_mb
    assert function["Architectures"] == ["arm64"]
    assert function["Runtime"] == "python3.14"
    assert function["Code"] == {"S3Bucket": "<RunMakePackageFirst>", "S3Key": f"{'-'.join(row.packages)}.zip"}
    assert function["TracingConfig"] == {"Mode": "Active"}


@pytest.mark.parametrize("name", NAMES)
def test_whatever_invokes_a_function_invokes_its_newest_version_by_an_alias(cloud: Cloud, name: str) -> None:
    (function,) = (id for id, one in cloud.all("AWS::Lambda::Function").items() if one == cloud.functions()[name])
    (alias,) = (one for one in cloud.all("AWS::Lambda::Alias").values() if one["FunctionName"] == f"<{function}>")
    (version,) = (id for id, one in cloud.all("AWS::Lambda::Version").items() if one["FunctionName"] == f"<{function}>")
    assert alias == {"FunctionName": f"<{function}>", "FunctionVersion": f"<{version}.Version>", "Name": "live"}
    for kind in INVOKING:
        for id, one in cloud.template["Resources"].items():
            assert one["Type"] != kind or f'"{function}"' not in json.dumps(one["Properties"]), id


def test_who_somebody_waits_for_starts_from_a_snapshot_where_the_stage_says_so(
    cloud: Cloud, small_cloud: Cloud
) -> None:
    started = {name for name, one in cloud.functions().items() if "SnapStart" in one}
    assert started == {"authorize", "connect", "message", "disconnect", "api"}
    assert all(cloud.functions()[name]["SnapStart"] == {"ApplyOn": "PublishedVersions"} for name in started)
    assert not any("SnapStart" in one for one in small_cloud.functions().values())


def test_a_change_of_the_stage_publishes_new_versions_and_nothing_else_does(varied: Callable[..., Cloud]) -> None:
    # The brokers' address is not in the template: were the cluster made anew, an old version would go on with the old.
    before, same = (set(varied(**changes).all("AWS::Lambda::Version")) for changes in ({}, {"relay": {"slices": 1}}))
    changed = set(varied(kafka={"volume_gb": 20}).all("AWS::Lambda::Version"))
    assert before == same
    assert not before & changed


def test_the_most_environments_of_a_function_are_the_stages(
    cloud: Cloud, small_cloud: Cloud, varied: Callable[..., Cloud]
) -> None:
    def reserved(stage: Cloud) -> dict[str, int]:
        every = stage.functions().items()
        return {
            name: one["ReservedConcurrentExecutions"] for name, one in every if "ReservedConcurrentExecutions" in one
        }

    some = {"connect": 8, "message": 8, "disconnect": 4, "api": 4}
    assert reserved(varied(reserved=some)) == some
    # A new account has none to reserve: its first deployment would fail.
    assert reserved(small_cloud) == reserved(cloud) == {}


@pytest.mark.parametrize("name", NAMES)
def test_a_function_is_in_the_private_subnets_if_it_needs_anything_there(cloud: Cloud, name: str) -> None:
    inside = cloud.functions()[name].get("VpcConfig")
    if not row_of(name).needs & {"redis", "kafka"}:
        assert inside is None
        return
    subnets = cloud.all("AWS::EC2::Subnet")
    assert inside is not None
    assert [subnets[id_in(id)]["MapPublicIpOnLaunch"] for id in inside["SubnetIds"]] == [False, False]


def test_every_stages_functions_accept_the_environments_they_are_given(
    cloud: Cloud, small_cloud: Cloud, varied: Callable[..., Cloud]
) -> None:
    for stage in (cloud, small_cloud, varied(auth_mode="open", log_level="DEBUG")):
        for name, function in stage.functions().items():
            environment = function["Environment"]["Variables"]
            # A reference is no number, a number no text: what is left of a template is text only.
            assert all(isinstance(value, str) for value in environment.values()), name
            told = Settings.from_environment(environment)
            # What is no setting of ours is an SDK's.
            ours = {variable.lower() for variable in environment if not variable.startswith("AWS_ENDPOINT_URL_")}
            assert ours <= vars(told).keys(), name


@pytest.mark.parametrize("name", NAMES)
def test_a_function_accepts_the_environment_it_is_given(cloud: Cloud, name: str) -> None:
    environment = cloud.functions()[name]["Environment"]["Variables"]
    settings = Settings.from_environment(environment)
    assert settings.redis_url == "rediss://rooms.cache.example:6379"
    assert settings.kafka_bootstrap == BROKERS
    assert (settings.live_topic, settings.save_topic) == (LIVE_TOPIC, SAVE_TOPIC)
    assert settings.auth_mode == "token"
    assert environment["KAFKA_AUTH"] == "iam"


def test_functions_of_the_rooms_are_told_the_rules_of_the_stage(varied: Callable[..., Cloud]) -> None:
    rates = {"chat_burst": 3, "chat_per_second": 0.5, "other_burst": 4, "other_per_second": 1.5}
    stage = varied(heartbeat_seconds=30, rates=rates, relay={"posts_per_second": 9000})
    for name in ("connect", "message", "disconnect", "relay-0", "sweep", "api"):
        told = Settings.from_environment(stage.functions()[name]["Environment"]["Variables"])
        assert {rate: getattr(told, rate) for rate in rates} == rates
        assert (told.heartbeat_seconds, told.posts_per_second) == (30, 9000)


def test_functions_that_look_at_tokens_are_told_where_the_keys_are_and_what_tokens_are_for(cloud: Cloud) -> None:
    told = {name: Settings.from_environment(one["Environment"]["Variables"]) for name, one in cloud.functions().items()}
    secret, url = cloud.token_secret(), cloud.filled(cloud.template["Outputs"]["WebSocketUrl"]["Value"])
    for name in ("authorize", "api"):
        assert told[name].token_secret == f"<{secret}>"
        assert told[name].websocket_url == url
    assert {name for name, one in told.items() if one.token_secret} == {"authorize", "api"}


def test_who_lets_people_in_is_told_the_origins_of_the_stage(tmp_path: Path) -> None:
    stages = json.loads((ROOT / "cdk.json").read_text())["context"]["stages"]
    origins = ("https://shop.example", "http://localhost:3000")
    app = App(outdir=str(tmp_path), analytics_reporting=False)
    LiveRooms(app, "rooms", stage=Stage.of("dev", stages).model_copy(update={"allowed_origins": origins}))
    app.synth()
    stage = Cloud(json.loads((tmp_path / "rooms.template.json").read_text()))
    environment = stage.functions()["authorize"]["Environment"]["Variables"]
    assert environment["ALLOWED_ORIGINS"] == "https://shop.example,http://localhost:3000"
    door = asyncio.run(build(Settings.from_environment(environment)))
    assert door.origins == frozenset(origins)


def test_who_needs_the_table_is_told_its_name_and_the_archive_how_to_use_it(cloud: Cloud) -> None:
    told = {name: Settings.from_environment(one["Environment"]["Variables"]) for name, one in cloud.functions().items()}
    (table,) = cloud.all("AWS::DynamoDB::Table")
    assert {name: one.table for name, one in told.items() if one.table} == {
        "archive": f"<{table}>",
        "api": f"<{table}>",
    }
    assert {name for name, one in told.items() if one.failure_queue} == {"archive"}
    assert told["archive"].failure_queue == f"<{cloud.archive_failures()}>"
    assert (told["archive"].archive_days, told["archive"].partial_responses) == (400, "true")


def test_without_origins_the_variable_is_left_out(cloud: Cloud) -> None:
    assert all("ALLOWED_ORIGINS" not in one["Environment"]["Variables"] for one in cloud.functions().values())


def test_each_relay_is_told_its_slice_and_where_to_post(cloud: Cloud) -> None:
    relays = [cloud.functions()[f"relay-{slice}"]["Environment"]["Variables"] for slice in range(SLICES)]
    settings = [Settings.from_environment(environment) for environment in relays]
    assert [(one.slice, one.slices) for one in settings] == [(slice, SLICES) for slice in range(SLICES)]
    assert {one.connections_url for one in settings} == {connections_url(cloud)}


def test_functions_that_do_not_post_are_not_told_where_to(cloud: Cloud) -> None:
    environments = {name: one["Environment"]["Variables"] for name, one in cloud.functions().items()}
    told = {name: one["CONNECTIONS_URL"] for name, one in environments.items() if "CONNECTIONS_URL" in one}
    assert set(told) == {"api", *(f"relay-{slice}" for slice in range(SLICES))}
    assert set(told.values()) == {connections_url(cloud)}


@pytest.mark.parametrize("name", NAMES)
def test_a_function_writes_to_a_log_group_of_the_stack_that_forgets(cloud: Cloud, name: str) -> None:
    config = cloud.functions()[name]["LoggingConfig"]
    assert cloud.all("AWS::Logs::LogGroup")[id_in(config["LogGroup"])]["RetentionInDays"] == 90
    assert (config["LogFormat"], config["ApplicationLogLevel"]) == ("JSON", "INFO")


def test_the_level_of_the_log_is_the_stages_and_lambda_drops_no_line_of_it(varied: Callable[..., Cloud]) -> None:
    for level, let_through in {"DEBUG": "DEBUG", "ERROR": "INFO"}.items():
        for function in varied(log_level=level).functions().values():
            assert function["Environment"]["Variables"]["LOG_LEVEL"] == level
            assert function["LoggingConfig"]["ApplicationLogLevel"] == let_through
