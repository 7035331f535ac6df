"""The viewers of one process, kept in their rooms."""

import asyncio
import random
from collections.abc import Coroutine
from functools import partial
from typing import Any

from tools.load.connection import Connection, Refused
from tools.load.options import LoadOptions
from tools.load.pace import RateLimit
from tools.load.presence import OTHERS, SLOW
from tools.load.room import Room
from tools.load.viewer import Tally, Target, Viewer
from tools.token_source import TokenSource

ATTEMPTS = 5
CLOSE_SECONDS = 2.0


class Audience:
    """Every `processes`-th viewer of each room. `gone` are those who will not come back."""

    def __init__(self, options: LoadOptions, index: int, tokens: TokenSource) -> None:
        self._options = options
        self._target = Target(options.url, options.framing, options.tag, tokens)
        self._rate_limit = RateLimit(options.connect_rate / options.processes)
        self._tasks: set[asyncio.Task[None]] = set()
        self.tally = Tally()
        self.rooms = [Room(options.first_room + number, tag=options.tag) for number in range(options.rooms)]
        mine = [n for n in range(options.viewers) if n // options.rooms % options.processes == index]
        self._chosen = {n for n in mine if n // options.rooms < options.chosen_per_room}
        self.viewers = {number: self._viewer(number) for number in mine}
        self.gone: set[Viewer] = set()

    def _viewer(self, number: int) -> Viewer:
        slow = self._options.mode == "slow" and number in self._chosen
        room = self.rooms[number % self._options.rooms]
        return Viewer(f"{self._options.tag}-{number}", room, SLOW if slow else OTHERS, self._target, self.tally)

    @property
    def here(self) -> list[Viewer]:
        return [viewer for viewer in self.viewers.values() if viewer.is_here]

    @property
    def awaited(self) -> list[Viewer]:
        """Those who are not in their rooms, and should be."""
        return [viewer for viewer in self.viewers.values() if not viewer.is_here and viewer not in self.gone]

    @property
    def slow(self) -> list[Connection]:
        """The connections of the slow ones."""
        viewers = self.viewers.values()
        return [viewer.connection for viewer in viewers if viewer.group == SLOW and viewer.connection is not None]

    def counts(self) -> list[tuple[int, int, int]]:
        """For each room: its viewers here, and the lowest and the highest count of users that they were told last."""
        told: dict[Room, list[int]] = {room: [] for room in self.rooms}
        here = dict.fromkeys(self.rooms, 0)
        for viewer in self.here:
            here[viewer.room] += 1
            assert viewer.connection is not None
            online = viewer.connection.presence.online
            if viewer.group != SLOW and online is not None:
                told[viewer.room].append(online)
        return [(here[room], min(told[room], default=0), max(told[room], default=0)) for room in self.rooms]

    async def gather(self) -> None:
        """Let everyone in; returns when each was welcomed or has given up."""
        await asyncio.gather(*(self._bring(viewer) for viewer in self.viewers.values()))

    @property
    def speakers(self) -> list[Viewer]:
        """Those who chat and like: neither slow nor about to vanish."""
        return [viewer for number, viewer in self.viewers.items() if number not in self._chosen]

    def rejoin(self, viewer: Viewer) -> None:
        """Let a viewer leave, as a client should, and come back."""
        self.tally.sent["join"] += 1
        connection = viewer.part()
        assert connection is not None
        self._spawn(self._come_back(viewer, connection))

    async def _come_back(self, viewer: Viewer, connection: Connection) -> None:
        await connection.close(CLOSE_SECONDS)
        await self._bring(viewer)

    def storm(self, jitter: float) -> None:
        """Drop everyone. Each reconnects within `jitter` seconds, at whatever rate that makes."""
        for viewer in self.here:
            viewer.drop()
            self._spawn(self._bring(viewer, delay=random.uniform(0, jitter), in_turn=False))

    def vanish(self) -> None:
        """Drop a share of each room's viewers for good, without a close."""
        for number in self._chosen:
            viewer = self.viewers[number]
            if viewer.is_here:
                self.gone.add(viewer)
                viewer.drop()

    async def _bring(self, viewer: Viewer, *, delay: float = 0.0, in_turn: bool = True) -> None:
        """Let a viewer in, with full jitter between attempts."""
        for attempt in range(ATTEMPTS):
            await asyncio.sleep(delay)
            if in_turn:
                await self._rate_limit.enter()
            try:
                connection = await viewer.enter()
            except Refused:
                delay = random.uniform(0, 2**attempt)
                continue
            connection.ended.add_done_callback(partial(self._miss, viewer, connection))
            return

    def _miss(self, viewer: Viewer, connection: Connection, ended: asyncio.Future[str]) -> None:
        """A connection has ended. Unless the load ended it or the room cut it off, the viewer comes back as a client
        should."""
        if viewer.connection is connection:
            viewer.part()
            self.tally.dropped[viewer.group][ended.result()] += 1
            if connection.cut_off:
                self.gone.add(viewer)
                return
            self._spawn(self._bring(viewer, delay=random.uniform(0, 1)))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end(self) -> None:
        """End the load: note what those who are here have heard."""
        for task in list(self._tasks):
            task.cancel()
        self._leaving = [connection for viewer in self.viewers.values() if (connection := viewer.part(stays=True))]

    async def close(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(connection.close(CLOSE_SECONDS) for connection in self._leaving))
