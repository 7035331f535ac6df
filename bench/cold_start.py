"""How long a function takes from the start of its process to its first request for an event, against boto3's.

Under awslambdaric, AWS's own runtime client (elsewhere than on Linux, the emulator's), with the packages that the
function is deployed with and no others. Clients are made when the first event comes, so what is measured is the
imports. Modules have been compiled before.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import local.aws
from bench.packages import group, link
from bench.result import Result, Target
from functions.manifest import FUNCTIONS
from local.aws.environment_variables import process_environment
from local.aws.execution_environment import installed_client
from local.aws.function import FunctionSpec
from local.aws.runtime_api import RuntimeApi

ROOT = Path(local.aws.__path__[0]).parent.parent
BOTO3 = "boto3 and one client"
RUNTIME_CLIENT = ["awslambdaric"] if installed_client() == "awslambdaric" else []
# The functions that a viewer waits for.
AWAITED = ("connect", "message")
START_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Everything starts so many times, in turns."""

    rounds: int


FULL = Sizes(rounds=9)
QUICK = Sizes(rounds=3)


@dataclass(frozen=True)
class Contender:
    """A handler, and what must be installed for it."""

    handler: str
    requirements: list[str]


@dataclass(frozen=True)
class Start:
    """Milliseconds from the start of the process to its first `next`; `cpu` is user and system time."""

    wall: float
    cpu: float


class FirstNext:
    """A Runtime API that has no event to give: it hears when the function asks for its first one."""

    def __init__(self) -> None:
        self.asked: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def runtime_waits(self) -> None:
        """Note the time."""
        if not self.asked.done():
            self.asked.set_result(time.perf_counter())

    def runtime_answered(self, request_id: str, body: bytes) -> bool:
        """There was no event to answer."""
        return False

    def runtime_failed(self, request_id: str, body: bytes) -> bool:
        """There was no event to fail."""
        return False

    def init_failed(self, body: bytes) -> None:
        """The function could not be imported."""
        self.asked.set_exception(RuntimeError(body.decode()))


def bench(*, quick: bool) -> Result:
    """Measure."""
    return asyncio.run(run(QUICK if quick else FULL))


async def run(sizes: Sizes) -> Result:
    """Measure with these sizes; a first round, which may have modules to compile, is not counted."""
    contenders = _contenders()
    starts: dict[str, list[Start]] = {name: [] for name in contenders}
    with tempfile.TemporaryDirectory() as directory:
        for name, contender in contenders.items():
            link(RUNTIME_CLIENT + contender.requirements, Path(directory, name))
            await _start(contender.handler, Path(directory, name))
        for _ in range(sizes.rounds):
            for name, contender in contenders.items():
                starts[name].append(await _start(contender.handler, Path(directory, name)))
    return _result(sizes, {name: _median(found) for name, found in starts.items()})


def _contenders() -> dict[str, Contender]:
    found = {
        "an empty handler": Contender("bench.handlers.nothing.handler", []),
        BOTO3: Contender("bench.handlers.boto3_client.handler", ["boto3"]),
    }
    for function in FUNCTIONS:
        groups = [group(ROOT / "pyproject.toml", name) for name in function.packages]
        found[function.name] = Contender(function.handler, [one for names in groups for one in names])
    return found


def _result(sizes: Sizes, medians: Mapping[str, Start]) -> Result:
    boto3 = medians[BOTO3]
    return Result(
        title="Cold start: process start to first `next`",
        columns=("function", "wall ms", "CPU ms", "wall × of boto3", "CPU × of boto3"),
        rows=[[name, one.wall, one.cpu, one.wall / boto3.wall, one.cpu / boto3.cpu] for name, one in medians.items()],
        figures={
            "client": installed_client(),
            "rounds": sizes.rounds,
            "milliseconds": {name: {"wall": one.wall, "cpu": one.cpu} for name, one in medians.items()},
        },
        targets=[
            Target(what=f"CPU of {name}'s cold start against boto3's", value=medians[name].cpu / boto3.cpu, most=1)
            for name in AWAITED
        ],
    )


async def _start(handler: str, packages: Path) -> Start:
    """Start the function in a process of its own, wait for its first `next`, and end it."""
    listener = FirstNext()
    api = RuntimeApi(listener)
    await api.start()
    path = {"PYTHONPATH": f"{ROOT}{os.pathsep}{packages}"}
    spec = FunctionSpec(name="bench", handler=handler, timeout_seconds=3, memory_mb=1024, environment=path)
    started = time.perf_counter()
    process = _spawn(handler, process_environment(spec, root=ROOT, runtime_api=api.address))
    try:
        asked = await asyncio.wait_for(listener.asked, START_SECONDS)
    finally:
        cpu = _end(process)
        api.stop()
    return Start(1000 * (asked - started), 1000 * cpu)


def _spawn(handler: str, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(_command(handler), cwd=ROOT, env=environment)


def _end(process: subprocess.Popen[bytes]) -> float:
    """Kill it; returns the seconds of user and system time that it took."""
    process.kill()
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = -signal.SIGKILL  # it has been waited for
    return usage.ru_utime + usage.ru_stime


def _command(handler: str) -> list[str]:
    if installed_client() == "awslambdaric":
        return [sys.executable, "-S", "-m", "awslambdaric", handler]
    return [sys.executable, "-S", "-P", str(ROOT / "local" / "aws" / "runtime_client.py"), handler]


def _median(starts: list[Start]) -> Start:
    return Start(median(start.wall for start in starts), median(start.cpu for start in starts))
