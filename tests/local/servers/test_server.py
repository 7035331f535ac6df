import asyncio
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process

import psutil
import pytest

from local.servers.redis import free_port


async def run(*arguments: str) -> Process:
    environment = {**os.environ, "PYTHONPATH": "."}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *arguments), stdout=PIPE, stderr=PIPE, env=environment
    )


async def line(process: Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 60)).decode()


@pytest.mark.parametrize(
    ("module", "address"),
    [
        ("local.servers.redis", r"redis://127\.0\.0\.1:\d+\n"),
        ("local.servers.kafka", r"127\.0\.0\.1:\d+\n"),
    ],
)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_server_in_the_foreground_says_where_it_is_and_ends_when_told(
    module: str, address: str, number: signal.Signals
) -> None:
    process = await run(module)
    assert re.fullmatch(address, await line(process))
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.send_signal(number)
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, errors) == (0, b"")
    _, alive = psutil.wait_procs(children, timeout=10)
    assert not alive


async def test_told_to_end_before_it_is_ready_it_ends() -> None:
    port = free_port()
    process = await run("local.servers.redis", "--port", str(port))
    async with asyncio.timeout(30):
        while not psutil.Process(process.pid).children(recursive=True):
            await asyncio.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    output, errors = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, output, errors) == (0, b"", b"")


async def test_a_server_that_does_not_start_is_a_message_and_an_exit_code() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        process = await run("local.servers.redis", "--port", str(taken.getsockname()[1]))
        _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 1
    assert b"Address already in use" in errors
    assert b"Traceback" not in errors
