"""From a viewer's chat to every other viewer's screen, through the whole emulator."""

from collections.abc import Sequence
from typing import Any

from bench.emulation import Load, Loaded, running_emulator
from bench.result import Cell, Result

CHATS = 10
QUICK: dict[str, Any] = {"windows": (500,), "viewers": (10, 100), "seconds": 2}


def run(*, windows: Sequence[int] = (0, 500), viewers: Sequence[int] = (10, 100, 1_000), seconds: float = 10) -> Result:
    """Each window (ms) with each number of viewers, for so long."""
    found: list[tuple[int, Loaded]] = []
    for window in windows:
        with running_emulator(window_ms=window) as emulator:
            for size in viewers:
                load = Load(size, chats=min(CHATS, size / 2), likes=0, joins=0, seconds=seconds)
                found.append((window, emulator.load(load)))
    return Result(
        title=f"From chat sent to chat seen, ms: up to {CHATS} chats a second in one room",
        columns=("window ms", "viewers", "p50", "p95", "p99", "max", "seen", "lost"),
        rows=[_row(window, loaded) for window, loaded in found],
        figures={
            "runs": [
                {"windowMs": window, "viewers": loaded.load.viewers, "latencyMs": loaded.told["latency_ms"]}
                | {"chats": loaded.told["chats"]}
                for window, loaded in found
            ]
        },
    )


def _row(window: int, loaded: Loaded) -> list[Cell]:
    latency = loaded.told["latency_ms"]
    times = [latency[name] for name in ("p50", "p95", "p99", "max")]
    return [
        window,
        loaded.load.viewers,
        *(float("inf") if one is None else one for one in times),
        latency["count"],
        loaded.told["chats"]["lost"],
    ]
