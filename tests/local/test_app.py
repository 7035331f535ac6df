import asyncio
import os
import socket

import boto3
import httpx
import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from local.app import AddressInUse, Emulator, listen
from local.aws.fork_server import can_fork
from local.deployment import TABLE
from local.options import Options
from local.servers import given
from local.servers.moto import REGION, MotoResources
from local.servers.process import ServerFailed, accepts
from tests.local.aws.until import until
from tests.processes import runs


def processes() -> set[int]:
    """The ids of the processes that this one has started and that run."""
    children = psutil.Process(os.getpid()).children(recursive=True)
    return {child.pid for child in children if runs(child)}


async def test_an_emulator_brings_its_own_servers_and_takes_them_away() -> None:
    before = processes()
    emulator = Emulator(Options(port=0, window_ms=0), {})
    assert not any(emulator.health().values())
    async with emulator:
        parts = ("redis", "kafka", "moto", "gateway", "relay", "archive")
        assert emulator.health() == dict.fromkeys(parts, True)
        async with connect(f"ws://{emulator.address}/websocket/42/alice", proxy=None) as alice, asyncio.timeout(20):
            assert b'"messageType":8' in (await alice.recv(decode=False))
            address = emulator.address
    assert not await accepts(address)
    assert processes() == before


async def test_in_token_mode_it_brings_keys_of_its_own_and_whoever_sits_here_gets_in_with_a_token() -> None:
    before = processes()
    async with Emulator(Options(port=0, window_ms=0, auth_mode="token"), {}) as emulator:
        async with httpx.AsyncClient(base_url=f"http://{emulator.address}", trust_env=False, timeout=60) as http:
            made = await http.post("/_local/token", json={"activityId": 42, "userId": "alice"})
        url = f"ws://{emulator.address}/websocket?activityId=42"
        with pytest.raises(InvalidStatus, match="401"):
            await connect(url, proxy=None)
        async with connect(f"{url}&token={made.json()['token']}", proxy=None) as alice, asyncio.timeout(20):
            assert b'"userId":"alice"' in (await alice.recv(decode=False))
    assert processes() == before


async def test_servers_that_are_given_are_used_and_left_running(
    redis_url: str, kafka_bootstrap: str, moto_url: str
) -> None:
    before = processes()
    options = Options(port=0, redis_url=redis_url, kafka_bootstrap=kafka_bootstrap, aws_endpoint=moto_url)
    async with Emulator(options, {}):
        # Functions start with their first event; here is only what they will be forked from.
        assert len(processes() - before) == can_fork()
    assert await accepts(redis_url.removeprefix("redis://"))
    assert await accepts(kafka_bootstrap)
    assert await accepts(moto_url.removeprefix("http://"))


async def test_a_table_that_is_there_is_kept_as_it_is(redis_url: str, kafka_bootstrap: str, moto_url: str) -> None:
    options = Options(port=0, redis_url=redis_url, kafka_bootstrap=kafka_bootstrap, aws_endpoint=moto_url)
    await MotoResources(moto_url).make_table(TABLE)
    item = {"pk": {"S": "room#1"}, "sk": {"S": "kept"}}
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    dynamodb = boto3.client("dynamodb", region_name=REGION, endpoint_url=moto_url, **keys)
    dynamodb.put_item(TableName=TABLE, Item=item)
    async with Emulator(options, {}):
        assert dynamodb.get_item(TableName=TABLE, Key=item)["Item"] == item


async def test_the_archive_tells_tools_on_this_machine_where_it_is_and_no_web_page(
    redis_url: str, kafka_bootstrap: str, moto_url: str
) -> None:
    options = Options(port=0, redis_url=redis_url, kafka_bootstrap=kafka_bootstrap, aws_endpoint=moto_url)
    async with Emulator(options, {}) as emulator, httpx.AsyncClient(trust_env=False, timeout=60) as http:
        url = f"http://{emulator.address}/_local/archive"
        told = await http.get(url)
        assert told.json() == {"table": TABLE, "endpoint": moto_url, "region": REGION}
        strange = await http.get(url, headers={"Origin": "https://elsewhere.example"})
        assert strange.status_code == 403


async def test_a_server_that_cannot_be_started_takes_the_others_with_it(
    kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(given, "PATIENCE_SECONDS", 1)  # it will not start
    before = processes()
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        port = deaf.getsockname()[1]
        options = Options(port=0, kafka_bootstrap=kafka_bootstrap, aws_endpoint=f"http://127.0.0.1:{port}")
        with pytest.raises(ServerFailed, match=f"^AWS_ENDPOINT: no server answers at 127.0.0.1:{port}$"):
            await Emulator(options, {}).__aenter__()
    assert processes() == before


async def test_what_is_no_moto_is_told_in_one_line(redis_url: str, kafka_bootstrap: str) -> None:
    wrong = redis_url.replace("redis://", "http://")
    options = Options(port=0, redis_url=redis_url, kafka_bootstrap=kafka_bootstrap, aws_endpoint=wrong)
    with pytest.raises(ServerFailed, match=f"moto at {wrong}: "):
        await Emulator(options, {}).__aenter__()


async def test_a_taken_port_is_told_before_anything_is_started() -> None:
    before = processes()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressInUse, match=f"port {port} of 127.0.0.1 is taken"):
            await Emulator(Options(port=port), {}).__aenter__()
    assert processes() == before


@pytest.mark.parametrize("count", [1, 2, 4, 6])
async def test_an_emulator_that_is_cancelled_while_it_starts_leaves_nothing(count: int) -> None:
    before = processes()
    starting = asyncio.create_task(Emulator(Options(port=0), {}).__aenter__())
    # Redis, Kafka and moto, each behind its guard, side by side.
    await until(lambda: len(processes() - before) >= count)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert processes() == before


def test_port_0_takes_a_free_port_of_this_machine_alone() -> None:
    with listen(0) as first, listen(0) as second:
        assert first.getsockname()[0] == second.getsockname()[0] == "127.0.0.1"
        assert first.getsockname()[1] != second.getsockname()[1]
