"""How long a function takes from the start of its process to its first request for an event, against boto3's.

Under awslambdaric, AWS's own runtime client (elsewhere than on Linux, the emulator's), with the packages that the
function is deployed with and no others: a package that happens to be installed here may be imported in passing, as
redis does with OpenTelemetry. A function makes its clients when the first event comes, so what is measured is the
imports. Modules have been compiled before.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from statistics import median
from typing import Any

from packaging.requirements import Requirement

import local.aws
from bench.result import Result, Target
from functions.manifest import FUNCTIONS, packages_of
from local.aws.environment_variables import process_environment
from local.aws.function import FunctionSpec
from local.aws.function_process import installed_client
from local.aws.runtime_api import RuntimeApi

ROOT = Path(local.aws.__path__[0]).parent.parent
BOTO3 = "boto3 and one client"
RUNTIME_CLIENT = ["awslambdaric"] if installed_client() == "awslambdaric" else []
# What is behind the name of a function in a stage with an identity provider.
WITH_PROVIDER = ", identity provider"
# The functions that a viewer waits for.
AWAITED = ("connect", "message")
START_SECONDS = 30
QUICK: dict[str, Any] = {"rounds": 3}


@dataclass(frozen=True)
class Start:
    """Milliseconds from the start of the process to its first `next`; `cpu` is user and system time."""

    wall: float
    cpu: float


class FirstNext:
    """A Runtime API without events. `asked` is when the function asked for its first one."""

    def __init__(self) -> None:
        self.asked: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def runtime_waits(self) -> None:
        """The function asks for an event."""
        if not self.asked.done():
            self.asked.set_result(time.perf_counter())

    def runtime_answered(self, request_id: str, body: bytes) -> bool:
        """There was no event to answer."""
        return False

    runtime_failed = runtime_answered

    def init_failed(self, body: bytes) -> None:
        """The function could not be imported."""
        self.asked.set_exception(RuntimeError(body.decode()))


async def run(*, rounds: int = 9) -> Result:
    """Start everything so many times, in turns. A first round, which may have to compile modules, is not counted."""
    handlers = {"an empty handler": "bench.handlers.nothing.handler", BOTO3: "bench.handlers.boto3_client.handler"}
    required = {BOTO3: ["boto3"]}
    for row in FUNCTIONS:
        for groups in dict.fromkeys((row.packages, packages_of(row, identity=True))):
            name = row.name if groups == row.packages else f"{row.name}{WITH_PROVIDER}"
            handlers[name], required[name] = row.handler, requirements(groups)
    starts: dict[str, list[Start]] = {name: [] for name in handlers}
    with tempfile.TemporaryDirectory() as directory:
        for name in handlers:
            link(RUNTIME_CLIENT + required.get(name, []), Path(directory, name))
        for _ in range(rounds + 1):
            for name, handler in handlers.items():
                starts[name].append(await _start(handler, Path(directory, name)))
    return _result(rounds, {name: _median(found[1:]) for name, found in starts.items()})


def requirements(groups: Iterable[str]) -> list[str]:
    """What dependency groups of pyproject.toml list that include no others."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    return [requirement for group in groups for requirement in listed[group]]


def link(requirements: Iterable[str], directory: Path) -> None:
    """Fill a directory for PYTHONPATH with links to the packages, and to those that they require."""
    directory.mkdir()
    for name in _closure(requirements):
        found = distribution(name)
        # The files and directories of site-packages that are this package's.
        tops = {file.parts[0] for file in found.files or ()} - {"..", "__pycache__", "bin"}
        for top in tops:
            link = directory / top
            if not link.exists():
                link.symlink_to(Path(str(found.locate_file(top))))


def _closure(requirements: Iterable[str]) -> set[str]:
    """The names of the packages, and of those that they require: with their extras, if these are asked for."""
    seen: set[tuple[str, str]] = set()
    left = [(Requirement(one), "") for one in requirements]
    while left:
        requirement, extra_of_parent = left.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra_of_parent}):
            continue
        for extra in ("", *requirement.extras):
            if (requirement.name, extra) not in seen:
                seen.add((requirement.name, extra))
                left += [(Requirement(one), extra) for one in distribution(requirement.name).requires or ()]
    return {name for name, _ in seen}


def _result(rounds: int, medians: Mapping[str, Start]) -> Result:
    boto3 = medians[BOTO3]
    return Result(
        title="Cold start: process start to first `next`",
        columns=("function", "wall ms", "CPU ms", "wall × of boto3", "CPU × of boto3"),
        rows=[[name, one.wall, one.cpu, one.wall / boto3.wall, one.cpu / boto3.cpu] for name, one in medians.items()],
        figures={
            "client": installed_client(),
            "rounds": rounds,
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
    environment = process_environment(spec, root=ROOT, runtime_api=api.address)
    client = ["-m", "awslambdaric"] if RUNTIME_CLIENT else ["-P", str(ROOT / "local" / "aws" / "runtime_client.py")]
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-S", *client, handler], cwd=ROOT, env=environment)  # noqa: ASYNC220
    try:
        asked = await asyncio.wait_for(listener.asked, START_SECONDS)
    finally:
        cpu = _end(process)
        api.stop()
    return Start(1000 * (asked - started), 1000 * cpu)


def _end(process: "subprocess.Popen[bytes]") -> float:
    """Kill it; returns the seconds of user and system time that it took."""
    process.kill()
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = -signal.SIGKILL  # it has been waited for
    return usage.ru_utime + usage.ru_stime


def _median(starts: list[Start]) -> Start:
    return Start(median(start.wall for start in starts), median(start.cpu for start in starts))
