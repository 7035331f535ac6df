"""A viewer of a room: a real client on a real socket, which remembers all that it is told."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.asyncapi.document import CLASSIC, LIVE, check_shown
from tests.story.sent_frames import SentFrames

Object = dict[str, Any]

REPLY, JOINED, LEFT, WHO, CHAT, COUNT, LIKES, WELCOME = 0, 1, 2, 3, 4, 5, 6, 8
REMOVED, NOTICE, SANCTION, SETTINGS, LEFT_OUT, PROPERTIES = 9, 10, 11, 12, 13, 14
PATIENCE = 30.0  # seconds; only a test that fails takes that long


class Viewer:
    """`told` holds every object so far, `sizes` how many of them came in each frame.

    Waiting methods raise AssertionError, naming the last objects, when PATIENCE or the connection ends first. All
    methods that wait or leave raise it too for a frame that is not as docs/asyncapi.yaml says: one that came, or one
    that was sent and not refused for its form. `sends_anything`, `hears_anything`: frames need not be as it says.
    """

    def __init__(self, connection: ClientConnection, name: str) -> None:
        self.name = name
        self.told: list[Object] = []
        self.sizes: list[int] = []
        self.sends_anything = self.hears_anything = False
        self._flaw: AssertionError | None = None
        self._sent = SentFrames()
        self._connection = connection
        self._changed = asyncio.Event()
        # A name may come back, and an id that was used before would get the first result.
        self._ids = (f"{name}-{self.welcome['connectionId']}-{number}" for number in itertools.count(1))
        self._reading = asyncio.create_task(self._read())

    @property
    def subprotocol(self) -> str | None:
        """What the server chose."""
        return self._connection.subprotocol

    @property
    def is_open(self) -> bool:
        """Whether the connection still stands."""
        return not self._reading.done()

    @property
    def welcome(self) -> Object:
        """The welcome it got."""
        return self.all_of(WELCOME)[0]

    @property
    def heard(self) -> list[str]:
        """The texts of all chat, in the order they came."""
        return [said["textMessage"] for said in self.all_of(CHAT)]

    @property
    def shown(self) -> list[str]:
        """The texts as a client shows them: delivery is at least once, and what comes twice has the same seq."""
        return list({said["seq"]: said["textMessage"] for said in self.all_of(CHAT)}.values())

    @property
    def online(self) -> int | None:
        """The count as last told."""
        counts: list[int] = [said["onlineNumber"] for said in self.told if said.get("messageType") in (COUNT, WELCOME)]
        return counts[-1] if counts else None

    @property
    def likes(self) -> int | None:
        """The total of likes as last told."""
        totals: list[int] = [said["zanNumber"] for said in self.told if said.get("messageType") in (LIKES, WELCOME)]
        return totals[-1] if totals else None

    def all_of(self, kind: int, **fields: object) -> list[Object]:
        """The objects of that type with these fields, so far."""
        wanted = {"messageType": kind, **fields}
        return [said for said in self.told if wanted.items() <= said.items()]

    async def until(self, condition: Callable[[], object]) -> None:
        """Return once `condition()`, which is about this viewer, is true; it is looked at after every frame."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    self._raise_flaw()
                    assert self.is_open, self._in_vain("was closed")
                    self._changed.clear()
                    await self._changed.wait()
                self._raise_flaw()
        except TimeoutError:
            raise AssertionError(self._in_vain(f"waited for {PATIENCE:g} s")) from None

    def _in_vain(self, what: str) -> str:
        closed = f" ({self._connection.close_code})" if not self.is_open else ""
        return f"{self.name} {what}{closed} and was last told {self.told[-8:]}"

    async def hears(self, text: str) -> Object:
        """The first chat of that text, once it has come."""
        return await self.told_of(CHAT, textMessage=text)

    async def told_of(self, kind: int, **fields: object) -> Object:
        """The first object of that type with these fields, once it has come."""
        wanted = {"messageType": kind, **fields}
        position = 0

        def is_told() -> bool:
            nonlocal position
            while position < len(self.told) and not wanted.items() <= self.told[position].items():
                position += 1
            return position < len(self.told)

        await self.until(is_told)
        return self.told[position]

    async def send(self, frame: Object | str | bytes) -> None:
        """Send a frame as it is, an object as JSON. An object is one that docs/asyncapi.yaml has, or is refused."""
        if isinstance(frame, dict) and not self.sends_anything:
            self._sent.add(frame)
        await self._connection.send(json.dumps(frame) if isinstance(frame, dict) else frame)

    async def ask(self, kind: int, **fields: object) -> Object:
        """Send a frame with an `id`, by default a new one; its reply. Not for an id that was answered before."""
        client_id = fields.setdefault("id", next(self._ids))
        await self.send({"messageType": kind, **fields})
        return await self.told_of(REPLY, id=client_id)

    async def say(self, text: str, **fields: object) -> Object:
        """Chat; the reply."""
        return await self.ask(4, message=text, **fields)

    async def like(self, count: int = 1) -> Object:
        """Like; the reply."""
        return await self.ask(6, count=count)

    async def beat(self) -> Object:
        """A heartbeat; the reply."""
        return await self.ask(7)

    async def leave(self) -> None:
        """Close as a client should."""
        await self._connection.close()
        await self._reading
        self._raise_flaw()

    def stop_reading(self) -> None:
        """Leave what comes to the buffers on the way."""
        self._connection.transport.pause_reading()

    def read_on(self) -> None:
        self._connection.transport.resume_reading()

    async def vanish(self) -> None:
        """Drop the TCP connection without a word."""
        self._connection.transport.abort()
        await self._reading
        self._raise_flaw()

    async def closed(self) -> tuple[int | None, str | None]:
        """Wait for the other side to close; code and reason."""
        async with asyncio.timeout(PATIENCE):
            await asyncio.shield(self._reading)
        self._raise_flaw()
        return self._connection.close_code, self._connection.close_reason

    @contextlib.asynccontextmanager
    async def beating(self, seconds: float) -> AsyncIterator[None]:
        """Say every so often that it is there, as long as the block runs."""

        async def beat() -> None:
            while True:
                await self.send({"messageType": 7})
                await asyncio.sleep(seconds)

        task = asyncio.create_task(beat())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                frame = json.loads(await self._connection.recv())
                objects = frame if isinstance(frame, list) else [frame]
                self.told += objects
                self.sizes.append(len(objects))
                self._check(frame, objects)
                self._changed.set()
        self._changed.set()

    def _check(self, frame: Any, objects: list[Object]) -> None:
        """Keep what is wrong with a frame, or with the frames that it answers, for who waits."""
        try:
            if not self.hears_anything:
                check_shown(frame, LIVE if self.subprotocol else CLASSIC)
            self._sent.are_answered_by(objects)
        except AssertionError as flaw:
            self._flaw = self._flaw or flaw

    def _raise_flaw(self) -> None:
        flaw, self._flaw = self._flaw, None
        if flaw:
            raise flaw
