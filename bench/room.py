"""The reference room: how many POSTs a viewer costs a second, against one POST per event."""

import asyncio
from dataclasses import asdict, dataclass
from typing import Any

from redis.asyncio.cluster import RedisCluster

from bench.reference_room import RATES, Outcome, ReferenceRoom
from bench.result import Cell, Result, Target
from bench.rooms import running_redis
from functions.rooms.identity import Framing

WINDOW_MS = 500
MOST_POSTS = 2.2


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Room time in seconds; one POST per event is so many POSTs that fewer seconds of it are enough."""

    viewers: int
    seconds: float
    seconds_one_by_one: float


FULL = Sizes(viewers=1000, seconds=60, seconds_one_by_one=2)
QUICK = Sizes(viewers=1000, seconds=6, seconds_one_by_one=0.1)


@dataclass(frozen=True)
class Run:
    """One way of relaying, for so many seconds of room time; `window_ms` None is one record a batch."""

    framing: Framing
    window_ms: int | None
    viewer_seconds: float
    outcome: Outcome

    @property
    def posts(self) -> float:
        """POSTs per viewer and second."""
        return self.outcome.posts / self.viewer_seconds

    def row(self, one_by_one: "Run") -> list[Cell]:
        """For the table."""
        how = f"a tick per {self.window_ms} ms" if self.window_ms else "a POST per event"
        received = self.outcome.bytes / self.viewer_seconds
        return [self.framing, how, self.posts, received, self.outcome.missed, one_by_one.posts / self.posts]

    def to_json(self) -> dict[str, Any]:
        """For the file."""
        return {
            "framing": self.framing,
            "windowMs": self.window_ms,
            "postsPerViewerSecond": self.posts,
            "bytesPerViewerSecond": self.outcome.bytes / self.viewer_seconds,
            **asdict(self.outcome),
        }


def bench(*, quick: bool) -> Result:
    """Measure."""
    return asyncio.run(run(QUICK if quick else FULL))


async def run(sizes: Sizes) -> Result:
    """Measure with these sizes."""
    rows: list[list[Cell]] = []
    runs: list[Run] = []
    framings: tuple[Framing, ...] = ("live.v1", "classic")
    async with running_redis() as redis:
        for framing in framings:
            ticked = await _run(redis, framing, WINDOW_MS, sizes.viewers, sizes.seconds)
            one_by_one = await _run(redis, framing, None, sizes.viewers, sizes.seconds_one_by_one)
            rows += [ticked.row(one_by_one), one_by_one.row(one_by_one)]
            runs += [ticked, one_by_one]
    a_second = ", ".join(f"{rate} {what}s" for what, rate in RATES.items())
    return Result(
        title=f"A room of {sizes.viewers:,} viewers with {a_second} a second",
        columns=("framing", "relay", "POSTs/viewer/s", "bytes/viewer/s", "chats missed", "times fewer POSTs"),
        rows=rows,
        figures={"viewers": sizes.viewers, "perSecond": RATES, "runs": [one.to_json() for one in runs]},
        targets=[
            Target(what="POSTs per viewer and second, live.v1", value=runs[0].posts, most=MOST_POSTS),
            Target(what="chats that a viewer missed, live.v1", value=runs[0].outcome.missed, most=0),
        ],
    )


async def _run(redis: RedisCluster, framing: Framing, window_ms: int | None, viewers: int, seconds: float) -> Run:
    await redis.flushall(target_nodes=RedisCluster.PRIMARIES)
    outcome = await ReferenceRoom(redis, viewers, framing).run(seconds, window_ms)
    return Run(framing, window_ms, viewers * seconds, outcome)
