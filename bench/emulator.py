"""The reference room's rates through the whole emulator: gateway, functions, Kafka, Redis, relay, and the load too."""

from collections.abc import Sequence
from typing import Any

from bench.emulation import Load, Loaded, running_emulator
from bench.result import Cell, Result, Target

CHATS, LIKES, JOINS = 50, 200, 20
MOST_P99_MS = 2_000
QUICK: dict[str, Any] = {"viewers": (200,), "seconds": 4}


def run(*, viewers: Sequence[int] = (500, 1_000, 2_000, 5_000), seconds: float = 15) -> Result:
    """One room after the other, of so many viewers, for so long. A small room has smaller rates, in proportion."""
    with running_emulator() as emulator:
        found = [emulator.load(_load(size, seconds)) for size in viewers]
    largest = found[-1]
    who = f"{largest.load.viewers:,} viewers"
    problems = [f"{each.load.viewers:,} viewers: {problem}" for each in found for problem in each.told["problems"]]
    return Result(
        title=f"The whole emulator: up to {CHATS} chats, {LIKES} likes, {JOINS} joins a second in one room",
        columns=("viewers", "events/s", "POSTs/s", "p50 ms", "p99 ms", "lost", "left out", "emulator", "load"),
        rows=[_row(loaded) for loaded in found],
        figures={"runs": [_figures(loaded) for loaded in found]},
        targets=[
            Target(what=f"chats lost, {who}", value=largest.told["chats"]["lost"], most=0),
            Target(what=f"ms from chat to screen, p99, {who}", value=_ms(largest, "p99"), most=MOST_P99_MS),
        ],
        notes=["emulator, load: the cores that each used", *problems],
    )


def _load(viewers: int, seconds: float) -> Load:
    share = min(1.0, viewers / 1_000)
    return Load(viewers, CHATS * share, LIKES * share, JOINS * share, seconds)


def _row(loaded: Loaded) -> list[Cell]:
    chats = loaded.told["chats"]
    latency = [_ms(loaded, "p50"), _ms(loaded, "p99")]
    cores = [loaded.emulator_cores, _load_cores(loaded)]
    rates = [loaded.events_per_second, loaded.posts_per_second]
    return [loaded.load.viewers, *rates, *latency, chats["lost"], chats["left_out"], *cores]


def _figures(loaded: Loaded) -> dict[str, object]:
    return {
        "viewers": loaded.load.viewers,
        "eventsPerSecond": loaded.events_per_second,
        "postsPerSecond": loaded.posts_per_second,
        "emulatorCores": loaded.emulator_cores,
        "loadCores": _load_cores(loaded),
        "load": loaded.told,
    }


def _load_cores(loaded: Loaded) -> float:
    return float(sum(loaded.told["load_cpu"]))


def _ms(loaded: Loaded, percentile: str) -> float:
    found: float | None = loaded.told["latency_ms"][percentile]
    return float("inf") if found is None else found
