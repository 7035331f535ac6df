"""The manifest's rows and the template's functions are the same."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
from aws_cdk import App

from functions.manifest import FUNCTIONS, LIVE_TOPIC, SAVE_TOPIC, Function, Need
from functions.runtime.settings import OF_NEED, OPTIONAL, Settings, SettingsError, variables_of
from functions.usecases.admission import build
from infra.stack import LiveRooms
from infra.stage.stage import Stage
from tests.infra.cloud import BROKERS, Cloud, id_in
from tests.infra.edits import OTHER_IDENTITY, REVIEW, WITH_GALLERY
from tests.infra.synthesis import ROOT

SLICES = 4
NAMES = [row.name for row in FUNCTIONS if row.name != "relay" and not row.only_with] + [
    f"relay-{slice}" for slice in range(SLICES)
]
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


def test_a_function_is_as_its_row_says(cloud: Cloud) -> None:
    for name, function in cloud.functions().items():
        row = row_of(name)
        assert function["Handler"] == row.handler, name
        assert function["Timeout"] == row.timeout_seconds, name
        assert function["MemorySize"] == row.memory_mb, name
        assert function["Architectures"] == ["arm64"], name
        assert function["Runtime"] == "python3.14", name
        code = {"S3Bucket": "<RunMakePackageFirst>", "S3Key": f"{'-'.join(row.packages)}.zip"}
        assert function["Code"] == code, name
        assert function["TracingConfig"] == {"Mode": "Active"}, name


def test_whatever_invokes_a_function_invokes_its_newest_version_by_an_alias(cloud: Cloud) -> None:
    ids = [id for id, one in cloud.all("AWS::Lambda::Function").items() if one in cloud.functions().values()]
    assert len(ids) == len(NAMES)
    invoking = [(id, one) for id, one in cloud.template["Resources"].items() if one["Type"] in INVOKING]
    assert {one["Type"] for _, one in invoking} == set(INVOKING)
    aliases, versions = cloud.all("AWS::Lambda::Alias").values(), cloud.all("AWS::Lambda::Version").items()
    for function in ids:
        (alias,) = (one for one in aliases if one["FunctionName"] == f"<{function}>")
        (version,) = (id for id, one in versions if one["FunctionName"] == f"<{function}>")
        assert alias == {"FunctionName": f"<{function}>", "FunctionVersion": f"<{version}.Version>", "Name": "live"}
        for id, one in invoking:
            assert f'"{function}"' not in json.dumps(one["Properties"]), id


def test_who_somebody_waits_for_starts_from_a_snapshot_where_the_stage_says_so(
    cloud: Cloud, small_cloud: Cloud
) -> None:
    started = {name for name, one in cloud.functions().items() if "SnapStart" in one}
    assert started == {"authorize", "connect", "message", "disconnect", "api"}
    assert all(cloud.functions()[name]["SnapStart"] == {"ApplyOn": "PublishedVersions"} for name in started)
    assert not any("SnapStart" in one for one in small_cloud.functions().values())


def test_only_what_changes_a_function_publishes_a_new_version_of_it(varied: Callable[..., Cloud]) -> None:
    def versions(**changes: object) -> set[str]:
        return set(varied(**changes).all("AWS::Lambda::Version"))

    before = versions()
    assert versions(relay={"slices": 1}) == before
    assert versions(kafka={"volume_gb": 20}, alarm_email="ops@shop.example", reserved={"api": 5}) == before
    (changed,) = versions(archive={"days": 31}) - before
    assert changed.startswith("Functionsarchive")
    # The brokers' addresses are not in the template: were the cluster made anew, an old version would go on with the
    # old ones.
    assert {name for name in versions(kafka={"generation": 2}) & before if "archive" not in name} == {
        name for name in before if name.startswith("Functionsauthorize")
    }


def test_a_function_tells_by_its_description_what_it_is_made_of(varied: Callable[..., Cloud]) -> None:
    def descriptions(**changes: object) -> dict[str, str]:
        return {name: one["Description"] for name, one in varied(**changes).functions().items()}

    before, after = descriptions(), descriptions(archive={"days": 31})
    assert {name for name in before if before[name] != after[name]} == {"archive"}


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


def test_a_function_is_in_the_private_subnets_if_it_needs_anything_there(cloud: Cloud) -> None:
    subnets = cloud.all("AWS::EC2::Subnet")
    for name, function in cloud.functions().items():
        inside = function.get("VpcConfig")
        assert (inside is not None) == bool(row_of(name).needs & {"redis", "kafka"}), name
        if inside is not None:
            assert [subnets[id_in(id)]["MapPublicIpOnLaunch"] for id in inside["SubnetIds"]] == [False] * 3, name


def test_every_stages_functions_accept_the_environments_they_are_given(
    cloud: Cloud, small_cloud: Cloud, varied: Callable[..., Cloud]
) -> None:
    for stage in (
        cloud,
        small_cloud,
        varied(auth_mode="open", log_level="DEBUG"),
        varied(review={"function_arn": REVIEW}),
        varied(identity=OTHER_IDENTITY),
        varied(**WITH_GALLERY),
    ):
        for name, function in stage.functions().items():
            environment = function["Environment"]["Variables"]
            # A reference is no number, a number no text: what is left of a template is text only.
            assert all(isinstance(value, str) for value in environment.values()), name
            stage.settings(name)
            # What is no setting that the function reads is an SDK's.
            ours = {variable for variable in environment if not variable.startswith("AWS_ENDPOINT_URL_")}
            assert ours <= variables_of(row_of(name).needs), name


def test_a_function_has_the_variables_of_its_needs_and_no_others(varied: Callable[..., Cloud]) -> None:
    cloud = varied(review={"function_arn": REVIEW}, edge={"distribution": True, "only": True}, gallery={})
    prefixes = {"redis": "REDIS_", "kafka": "KAFKA_", "connections": "CONNECTIONS_", "table": "TABLE"}
    prefixes |= {"failure_queue": "FAILURE_", "token_keys": "TOKEN_", "review": "REVIEW_", "erasure": "SAVE_RETENTION"}
    prefixes |= {"gallery": "GALLERY_", "edge": "EDGE_"}
    assert prefixes.keys() == {*get_args(Need)}
    for name, function in cloud.functions().items():
        variables = function["Environment"]["Variables"]
        told = {need for need, prefix in prefixes.items() if any(one.startswith(prefix) for one in variables)}
        assert told == row_of(name).needs, name


def test_a_function_whose_need_has_no_variable_refuses_it_by_name(cloud: Cloud) -> None:
    for name, function in cloud.functions().items():
        # A stage may have no review, and the retention of the topics has defaults.
        for need in row_of(name).needs - set(OPTIONAL):
            required = OF_NEED[need][0].upper()
            variables = {one: value for one, value in function["Environment"]["Variables"].items() if one != required}
            with pytest.raises(SettingsError, match=f"^{required} is not set$"):
                Settings.from_environment(variables, row_of(name).needs)


def test_a_function_accepts_the_environment_it_is_given(cloud: Cloud) -> None:
    for name in cloud.functions():
        settings, needs = cloud.settings(name), row_of(name).needs
        assert settings.redis_url == ("rediss://rooms.cache.example:6379" if "redis" in needs else ""), name
        assert settings.redis_auth == ("iam" if "redis" in needs else "none"), name
        assert settings.kafka_bootstrap == (BROKERS if "kafka" in needs else ""), name
        assert settings.kafka_auth == ("iam" if "kafka" in needs else "none"), name
        assert (settings.live_topic, settings.save_topic) == (LIVE_TOPIC, SAVE_TOPIC), name
        assert settings.auth_mode == "token", name


def test_functions_of_the_rooms_are_told_the_rules_of_the_stage(varied: Callable[..., Cloud]) -> None:
    rates = {"chat_burst": 3, "chat_per_second": 0.5, "other_burst": 4, "other_per_second": 1.5}
    rates |= {"join_burst": 6, "join_per_second": 0.1, "seats_per_user": 3, "flood_refusals": 50, "flood_seconds": 5}
    stage = varied(heartbeat_seconds=30, rates=rates, relay={"posts_per_second": 9000})
    for name in ("connect", "message", "disconnect", "relay-0", "sweep", "api"):
        told = stage.settings(name)
        assert {rate: getattr(told, rate) for rate in rates} == rates
        assert told.heartbeat_seconds == 30
    assert stage.settings("relay-0").posts_per_second == 9000


def test_functions_that_look_at_tokens_are_told_where_the_keys_are_and_what_tokens_are_for(cloud: Cloud) -> None:
    told = {name: cloud.settings(name) for name in cloud.functions()}
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
    admission = asyncio.run(build(stage.settings("authorize")))
    assert admission.origins == frozenset(origins)


def test_who_needs_the_table_is_told_its_name_and_the_archive_how_to_use_it(cloud: Cloud) -> None:
    told = {name: cloud.settings(name) for name in cloud.functions()}
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
    settings = [cloud.settings(f"relay-{slice}") for slice in range(SLICES)]
    assert [(one.slice, one.slices) for one in settings] == [(slice, SLICES) for slice in range(SLICES)]
    assert {one.connections_url for one in settings} == {connections_url(cloud)}


def test_functions_that_do_not_post_are_not_told_where_to(cloud: Cloud) -> None:
    environments = {name: one["Environment"]["Variables"] for name, one in cloud.functions().items()}
    told = {name: one["CONNECTIONS_URL"] for name, one in environments.items() if "CONNECTIONS_URL" in one}
    assert set(told) == {"api", *(f"relay-{slice}" for slice in range(SLICES))}
    assert set(told.values()) == {connections_url(cloud)}


def test_a_function_writes_to_a_log_group_of_the_stack_that_forgets(cloud: Cloud) -> None:
    groups = cloud.all("AWS::Logs::LogGroup")
    for name, function in cloud.functions().items():
        config = function["LoggingConfig"]
        assert groups[id_in(config["LogGroup"])]["RetentionInDays"] == 90, name
        assert (config["LogFormat"], config["ApplicationLogLevel"]) == ("JSON", "INFO"), name


def test_the_level_of_the_log_is_the_stages_and_lambda_drops_no_line_of_it(varied: Callable[..., Cloud]) -> None:
    for level, let_through in {"DEBUG": "DEBUG", "ERROR": "INFO"}.items():
        for function in varied(log_level=level).functions().values():
            assert function["Environment"]["Variables"]["LOG_LEVEL"] == level
            assert function["LoggingConfig"]["ApplicationLogLevel"] == let_through
