"""A client that behaves as docs/protocol.md says, and remembers all that happened to it."""

import asyncio
import contextlib
import json
import random
import time
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.typing import Subprotocol

from functions.rooms.events import CHAT, NOTICE, SANCTION
from functions.rooms.identity import SUBPROTOCOL
from functions.rooms.objects import REPLY, WELCOME
from tests.chaos.history import Heard, Lane, Link, Object, Screen, Sending
from tests.chaos.outbox import Outbox
from tests.chaos.person import Person
from tests.chaos.seen import Seen

ENTER_SECONDS = 30.0  # for the handshake and the welcome
SILENT_SECONDS = 10.0  # then a heartbeat wants an answer, and after as long again the connection is given up
LOOK_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 4.0
HEARTBEAT = 7


class Client:
    """Runs until `stop`. `screens` are what its user saw: a reload begins a new one."""

    def __init__(self, address: str, person: Person, dice: random.Random) -> None:
        self.person = person
        self.dice = dice
        self.outbox = Outbox()
        self.screens = [self._blank()]
        self.wanted = True
        self.kept_out_until = 0.0
        self._address = address
        self._seen = Seen()
        self._connection: ClientConnection | None = None
        self._ghosts: list[tuple[ClientConnection, Link]] = []
        self._hears = asyncio.Event()
        self._hears.set()
        self._links = 0
        self._heard_at = 0.0
        self._heartbeat_seconds = 60.0
        self._running = asyncio.create_task(self._run())

    @property
    def screen(self) -> Screen:
        return self.screens[-1]

    @property
    def lane(self) -> Lane | None:
        """Where it is in the room; None if it is not."""
        return "seat" if self.is_welcome else None

    @property
    def is_welcome(self) -> bool:
        """Whether it is connected and was welcomed over this connection."""
        return self._connection is not None and self.screen.links[-1].welcomed

    def send(self, sending: Sending) -> None:
        self.outbox.add(sending)

    async def reload(self) -> None:
        """Close, and come back at once without a memory, as a page that is loaded again."""
        await self._close()
        self.screens.append(self._blank())
        self._seen = Seen()

    async def leave(self, seconds: float) -> None:
        """Close, and come back after so long with a cursor."""
        self.wanted = False
        await self._close()
        await asyncio.sleep(seconds)
        self.wanted = True

    def drop(self) -> None:
        """Lose the TCP connection."""
        if self._connection is not None:
            self._connection.transport.abort()

    def vanish(self) -> None:
        """Forget the connection and leave it half open, until `bury`."""
        if self._connection is not None:
            self._ghosts.append((self._connection, self.screen.links[-1]))
            self._reading.cancel()

    def bury(self) -> None:
        """Cut the connections that were left half open."""
        for connection, link in self._ghosts:
            connection.transport.abort()
            link.ended = time.time()
        self._ghosts.clear()

    def stop_reading(self) -> None:
        self._hears.clear()

    def read_on(self) -> None:
        self._heard_at = time.time()
        self._hears.set()

    async def stop(self) -> None:
        """Close for good; the screens stay as they are. Raises what has ended the client before."""
        self.wanted = False
        self._running.cancel()
        [failure] = await asyncio.gather(self._running, return_exceptions=True)
        self.bury()
        await self._close()
        if isinstance(failure, Exception):
            raise failure

    def _blank(self) -> Screen:
        return Screen(name=self.person.name, user=self.person.user)

    async def _run(self) -> None:
        attempt = 0
        while True:
            if self.wanted and time.time() >= self.kept_out_until:
                attempt = 0 if await self._live() else attempt + 1
                await asyncio.sleep(self.dice.uniform(0, min(LONGEST_WAIT_SECONDS, 0.5 * 2**attempt)))
            else:
                await asyncio.sleep(LOOK_SECONDS)

    async def _live(self) -> bool:
        """One connection from its handshake to its end; whether it was welcomed."""
        link = Link(number=self._links, began=time.time(), since=self._seen.highest)
        try:
            connection = await self._open()
        except (OSError, TimeoutError, InvalidHandshake, WebSocketException):
            return False
        if not self.wanted:
            connection.transport.abort()
            return False
        self._links += 1
        self._connection, self._heard_at = connection, time.time()
        screen = self.screen
        screen.links.append(link)
        self._reading = asyncio.create_task(self._read(connection, screen, link))
        doing = [asyncio.create_task(self._work(connection, link)), asyncio.create_task(self._beat(connection, link))]
        await asyncio.wait((self._reading,))
        for task in doing:
            task.cancel()
        await asyncio.gather(*doing, return_exceptions=True)
        self._connection = None
        if all(ghost is not connection for ghost, _ in self._ghosts):
            link.ended = time.time()
            connection.transport.abort()
        self.outbox.lost_connection()
        if not self._reading.cancelled():
            self._reading.result()
        return link.welcomed

    async def _open(self) -> ClientConnection:
        person = self.person
        query = {"activityId": str(person.activity), "username": person.name, "userId": person.user}
        if self._seen.cursor:
            query["since"] = self._seen.cursor
        return await connect(
            f"ws://{self._address}/websocket?{urlencode(query)}",
            subprotocols=None if person.classic else [Subprotocol(SUBPROTOCOL)],
            compression=None,
            ping_interval=None,
            open_timeout=ENTER_SECONDS,
            close_timeout=2,
            proxy=None,
        )

    async def _close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            await asyncio.wait((self._reading,))

    async def _read(self, connection: ClientConnection, screen: Screen, link: Link) -> None:
        with contextlib.suppress(WebSocketException):
            while True:
                await self._hears.wait()
                frame = json.loads(await connection.recv())
                self._heard_at = time.time()
                for one in frame if isinstance(frame, list) else [frame]:
                    self._take(one, screen, link)

    def _take(self, one: Object, screen: Screen, link: Link) -> None:
        kind = one.get("messageType")
        if kind == REPLY:
            self.outbox.take(one)
        elif kind == SANCTION and one.get("action") == "banned":
            self.kept_out_until = time.time() + (one.get("seconds") or 0)
        if kind == WELCOME:
            link.welcomed = True
            self._heartbeat_seconds = float(one["heartbeatSeconds"])
            self._seen.enter(one)
        keeps, renewed = self._seen.add(one["seq"]) if kind in (CHAT, NOTICE) else (True, False)
        if kind != REPLY:
            screen.heard.append(Heard(at=time.time(), link=link.number, object=one, kept=keeps, renewed=renewed))
        for old in one.get("history", ()) if kind == WELCOME else ():
            self._take(old, screen, link)

    async def _work(self, connection: ClientConnection, link: Link) -> None:
        """Send what is due; give the connection up if it is silent."""
        with contextlib.suppress(WebSocketException):
            while True:
                if link.welcomed:
                    for frame in self.outbox.due():
                        await connection.send(frame)
                silent = time.time() - self._heard_at if self._hears.is_set() else 0
                if silent > (2 * SILENT_SECONDS if link.welcomed else ENTER_SECONDS):
                    connection.transport.abort()
                await asyncio.sleep(LOOK_SECONDS)

    async def _beat(self, connection: ClientConnection, link: Link) -> None:
        with contextlib.suppress(WebSocketException):
            while not link.welcomed:
                await asyncio.sleep(LOOK_SECONDS)
            await asyncio.sleep(self.dice.random() * self._heartbeat_seconds)
            for number in range(10_000):
                wants = {"id": f"beat {id(connection)} {number}"} if self._is_silent else {}
                await connection.send(json.dumps({"messageType": HEARTBEAT, **wants}))
                await asyncio.sleep(self._heartbeat_seconds)

    @property
    def _is_silent(self) -> bool:
        return time.time() - self._heard_at > SILENT_SECONDS / 2
