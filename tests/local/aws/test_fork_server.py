import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from local.aws.fork_server import ForkServer, can_fork
from local.aws.function import FunctionError, FunctionSpec
from local.aws.function_process import Launch
from local.aws.lambda_runtime import LambdaRuntime
from tests.local.aws.until import until
from tests.processes import runs

pytestmark = pytest.mark.skipif(not can_fork(), reason="forks are for Linux")

ROOT = Path(__file__).with_name("functions_under_test")
MODULE = "wave"  # of the standard library; nothing here imports it


def function(**environment: str) -> FunctionSpec:
    return FunctionSpec(name="f", handler="trouble.handler", timeout_seconds=20, memory_mb=128, environment=environment)


@contextlib.asynccontextmanager
async def running(*specs: FunctionSpec, modules: tuple[str, ...] = (MODULE,)) -> AsyncIterator[LambdaRuntime]:
    server = ForkServer(modules)
    runtime = LambdaRuntime(specs, Launch(root=ROOT, write_line=lambda name, line: None, fork_server=server))
    try:
        yield runtime
    finally:
        await runtime.stop()
        await server.stop()


async def modules_of(runtime: LambdaRuntime) -> list[str]:
    loaded: list[str] = await runtime.invoke("f", {"do": "modules"})
    return loaded


def warm_parent() -> psutil.Process:
    (found,) = [
        child
        for child in psutil.Process(os.getpid()).children()
        if any(word.endswith("warm_parent.py") for word in child.cmdline())
    ]
    return found


async def test_a_fork_begins_with_the_modules_and_with_none_of_the_functions() -> None:
    async with running(function()) as runtime:
        loaded = await modules_of(runtime)
        assert MODULE in loaded
        assert {"trouble", "__main__"} <= {*loaded}
        (pid,) = runtime.processes("f")
        assert psutil.Process(pid).ppid() == warm_parent().pid
        assert psutil.Process(pid).name() == "f"


async def test_a_module_that_cannot_be_imported_is_left_out() -> None:
    async with running(function(), modules=("there_is_no_such_module", MODULE)) as runtime:
        assert MODULE in await modules_of(runtime)


async def test_a_function_with_variables_for_a_new_python_gets_one() -> None:
    async with running(function(PYTHONASYNCIODEBUG="1")) as runtime:
        assert MODULE not in await modules_of(runtime)


async def test_when_the_warm_parent_is_killed_its_forks_end_and_the_next_event_starts_another() -> None:
    async with running(function()) as runtime:
        first = psutil.Process(await runtime.invoke("f", {}))
        parent = warm_parent()
        parent.send_signal(signal.SIGKILL)
        await until(lambda: not runtime.processes("f"))
        assert await runtime.invoke("f", {}) != first.pid
        assert warm_parent().pid != parent.pid
        await until(lambda: not runs(first))


async def test_any_number_of_forks_may_be_asked_for_before_the_warm_parent_is_ready() -> None:
    server = ForkServer([MODULE])
    output = os.open(os.devnull, os.O_WRONLY)
    large = {"LARGE": "x" * 50_000}
    asked = (server.fork(["python", "trouble.handler"], cwd=ROOT, environment=large, output=output) for _ in range(40))
    assert len({process.pid for process in await asyncio.gather(*asked)}) == 40
    await server.stop()
    os.close(output)


async def test_an_environment_too_large_for_a_packet_is_an_error_of_the_invocation() -> None:
    async with running(function(LARGE="x" * 200_000)) as runtime:
        with pytest.raises(FunctionError, match="Cannot start a process: an environment of more than"):
            await runtime.invoke("f", {})


async def test_nothing_is_left_of_a_server_that_is_stopped() -> None:
    server = ForkServer([MODULE])
    await server.stop()  # it never started
    await server.start()
    parent = warm_parent()
    launch: dict[str, Any] = {"root": ROOT, "write_line": lambda name, line: None, "fork_server": server}
    runtime = LambdaRuntime([function()], Launch(**launch))
    process = psutil.Process(await runtime.invoke("f", {}))
    await server.stop()
    assert not runs(parent)
    await until(lambda: not runtime.processes("f"))
    await until(lambda: not runs(process))
    await runtime.stop()
