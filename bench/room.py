"""The reference room: POSTs per viewer and second, against one POST for each event."""

from dataclasses import asdict
from typing import Any

from redis.asyncio.cluster import RedisCluster

from bench.reference_room import RATES, ReferenceRoom
from bench.result import Cell, Result, Target
from bench.rooms import running_redis
from functions.rooms.identity import Framing

WINDOW_MS = 500
MOST_POSTS = 2.2
POSTS, BYTES = "postsPerViewerSecond", "bytesPerViewerSecond"
QUICK: dict[str, Any] = {"seconds": 6, "seconds_one_by_one": 0.1}


async def run(*, viewers: int = 1000, seconds: float = 60, seconds_one_by_one: float = 2) -> Result:
    """Each framing for so much room time, in ticks and event by event. The latter makes so many POSTs that fewer
    seconds are enough."""
    rows: list[list[Cell]] = []
    runs: list[dict[str, Any]] = []
    framings: tuple[Framing, ...] = ("live.v1", "classic")
    async with running_redis() as redis:
        for framing in framings:
            ticked = await _run(redis, framing, WINDOW_MS, viewers, seconds)
            one_by_one = await _run(redis, framing, None, viewers, seconds_one_by_one)
            rows += [_row(ticked, one_by_one), _row(one_by_one, one_by_one)]
            runs += [ticked, one_by_one]
    a_second = ", ".join(f"{rate} {what}s" for what, rate in RATES.items())
    return Result(
        title=f"A room of {viewers:,} viewers with {a_second} a second",
        columns=("framing", "relay", "POSTs/viewer/s", "bytes/viewer/s", "chats missed", "times fewer POSTs"),
        rows=rows,
        figures={"viewers": viewers, "perSecond": RATES, "runs": runs},
        targets=[
            Target(what="POSTs per viewer and second, live.v1", value=runs[0][POSTS], most=MOST_POSTS),
            Target(what="chats that a viewer missed, live.v1", value=runs[0]["missed"], most=0),
        ],
    )


async def _run(
    redis: RedisCluster, framing: Framing, window_ms: int | None, viewers: int, seconds: float
) -> dict[str, Any]:
    """The figures of one way of relaying. `window_ms` None: one record a batch."""
    await redis.flushall(target_nodes=RedisCluster.PRIMARIES)
    outcome = await ReferenceRoom(redis, viewers, framing).run(seconds, window_ms)
    per_viewer = {POSTS: outcome.posts / (viewers * seconds), BYTES: outcome.bytes / (viewers * seconds)}
    return {"framing": framing, "windowMs": window_ms, **per_viewer, **asdict(outcome)}


def _row(run: dict[str, Any], one_by_one: dict[str, Any]) -> list[Cell]:
    how = f"a tick per {run['windowMs']} ms" if run["windowMs"] else "a POST per event"
    return [run["framing"], how, run[POSTS], run[BYTES], run["missed"], one_by_one[POSTS] / run[POSTS]]
