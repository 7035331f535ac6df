"""How many frames a second a browser draws of the room page while a room is busy, against an empty page."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page

from bench.chromium import CHROMIUM, MISSING, chromium
from bench.result import BenchFailed, Cell, Result, Target
from bench.served_pages import served
from local.aws.asgi import Receive, Scope, Send

TICK_SECONDS = 0.5
USERS = 40
TEXTS = ("hello everyone", "这个茶壶真好看！", "مرحبا! How big is it?", "how much is the shipping to Spain?", "nice")
LEAST_FRAMES = 50.0
LEAST_SHARE = 0.8
QUICK: dict[str, Any] = {"rates": (200,), "seconds": 3, "rounds": 1}
# The times between the frames that are drawn from now on, in ms.
COUNT = """seconds => new Promise((done) => {
  const times = [];
  let last = performance.now();
  const end = last + seconds * 1000;
  requestAnimationFrame(function frame(now) {
    times.push(now - last);
    last = now;
    if (now < end) requestAnimationFrame(frame);
    else done(times.slice(1));
  });
})"""


async def run(*, rates: Sequence[int] = (0, 50, 200), seconds: float = 10, rounds: int = 3) -> Result:
    """The page with so many chats a second, and an empty page before each time; medians of the rounds."""
    if CHROMIUM is None:
        raise BenchFailed(MISSING)
    empty: list[list[float]] = []
    busy: dict[int, list[list[float]]] = {rate: [] for rate in rates}
    room = BusyRoom()
    async with chromium() as browser, served(room) as address:
        for _ in range(rounds):
            for rate in rates:
                empty.append(await _empty(browser, seconds))
                room.per_tick = round(rate * TICK_SECONDS)
                busy[rate].append(await _busy(browser, address, seconds))
    return _result(empty, busy, seconds)


def _result(empty: list[list[float]], busy: dict[int, list[list[float]]], seconds: float) -> Result:
    base = _per_second(empty)
    found = {rate: _per_second(times) for rate, times in busy.items()}
    most = max(busy)
    longest = {rate: max(max(times) for times in rounds) for rate, rounds in busy.items()}
    rows: list[list[Cell]] = [["an empty page", base, 1.0, max(max(times) for times in empty)]]
    rows += [[f"the room, {rate} chats a second", found[rate], found[rate] / base, longest[rate]] for rate in busy]
    return Result(
        title=f"Frames a second in headless Chromium, 1440x900, no GPU, {seconds:g} s each",
        columns=("page", "frames/s", "of the empty page's", "longest frame ms"),
        rows=rows,
        figures={
            "emptyFramesPerSecond": base,
            "framesPerSecond": {str(rate): value for rate, value in found.items()},
            "longestFrameMs": {str(rate): value for rate, value in longest.items()},
        },
        targets=[
            Target(what=f"frames a second with {most} chats a second", value=found[most], least=LEAST_FRAMES),
            Target(what="of an empty page's frames", value=found[most] / base, least=LEAST_SHARE),
        ],
    )


def _per_second(rounds: list[list[float]]) -> float:
    """The median of the rounds' averages."""
    averages = sorted(1000 * len(times) / sum(times) for times in rounds)
    return averages[len(averages) // 2]


async def _empty(browser: Browser, seconds: float) -> list[float]:
    async with _page(browser, "about:blank") as page:
        return await _times(page, seconds)


async def _busy(browser: Browser, address: str, seconds: float) -> list[float]:
    async with _page(browser, f"{address}/?room=42&name=alice") as page:
        await page.locator("#state[data-name=open]").wait_for()
        await _times(page, seconds / 2)  # until the list is full and messages are all over the stage
        return await _times(page, seconds)


@asynccontextmanager
async def _page(browser: Browser, address: str) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    page = await context.new_page()
    await page.goto(address)
    yield page
    await context.close()


async def _times(page: Page, seconds: float) -> list[float]:
    times: list[float] = await page.evaluate(COUNT, seconds)
    return times


class BusyRoom:
    """Welcomes whoever comes, and says so many chats in each tick."""

    def __init__(self) -> None:
        self.per_tick = 0
        self._seq = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept", "subprotocol": "live.v1"})
        welcome = {"messageType": 8, "userId": "alice", "onlineNumber": USERS, "zanNumber": 0, "cursor": "e1.0"}
        await send({"type": "websocket.send", "text": json.dumps([welcome])})
        ticking = asyncio.create_task(self._tick(send))
        while (await receive())["type"] != "websocket.disconnect":
            pass
        ticking.cancel()

    async def _tick(self, send: Send) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            if self.per_tick:
                await send({"type": "websocket.send", "text": json.dumps([self._chat() for _ in range(self.per_tick)])})

    def _chat(self) -> dict[str, Any]:
        self._seq += 1
        user = f"user {self._seq % USERS}"
        said = {"textMessage": f"{TEXTS[self._seq % len(TEXTS)]} {self._seq}", "fromusername": user, "userId": user}
        more = {"attributes": {"level": "12"}} if self._seq % 3 == 0 else {}
        return {"messageType": 4, "seq": self._seq, "time": 1_700_000_000_000 + self._seq, **said, **more}
