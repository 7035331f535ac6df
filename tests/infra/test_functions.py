"""The manifest's rows and the template's functions are the same."""

import pytest

from functions.manifest import FUNCTIONS, LIVE_TOPIC, SAVE_TOPIC, Function
from functions.settings import Settings
from tests.infra.cloud import BROKERS, Cloud, id_in

SLICES = 4
NAMES = [row.name for row in FUNCTIONS if row.name != "relay"] + [f"relay-{slice}" for slice in range(SLICES)]
ROWS = {row.name: row for row in FUNCTIONS}


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
    assert function["Code"]["S3Key"] == f"<PackagesVersion>/{'-'.join(row.packages) or 'plain'}.zip"


@pytest.mark.parametrize("name", NAMES)
def test_a_function_is_in_the_private_subnets_if_it_needs_anything_there(cloud: Cloud, name: str) -> None:
    inside = cloud.functions()[name].get("VpcConfig")
    if not row_of(name).needs:
        assert inside is None
        return
    subnets = cloud.all("AWS::EC2::Subnet")
    assert inside is not None
    assert [subnets[id_in(id)]["MapPublicIpOnLaunch"] for id in inside["SubnetIds"]] == [False, False]


@pytest.mark.parametrize("name", NAMES)
def test_a_function_accepts_the_environment_it_is_given(cloud: Cloud, name: str) -> None:
    environment = cloud.functions()[name]["Environment"]["Variables"]
    settings = Settings.from_environment(environment)
    assert settings.redis_url == "rediss://rooms.cache.example:6379"
    assert settings.kafka_bootstrap == BROKERS
    assert (settings.live_topic, settings.save_topic) == (LIVE_TOPIC, SAVE_TOPIC)
    assert settings.auth_mode == "token"
    assert environment["KAFKA_AUTH"] == "iam"


def test_each_relay_is_told_its_slice_and_where_to_post(cloud: Cloud) -> None:
    relays = [cloud.functions()[f"relay-{slice}"]["Environment"]["Variables"] for slice in range(SLICES)]
    settings = [Settings.from_environment(environment) for environment in relays]
    assert [(one.slice, one.slices) for one in settings] == [(slice, SLICES) for slice in range(SLICES)]
    api = cloud.api("WEBSOCKET")
    url = f"https://<{api}>.execute-api.us-east-1.amazonaws.com/websocket"
    assert {one.connections_url for one in settings} == {url}


def test_functions_that_do_not_post_are_not_told_where_to(cloud: Cloud) -> None:
    told = {name for name, one in cloud.functions().items() if "CONNECTIONS_URL" in one["Environment"]["Variables"]}
    assert told == {name for name in NAMES if "connections" in row_of(name).needs}


@pytest.mark.parametrize("name", NAMES)
def test_a_function_writes_to_a_log_group_of_the_stack_that_forgets(cloud: Cloud, name: str) -> None:
    group = id_in(cloud.functions()[name]["LoggingConfig"]["LogGroup"])
    assert cloud.all("AWS::Logs::LogGroup")[group]["RetentionInDays"] == 90
