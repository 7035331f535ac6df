"""The reference room's rates through the whole emulator: gateway, functions, Kafka, Redis, relay, and the load too."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.emulation import Load, Loaded, running_emulator
from bench.result import Cell, Result, Target

CHATS, LIKES, JOINS = 50, 200, 20
MOST_P99_MS = 2_000


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """One room after the other, of so many viewers, for so long. Rates are a small room's in proportion."""

    viewers: Sequence[int]
    seconds: float


FULL = Sizes(viewers=(500, 1_000, 2_000, 5_000), seconds=15)
QUICK = Sizes(viewers=(200,), seconds=4)


def bench(*, quick: bool) -> Result:
    """Measure."""
    return run(QUICK if quick else FULL)


def run(sizes: Sizes) -> Result:
    """Measure with these sizes."""
    with running_emulator() as emulator:
        found = [emulator.load(_load(viewers, sizes.seconds)) for viewers in sizes.viewers]
    largest = found[-1]
    who = f"{largest.load.viewers:,} viewers"
    return Result(
        title=f"The whole emulator: up to {CHATS} chats, {LIKES} likes, {JOINS} joins a second in one room",
        columns=("viewers", "events/s", "POSTs/s", "p50 ms", "p99 ms", "lost", "left out", "emulator", "load"),
        rows=[_row(loaded) for loaded in found],
        figures={"runs": [_figures(loaded) for loaded in found]},
        targets=[
            Target(what=f"chats lost, {who}", value=largest.told["chats"]["lost"], most=0),
            Target(what=f"ms from chat to screen, p99, {who}", value=_ms(largest, "p99"), most=MOST_P99_MS),
        ],
        notes=["emulator, load: the cores that each used", *_problems(found)],
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
    """Those that the load used, of all its processes."""
    cores: list[float] = loaded.told["load_cpu"]
    return sum(cores)


def _ms(loaded: Loaded, percentile: str) -> float:
    found: float | None = loaded.told["latency_ms"][percentile]
    return float("inf") if found is None else found


def _problems(found: Sequence[Loaded]) -> list[str]:
    return [f"{loaded.load.viewers:,} viewers: {problem}" for loaded in found for problem in loaded.told["problems"]]
