"""The emulator against what a Python user would write instead: bench/peer_room.py, FastAPI and Redis pub/sub.

The load kit's viewers are the client of both, the contenders take turns, and the CPU and the memory are those of the
whole tree of processes: Redis too, and with ours Kafka, moto, the functions and the archive.
"""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import psutil

from bench.emulation import WARM_UP, Emulator, Load, Loaded, running_emulator
from bench.result import BenchFailed, Cell, Result, Target

PEER = "FastAPI + Redis"
SERVERS: Mapping[str, Any] = {
    "ours, window 0": partial(running_emulator, window_ms=0),
    "ours, window 500": partial(running_emulator, window_ms=500),
}
REFERENCE = Load(1_000, 50, 200, 20, 15)
LOADS = (Load(20, 10, 0, 0, 15), Load(100, 10, 0, 0, 15), Load(500, 20, 0, 0, 15), Load(1_000, 50, 0, 0, 15), REFERENCE)
QUICK: dict[str, Any] = {"loads": (Load(20, 10, 0, 0, 3), Load(100, 10, 20, 2, 3))}
# At window 0, by viewers and chats a second: the most p50 and p99 in ms.
MOST_MS: Mapping[tuple[int, float], tuple[float, float]] = {
    (20, 10): (15, float("inf")),
    (100, 10): (20, float("inf")),
    (1_000, 50): (150, 500),
}


def run(*, loads: Sequence[Load] = LOADS) -> Result:
    """Each contender with each load, in a room of its own."""
    found: dict[str, list[tuple[Loaded, float]]] = {}
    for name, running in {PEER: running_peer, **SERVERS}.items():
        found[name] = list(_loaded(running(), loads))
    rows = [_row(name, found[name][at], found[PEER][at]) for at in range(len(loads)) for name in found]
    return Result(
        title="The emulator beside a plain room on FastAPI and Redis pub/sub; × is of that room",
        columns=(
            *("viewers", "chats, likes, joins", "server", "p50 ms", "p99 ms", "lost"),
            *("CPU ms / 1,000", "CPU ×", "frames/viewer s", "frames ×", "MB"),
        ),
        rows=rows,
        figures={name: [_figures(one, memory) for one, memory in runs] for name, runs in found.items()},
        targets=list(_targets([one for one, _ in found["ours, window 0"]])),
        notes=[
            "CPU ms / 1,000: of all processes of the server, for 1,000 chats that viewers saw",
            "frames/viewer s: frames that a viewer got in a second, without the replies to its own chats",
        ],
    )


def _loaded(server: AbstractContextManager[Emulator], loads: Sequence[Load]) -> Iterator[tuple[Loaded, float]]:
    with server as running:
        for load in loads:
            loaded = running.load(load)
            if load is loads[0] and not loaded.told["latency_ms"]["count"]:  # a larger load may be too much
                raise BenchFailed(f"no viewer saw a chat: {loaded.told['problems']}")
            yield loaded, running.memory_mb()


def _row(name: str, run: tuple[Loaded, float], peer: tuple[Loaded, float]) -> list[Cell]:
    (one, memory), (other, _) = run, peer
    load, latency, chats = one.load, one.told["latency_ms"], one.told["chats"]
    times = [float("inf") if latency[at] is None else latency[at] for at in ("p50", "p99")]
    rates = f"{load.chats:g}, {load.likes:g}, {load.joins:g}"
    cpu, frames = _cpu(one), _frames(one)
    ratios = [cpu, _times(cpu, _cpu(other)), frames, _times(frames, _frames(other))]
    return [load.viewers, rates, name, *times, chats["lost"], *ratios, memory]


def _times(one: float, other: float) -> float:
    """How many times as much; infinite where there is nothing to compare with."""
    return one / other if 0 < other < float("inf") else float("inf")


def _cpu(loaded: Loaded) -> float:
    """Milliseconds for 1,000 chats that viewers saw; infinite if they saw none."""
    seen = int(loaded.told["latency_ms"]["count"])
    return 1e6 * loaded.cpu_seconds / seen if seen else float("inf")


def _frames(loaded: Loaded) -> float:
    return loaded.posts_per_second / loaded.load.viewers


def _figures(loaded: Loaded, memory: float) -> dict[str, Any]:
    return {"load": vars(loaded.load), "told": loaded.told, "cpuSeconds": loaded.cpu_seconds, "memoryMb": memory}


def _targets(found: Sequence[Loaded]) -> Iterator[Target]:
    for one in found:
        load = one.load
        if load.likes or (load.viewers, load.chats) not in MOST_MS:
            continue
        for name, most in zip(("p50", "p99"), MOST_MS[load.viewers, load.chats], strict=True):
            if most != float("inf"):
                value = one.told["latency_ms"][name]
                what = f"{name} ms, window 0, {load.viewers:,} viewers × {load.chats:g} chats/s"
                yield Target(what=what, value=float("inf") if value is None else value, most=most)


@contextmanager
def running_peer() -> Iterator[Emulator]:
    """The plain room, warm."""
    command = [sys.executable, "-m", "bench.peer_room"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            if not address:
                raise BenchFailed("the plain room did not start")
            server = Emulator(address, psutil.Process(process.pid))
            server.load(WARM_UP)
            yield server
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
