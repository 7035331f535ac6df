"""Readers in the gallery, through the whole emulator, beside viewers on seats.

Rooms take turns: one with a few speakers on seats alone, the same with readers in its gallery, and the same with as
many more seats. All have the same chats. What is measured is the run alone, when everybody has been there for a moment:
nobody comes or goes, and heartbeats and renewals are due as often as the server says. A load begins when the emulator
has done what the one before left to do.

The CPU of a reader is what the emulator takes in the room with readers beyond the room with the speakers alone, divided
by the readers; that of a seat likewise. The emulator is the tree of its processes: gateway, cache, functions, Redis,
Kafka, moto and archive. The load kit is in processes of its own, and is not counted.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from bench.emulation import Emulator, Load, Loaded, running_emulator
from bench.gallery_tick import TickCost, tick_costs
from bench.result import BenchFailed, Cell, Result, Target
from bench.samples import growth, sampled
from local.aws.edge_cache import HITS, MISSES, ORIGIN_REQUESTS

# The gallery begins from as many seats as the speakers have.
SPEAKERS, CHATS = 20, 10
# Places are given by the HTTP API, which is slower than the gateway.
CONNECTS = 150
# So much of a run is over before it is measured: the archive stores the arrivals meanwhile.
UNMEASURED = 0.5
CPU = "cpu"
MOST_ORIGIN_REQUESTS, MOST_TIMES_ORIGIN_REQUESTS = 2, 1.1
MOST_P50_MS, MOST_P99_MS = 1_600, 2_500
MOST_OF_A_SEAT = 0.25
MOST_TICK = 1.1
QUICK: dict[str, Any] = {"rounds": 1, "readers": 60, "audiences": (20,), "seconds": 3, "tick_seats": (20,)}


@dataclass(frozen=True)
class Run:
    """What a load told, and what the emulator did a second meanwhile: cores of CPU, and the cache's figures."""

    loaded: Loaded
    cores: float
    origin_requests: float
    hits: float
    misses: float

    @property
    def gallery(self) -> Mapping[str, Any]:
        """What readers told."""
        return self.loaded.told["gallery"]  # type: ignore[no-any-return]

    @property
    def unread(self) -> int:
        """The chats that a reader was owed and did not read, all readers added up."""
        return int(self.gallery["chats"]["due"] - self.gallery["chats"]["read"])


def run(
    *,
    rounds: int = 2,
    readers: int = 1_000,
    audiences: Sequence[int] = (100, 3_000),
    seconds: float = 30,
    tick_seats: Sequence[int] = (100, 1_000),
) -> Result:
    """The rooms take turns `rounds` times, and then come rooms with so many readers each as `audiences` says."""
    alone = Load(SPEAKERS, CHATS, 0, 0, seconds)
    reading, seated = _with_readers(readers, seconds), Load(SPEAKERS + readers, CHATS, 0, 0, seconds)
    found: dict[Load, list[Run]] = {load: [] for load in (alone, reading, seated)}
    with running_emulator(environment={"GALLERY_FROM": str(SPEAKERS)}) as emulator:
        emulator.load(_with_readers(SPEAKERS, 1))  # starts the functions
        for _ in range(rounds):
            for load, runs in found.items():
                runs.append(_run(emulator, load))
        for audience in audiences:
            load = _with_readers(audience, seconds)
            found.setdefault(load, []).append(_run(emulator, load))
    ticks = asyncio.run(tick_costs(rounds=rounds, seats=tick_seats, ticks=_ticks(seconds)))
    return result(found, alone, reading, seated, ticks)


def _with_readers(readers: int, seconds: float) -> Load:
    return Load(SPEAKERS, CHATS, 0, 0, seconds, gallery=readers, connects=CONNECTS)


def _ticks(seconds: float) -> int:
    """As many as the room has in half of the time, in an even number: the rooms begin in turn."""
    return 2 * max(1, round(seconds / 2))


def _run(emulator: Emulator, load: Load) -> Run:
    def read() -> dict[str, float]:
        return {**emulator.counters(), CPU: emulator.cpu_seconds()}

    emulator.rest()
    with sampled(read) as samples:
        loaded = emulator.load(load)
    ended = loaded.told["began_at"] + loaded.seconds
    began = ended - (1 - UNMEASURED) * loaded.seconds
    run = Run(loaded, *(growth(samples, name, began, ended) for name in (CPU, ORIGIN_REQUESTS, HITS, MISSES)))
    if load.gallery and not run.gallery["chats"]["read"]:
        raise BenchFailed(f"no reader read a chat: {loaded.told['problems']}")
    return run


def cpu_of_viewer(runs: Sequence[Run], alone: Sequence[Run]) -> float:
    """Microseconds of the emulator's CPU for each second of a viewer, or reader, that is in these rooms and not in the
    room of the speakers `alone`. From the medians."""
    load = runs[0].loaded.load
    added = load.gallery + load.viewers - alone[0].loaded.load.viewers
    cores = median(run.cores for run in runs) - median(run.cores for run in alone)
    return 1e6 * cores / added


