"""A viewer who stands in the gallery, takes a seat to speak, and goes back: by the Python client that people use.

It is to the run what a client on a seat is: see client.py. What it is refused counts as not known, since the client
does not tell whether an earlier try of the same frame may have been done.
"""

import asyncio
import random
import time
from collections.abc import Coroutine
from typing import Any

from client.python.live_rooms import Refused
from tests.chaos.history import Lane, Outcome, Screen, Sending
from tests.chaos.page import Page
from tests.chaos.person import Person

LOOK_SECONDS = 0.1


class Sayings:
    """What a reader has sent, as tests/chaos/outbox.py has it for a client."""

    def __init__(self) -> None:
        self.sendings: list[Sending] = []
        self._open: set[int] = set()

    def __len__(self) -> int:
        """How many chats have no outcome yet."""
        return len(self._open)

    async def say(self, page: Page, sending: Sending) -> None:
        """Say it, and note what comes of it. The client gives the chat an id of its own."""
        self._open.add(id(sending))
        try:
            told = await page.say(sending.text, sending.to)
            sending.id, sending.seq, sending.outcome = told["id"], told["seq"], Outcome.ACKNOWLEDGED
        except Refused as refused:
            sending.error = refused.code
        finally:
            sending.settled = time.time()
            self._open.discard(id(sending))


class Reader:
    """Runs until `stop`. `screens` are what its user saw: a reload, or a page that has vanished, begins a new one."""

    def __init__(self, address: str, person: Person, dice: random.Random) -> None:
        self.person = person
        self.dice = dice
        self.outbox = Sayings()
        self.wanted = True
        self._address = address
        self._pages = [Page(address, person)]
        self._ghosts: list[Page] = []
        self._work: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []
        self._do(self._run())

    @property
    def _page(self) -> Page:
        return self._pages[-1]

    @property
    def screens(self) -> list[Screen]:
        return [page.screen for page in self._pages]

    @property
    def screen(self) -> Screen:
        return self._page.screen

    @property
    def lane(self) -> Lane | None:
        return self._page.lane

    @property
    def is_welcome(self) -> bool:
        return self.lane is not None

    def send(self, sending: Sending) -> None:
        sending.tries.append(time.time())
        self.outbox.sendings.append(sending)
        if sending.kind == "like":
            self._page.like(sending.count)
        else:
            self._do(self.outbox.say(self._page, sending))

    async def reload(self) -> None:
        """Close the page, and at once open another, which has no memory."""
        self._do(self._page.close())
        self._do(self._open_another())

    async def leave(self, seconds: float) -> None:
        """Leave, and come back after so long with a cursor."""
        self.wanted = False
        await self._page.leave()
        await asyncio.sleep(seconds)
        self.wanted = True

    def drop(self) -> None:
        """Lose all TCP connections."""
        self._page.wire.drop()

    def vanish(self) -> None:
        """Leave the page as it is, with connections that are half open, until `bury`; and open another."""
        self._page.wire.die()
        self._ghosts.append(self._page)
        self._do(self._open_another())

    def bury(self) -> None:
        while self._ghosts:
            self._do(self._ghosts.pop().vanish())

    def stop_reading(self) -> None:
        self._page.wire.deafen()

    def read_on(self) -> None:
        for page in self._pages:
            page.wire.hear()

    async def stop(self) -> None:
        """Close for good; the screens stay as they are. Raises what has failed before."""
        self.bury()
        for task in list(self._work):
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
        await asyncio.gather(*(page.close() for page in self._pages))
        for failure in self._failures:
            raise failure

    async def _run(self) -> None:
        """Open the page; and come again when the page has left, or was put out, and may."""
        await self._page.open()
        while True:
            until = self._page.out_until
            if self.wanted and until is not None and time.time() >= until:
                self._page.connect()
            await asyncio.sleep(LOOK_SECONDS)

    async def _open_another(self) -> None:
        self._pages.append(Page(self._address, self.person))
        await self._page.open()

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failures.append(failure)
