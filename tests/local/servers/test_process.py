import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import uvloop

from local.servers.process import ServerFailed, ServerProcess, accepts
from tests.processes import runs

SLEEP = ("sleep", "600")
IGNORES_SIGTERM = ("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done")


@pytest.fixture
async def server() -> AsyncIterator[ServerProcess]:
    server = ServerProcess("Server")
    yield server
    await server.kill()
    server.remove()


async def until_gone(pid: int) -> None:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        async with asyncio.timeout(10):
            while runs(process):
                await asyncio.sleep(0.01)


async def has_said(server: ServerProcess, word: str) -> bool:
    return word in server.output


async def test_it_runs_until_it_is_stopped(server: ServerProcess) -> None:
    await server.start(SLEEP)
    assert server.running
    await server.stop()
    assert not server.running


async def test_a_start_that_is_cancelled_loses_no_process(server: ServerProcess) -> None:
    starting = asyncio.create_task(server.start(SLEEP))
    await asyncio.sleep(0)  # it has begun to start the process
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert server.running  # so that `stop` finds it


async def test_a_server_that_ignores_sigterm_is_killed(server: ServerProcess) -> None:
    await server.start(IGNORES_SIGTERM)
    await server.until(lambda: has_said(server, "ready"), seconds=10)
    await server.stop(seconds=0.1)
    assert not server.running


async def test_a_signal_reaches_the_server_itself(server: ServerProcess) -> None:
    await server.start(["sh", "-c", "trap 'echo heard' USR1; echo ready; while :; do sleep 0.02; done"])
    await server.until(lambda: has_said(server, "ready"), seconds=10)
    await server.signal(signal.SIGUSR1)
    await server.until(lambda: has_said(server, "heard"), seconds=10)


async def test_a_server_that_ends_is_an_error_with_its_last_words(server: ServerProcess) -> None:
    await server.start(["sh", "-c", "echo 'no such port' >&2; exit 1"])
    with pytest.raises(ServerFailed, match="Server ended:\nno such port"):
        await server.until(lambda: has_said(server, "never said"), seconds=10)


async def test_a_server_that_is_not_ready_in_time_is_an_error(server: ServerProcess) -> None:
    await server.start(SLEEP)
    with pytest.raises(ServerFailed, match=r"Server was not ready after 0\.05 s without a word"):
        await server.until(lambda: has_said(server, "never said"), seconds=0.05)


async def test_a_command_that_fails_is_told_from_one_that_has_done_its_work(server: ServerProcess) -> None:
    await server.start(["true"])
    await server.ended(seconds=10)
    await server.start(["sh", "-c", "echo broken; exit 3"])
    with pytest.raises(ServerFailed, match="Server failed with status 3:\nbroken"):
        await server.ended(seconds=10)


async def test_stopping_twice_or_before_the_start_does_nothing(server: ServerProcess) -> None:
    await server.stop()
    await server.start(SLEEP)
    await server.stop()
    await server.kill()
    assert not server.running


async def test_a_server_that_ended_by_itself_can_be_stopped_and_started_again(server: ServerProcess) -> None:
    await server.start(["true"])
    with pytest.raises(ServerFailed, match="Server ended"):
        await server.until(lambda: has_said(server, "never said"), seconds=10)
    await server.stop()
    await server.start(SLEEP)
    assert server.running


PARENT = """
import asyncio
from local.servers.process import ServerProcess

async def main():
    server = ServerProcess("Orphan")
    await server.start(["sh", "-c", "echo $$; exec sleep 600"])
    async def spoken():
        return server.output.endswith("\\n")
    await server.until(spoken, seconds=10)
    print(server.output.strip(), server.directory, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_server_dies_with_the_process_that_started_it(number: signal.Signals) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}
    )
    assert parent.stdout is not None
    pid, directory = (await asyncio.wait_for(parent.stdout.readline(), 30)).decode().split()
    assert psutil.pid_exists(int(pid))
    parent.send_signal(number)
    await parent.wait()
    await until_gone(int(pid))
    async with asyncio.timeout(10):
        while Path(directory).exists():
            await asyncio.sleep(0.01)


def test_it_is_stopped_and_killed_under_uvloop_as_well() -> None:
    async def start_and_end() -> None:
        server = ServerProcess("Server")
        for end in (server.stop, server.kill):
            await server.start(SLEEP)
            await end()
            await end()
            assert not server.running
        server.remove()

    uvloop.run(start_and_end())


async def test_whether_something_listens_is_told() -> None:
    listener = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    address = "{}:{}".format(*listener.sockets[0].getsockname())
    assert await accepts(address)
    listener.close()
    await listener.wait_closed()
    assert not await accepts(address)
