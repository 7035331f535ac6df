"""What a renewal of a place costs the whole emulator, part by part.

Readers of one room have places and renew them once a minute, as client/live.js does, and do nothing else: they read no
slots. The CPU is what each process takes during the renewals and until the archive has stored what came of them, less
what it takes while nothing happens.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Mapping
from typing import Any

from bench.emulation import Emulator, running_emulator
from bench.result import BenchFailed, Cell, Result
from functions.adapters.aws.http import HttpPool

ROOM = 42
PATH = f"/api/activities/{ROOM}/place"
TAKEN_AT_ONCE, RENEWED_AT_ONCE = 4, 16
ANSWER_SECONDS = 20.0
# The archive stores for a while what came at once.
STORED_CORES = 0.1
QUICK: dict[str, Any] = {"places": 60, "seconds": 2, "idle_seconds": 1}


async def run(*, places: int = 2_400, seconds: float = 20, idle_seconds: float = 8) -> Result:
    """So many places are renewed for so many seconds."""
    with running_emulator(environment={"GALLERY_FROM": "1"}) as emulator:
        readers = Readers(emulator.address)
        await readers.take(places)
        emulator.rest(cores=STORED_CORES)
        idle = await _spent(emulator, asyncio.sleep(idle_seconds))
        began = time.monotonic()
        spent = await _spent(emulator, readers.renew(per_second=places / 60, seconds=seconds), rest=True)
        took = time.monotonic() - began
        await readers.close()
    each = shares(spent, idle, times=took / idle_seconds, renewals=readers.renewed)
    rows: list[list[Cell]] = [[part, ms] for part, ms in sorted(each.items(), key=lambda one: -one[1])]
    return Result(
        title=f"{readers.renewed:,} renewals of {places:,} places through the whole emulator",
        columns=("part", "CPU ms a renewal"),
        rows=[*rows, ["in all", sum(each.values())]],
        figures={"renewals": readers.renewed, "cpuMsARenewal": each},
    )


def shares(spent: Mapping[str, float], idle: Mapping[str, float], *, times: float, renewals: int) -> dict[str, float]:
    """Each part's ms of CPU for a renewal. It has `spent` so many seconds, and `idle` seconds without renewals, in a
    time that was `times` shorter."""
    return {part: 1e3 * max(0.0, cpu - idle.get(part, 0.0) * times) / renewals for part, cpu in spent.items()}


async def _spent(emulator: Emulator, doing: Awaitable[None], *, rest: bool = False) -> Mapping[str, float]:
    """The seconds of CPU that each part takes meanwhile, and with `rest` until hardly anything is left to do."""
    before = emulator.cpu_of_parts()
    await doing
    if rest:
        await asyncio.to_thread(emulator.rest, cores=STORED_CORES)
    after = emulator.cpu_of_parts()
    return {part: cpu - before.get(part, 0.0) for part, cpu in after.items()}


class Readers:
    """Readers of one room, who have places. `renewed` counts the renewals."""

    def __init__(self, address: str) -> None:
        self._pool = HttpPool(f"http://{address}", seconds=ANSWER_SECONDS)
        self._held: dict[int, dict[str, Any]] = {}
        self.renewed = 0

    async def take(self, places: int) -> None:
        """So many readers come."""
        left = iter(range(places))

        async def work() -> None:
            for number in left:
                await self._order(number)

        await asyncio.gather(*(work() for _ in range(TAKEN_AT_ONCE)))

    async def renew(self, *, per_second: float, seconds: float) -> None:
        """All renew in turn, evenly."""
        began, due = time.monotonic(), iter(range(round(per_second * seconds)))

        async def work() -> None:
            for turn in due:
                await asyncio.sleep(max(0.0, began + turn / per_second - time.monotonic()))
                await self._order(turn % len(self._held))
                self.renewed += 1

        await asyncio.gather(*(work() for _ in range(RENEWED_AT_ONCE)))

    async def close(self) -> None:
        await self._pool.close()

    async def _order(self, number: int) -> None:
        order: dict[str, Any] = {"username": f"reader {number}", "lane": "gallery"}
        body = json.dumps(order | self._held.get(number, {})).encode()
        head = f"POST {PATH} HTTP/1.1\r\nHost: {self._pool.authority}\r\nContent-Type: application/json\r\n"
        answer = await self._pool.send(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        if answer.status != 200:
            raise BenchFailed(f"no place: {answer.status} {answer.body.decode(errors='replace')[:200]}")
        told = json.loads(answer.body)
        self._held[number] = {"place": told["place"], "mail": told["mail"]}