def times(of_reader: float, of_seat: float) -> float:
    """How many times as much; infinite if the rooms were too small, or the machine too busy, to tell them apart."""
    return of_reader / of_seat if of_reader > 0 and of_seat > 0 else float("inf")


def result(
    found: Mapping[Load, Sequence[Run]], alone: Load, reading: Load, seated: Load, ticks: Mapping[int, TickCost]
) -> Result:
    """The outcome of runs by their loads: `alone` of the speakers, `reading` with readers, `seated` with seats."""
    of_seat = cpu_of_viewer(found[seated], found[alone])
    problems = dict.fromkeys(
        f"{_name(load)}: {problem}"
        for load, runs in found.items()
        for run in runs
        for problem in run.loaded.told["problems"]
    )
    return Result(
        title=f"Readers in the gallery: {SPEAKERS} seats that say {CHATS} chats a second, and beside them",
        columns=(
            *("viewers", "emulator", "CPU µs/viewer s", "× a seat's", "origin requests/s", "cache hits %"),
            *("p50 ms", "p99 ms", "unread", "load"),
        ),
        rows=[_row(load, runs, found[alone], of_seat) for load, runs in found.items()],
        figures={
            "runs": [_figures(run) for runs in found.values() for run in runs],
            "tickCpuMs": {str(seats): {"plain": one.plain, "read": one.read} for seats, one in ticks.items()},
        },
        targets=_targets(found, reading, times(cpu_of_viewer(found[reading], found[alone]), of_seat), ticks),
        notes=[
            "emulator, load: the cores that each used in the run; CPU µs: beyond that of the first row",
            *(
                f"relay, ms of CPU a tick of {seats:,} seats: {one.plain:.2f}, with a gallery {one.read:.2f}"
                for seats, one in ticks.items()
            ),
            *problems,
        ],
    )


def _name(load: Load) -> str:
    if load.gallery:
        return f"{load.gallery:,} readers"
    return f"{load.viewers - SPEAKERS:,} seats" if load.viewers > SPEAKERS else "nobody"


def _row(load: Load, runs: Sequence[Run], alone: Sequence[Run], of_seat: float) -> list[Cell]:
    none = float("inf")  # shown as a dash
    of_viewer = cpu_of_viewer(runs, alone) if runs is not alone else none
    cells: list[Cell] = [_name(load), median(run.cores for run in runs), of_viewer, times(of_viewer, of_seat)]
    if load.gallery:
        asked = median(run.hits + run.misses for run in runs)
        cells += [median(run.origin_requests for run in runs), 100 * median(run.hits for run in runs) / asked]
    else:
        cells += [none, none]
    cells += [_ms(runs, "p50"), _ms(runs, "p99")]
    cells.append(sum(run.unread if load.gallery else _lost(run) for run in runs))
    return [*cells, median(float(sum(run.loaded.told["load_cpu"])) for run in runs)]


def _lost(run: Run) -> int:
    chats = run.loaded.told["chats"]
    return int(chats["lost"] + chats["left_out"])


def _ms(runs: Sequence[Run], percentile: str) -> float:
    """From the sending of a chat to its reading, by readers if there are any; infinite if nothing was read."""
    told = [run.gallery if run.loaded.load.gallery else run.loaded.told for run in runs]
    times = [one["latency_ms"][percentile] for one in told]
    return median(float("inf") if time is None else time for time in times)


def _figures(run: Run) -> dict[str, Any]:
    load = run.loaded.load
    return {
        "readers": load.gallery,
        "viewers": load.viewers,
        "emulatorCores": run.cores,
        "perSecond": {"originRequests": run.origin_requests, "hits": run.hits, "misses": run.misses},
        "load": run.loaded.told,
    }


def _targets(
    found: Mapping[Load, Sequence[Run]], reading: Load, of_a_seat: float, ticks: Mapping[int, TickCost]
) -> list[Target]:
    sizes = {load.gallery: median(run.origin_requests for run in runs) for load, runs in found.items() if load.gallery}
    few, many = min(sizes), max(sizes)
    readers = f"{reading.gallery:,} readers"
    return [
        Target(what=f"origin requests a second, {many:,} readers", value=sizes[many], most=MOST_ORIGIN_REQUESTS),
        Target(
            what=f"origin requests, {many:,} readers against {few:,}",
            value=sizes[many] / sizes[few],
            most=MOST_TIMES_ORIGIN_REQUESTS,
        ),
        Target(what=f"ms from chat sent to read, p50, {readers}", value=_ms(found[reading], "p50"), most=MOST_P50_MS),
        Target(what=f"ms from chat sent to read, p99, {readers}", value=_ms(found[reading], "p99"), most=MOST_P99_MS),
        Target(
            what="chats that a reader did not read",
            value=sum(run.unread for load, runs in found.items() if load.gallery for run in runs),
            most=0,
        ),
        Target(what=f"the emulator's CPU for each of {readers}, × a seat's", value=of_a_seat, most=MOST_OF_A_SEAT),
        *(
            Target(what=f"relay's CPU a tick of {seats:,} seats, with a gallery", value=one.times, most=MOST_TICK)
            for seats, one in ticks.items()
        ),
    ]
