import asyncio
import os
import socket

import httpx
import psutil
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from local.app import AddressInUse, Emulator, answered, listen
from local.options import Options
from local.servers.process import accepts
from tests.local.aws.until import until


def processes() -> set[int]:
    """The ids of the processes that this one has started and that run."""
    children = psutil.Process(os.getpid()).children(recursive=True)
    return {child.pid for child in children if child.status() != psutil.STATUS_ZOMBIE}


async def test_an_emulator_brings_its_own_servers_and_takes_them_away() -> None:
    before = processes()
    emulator = Emulator(Options(port=0, window_ms=0), {})
    assert not any(emulator.health().values())
    async with emulator:
        assert emulator.health() == {"redis": True, "kafka": True, "gateway": True, "relay": True}
        async with connect(f"ws://{emulator.address}/websocket/42/alice", proxy=None) as alice, asyncio.timeout(20):
            assert b'"messageType":8' in (await alice.recv(decode=False))
            address = emulator.address
    assert not await accepts(address)
    assert processes() == before


async def test_in_token_mode_it_brings_keys_of_its_own_and_whoever_sits_here_gets_in_with_a_token() -> None:
    before = processes()
    async with Emulator(Options(port=0, window_ms=0, auth_mode="token"), {}) as emulator:
        assert emulator.health()["secrets"]
        async with httpx.AsyncClient(base_url=f"http://{emulator.address}", trust_env=False) as http:
            made = await http.post("/_local/token", json={"activityId": 42, "userId": "alice"})
        url = f"ws://{emulator.address}/websocket?activityId=42"
        with pytest.raises(InvalidStatus, match="401"):
            await connect(url, proxy=None)
        async with connect(f"{url}&token={made.json()['token']}", proxy=None) as alice, asyncio.timeout(20):
            assert b'"userId":"alice"' in (await alice.recv(decode=False))
    assert processes() == before


async def test_servers_that_are_given_are_used_and_left_running(redis_url: str, kafka_bootstrap: str) -> None:
    before = processes()
    async with Emulator(Options(port=0, redis_url=redis_url, kafka_bootstrap=kafka_bootstrap), {}):
        assert processes() == before  # functions start with their first event
    assert await accepts(redis_url.removeprefix("redis://"))
    assert await accepts(kafka_bootstrap)


async def test_a_taken_port_is_told_before_anything_is_started() -> None:
    before = processes()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressInUse, match=f"port {port} of 127.0.0.1 is taken"):
            await Emulator(Options(port=port), {}).__aenter__()
    assert processes() == before


async def test_an_emulator_that_is_cancelled_while_it_starts_leaves_nothing() -> None:
    before = processes()
    starting = asyncio.create_task(Emulator(Options(port=0), {}).__aenter__())
    await until(lambda: processes() != before)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert processes() == before


def test_port_0_takes_a_free_port_of_this_machine_alone() -> None:
    with listen(0) as first, listen(0) as second:
        assert first.getsockname()[0] == second.getsockname()[0] == "127.0.0.1"
        assert first.getsockname()[1] != second.getsockname()[1]


async def test_a_server_that_is_still_starting_is_waited_for() -> None:
    with socket.socket() as late:
        late.bind(("127.0.0.1", 0))
        waiting = asyncio.create_task(answered(f"127.0.0.1:{late.getsockname()[1]}"))
        done, _ = await asyncio.wait([waiting], timeout=0)
        assert not done
        late.listen()
        await waiting
