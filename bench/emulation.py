"""The whole emulator in processes of its own, and loads on it, by their command lines."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil

from bench.result import BenchFailed
from local.aws.cloudwatch import EMULATOR

READY = "Ready."
STOP_SECONDS = 30
ANSWER_SECONDS = 30
REST_SECONDS, IDLE_CORES = 60, 0.15


class LoadFailed(BenchFailed):
    """The emulator or the load could not be run; the message is what it said."""


@dataclass(frozen=True)
class Load:
    """A load of the reference room's kind; rates a second, of the room. `gallery`: readers beside the viewers.
    `connects`: how many of both come in a second."""

    viewers: int
    chats: float
    likes: float
    joins: float
    seconds: float
    gallery: int = 0
    connects: float = 400


WARM_UP = Load(viewers=30, chats=10, likes=30, joins=5, seconds=1)


@dataclass(frozen=True)
class Loaded:
    """What `python -m tools load` told, and the CPU that the emulator used from the first handshake to the last frame:
    the average number of cores, and the seconds."""

    load: Load
    told: dict[str, Any]
    emulator_cores: float
    cpu_seconds: float

    @property
    def events_per_second(self) -> float:
        """What viewers did: chats, likes, joins, heartbeats."""
        return float(sum(self.told["sent"].values()) / self.seconds)

    @property
    def posts_per_second(self) -> float:
        """Frames that reached viewers, without the replies to their chats, which are no POSTs."""
        return float(max(0, self.told["frames"] - self.told["accepted_chats"]) / self.seconds)

    @property
    def seconds(self) -> float:
        return float(self.told["seconds"])


class Emulator:
    def __init__(self, address: str, process: psutil.Process) -> None:
        self.address = address
        self._process = process

    def load(self, load: Load) -> Loaded:
        """Put a load on it, in a room of its own. Raises LoadFailed."""
        began, before = time.monotonic(), self.cpu_seconds()
        command = [sys.executable, "-m", "tools", "load", "--url", f"ws://{self.address}/websocket", "--json", "-"]
        command += ["--viewers", str(load.viewers), "--seconds", str(load.seconds)]
        command += ["--chat-rate", str(load.chats), "--like-rate", str(load.likes), "--join-rate", str(load.joins)]
        command += ["--gallery", str(load.gallery), "--connect-rate", str(load.connects)]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if not done.stdout:  # status 1 alone only means that something was lost
            raise LoadFailed(done.stderr.strip().splitlines()[-1])
        told = json.loads(done.stdout)
        spent = self.cpu_seconds() - before
        return Loaded(load, told, spent / (time.monotonic() - began), spent)

    def memory_mb(self) -> float:
        """The memory of it and its processes; what processes share is counted once."""
        processes = (self._process, *self._process.children(recursive=True))
        return sum(process.memory_full_info().pss for process in processes) / 1e6

    def counters(self) -> dict[str, float]:
        """The emulator's own figures, as /_local/metrics has them: sums since its start."""
        with urlopen(f"http://{self.address}/_local/metrics", timeout=ANSWER_SECONDS) as answer:
            metrics = json.load(answer)["metrics"]
        return {one["name"]: one["sum"] for one in metrics if one["namespace"] == EMULATOR}

    def rest(self, cores: float = IDLE_CORES) -> None:
        """Return when hardly anything is left to do of a load that is over: seats to give up, records to store. That is
        when it takes less than so many cores. Raises LoadFailed after REST_SECONDS."""
        for _ in range(REST_SECONDS):
            before = self.cpu_seconds()
            time.sleep(1)
            if self.cpu_seconds() - before < cores:
                return
        raise LoadFailed(f"the emulator is still busy {REST_SECONDS} s after a load")

    def cpu_seconds(self) -> float:
        """Seconds of CPU that it and its processes have taken so far."""
        return sum(self.cpu_of_parts().values())

    def cpu_of_parts(self) -> dict[str, float]:
        """The same by part: the gateway, with all that is in its process, each function, each server."""
        found: defaultdict[str, float] = defaultdict(float)
        for process in (self._process, *self._process.children(recursive=True)):
            times = process.cpu_times()
            found["gateway" if process == self._process else _part(process)] += times.user + times.system
        return dict(found)


def _part(process: psutil.Process) -> str:
    """A function has its own name as its process's. A server in Python goes by its script."""
    name: str = process.name()
    scripts = [Path(word).stem for word in process.cmdline() if word.endswith(".py")]
    return scripts[0] if scripts and name.startswith("python") else name


@contextmanager
def running_emulator(*, window_ms: int = 500, environment: Mapping[str, str] | None = None) -> Iterator[Emulator]:
    """An emulator on a free port while the context is entered, its functions started. `environment`: settings beside
    those of this process."""
    command = [sys.executable, "-m", "local", "--port", "0", "--window-ms", str(window_ms)]
    settings = {**os.environ, **(environment or {})}
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, text=True, env=settings) as process,
    ):
        try:
            assert process.stdout is not None
            address = ""
            for line in process.stdout:
                if line.strip().startswith("page "):
                    address = line.split("//")[1].strip().rstrip("/")
                if line.startswith(READY):
                    break
            else:
                complaints.seek(0)
                raise LoadFailed(f"the emulator did not start:\n{complaints.read()}")
            # An emulator that nobody listens to stands still as soon as the pipe is full.
            threading.Thread(target=lambda lines: deque(lines, maxlen=0), args=(process.stdout,), daemon=True).start()
            emulator = Emulator(address, psutil.Process(process.pid))
            emulator.load(WARM_UP)
            yield emulator
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
