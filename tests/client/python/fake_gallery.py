"""The HTTP side of a room's gallery on real sockets, which does what a test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Sized
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Object = dict[str, Any]
PATIENCE = 10
FIRST = 1000  # the first slot that it tells of
LONG_AGO_MS = 10**12  # by a clock that says so, every slot is over


@dataclass
class Asked:
    """A request for a slot, which waits for what the test says."""

    slot: int
    key: str
    answer: asyncio.Future[tuple[int, Object]] = field(default_factory=asyncio.Future)

    def say(self, *objects: object, **fields: object) -> None:
        self.answer.set_result((200, {"next": self.slot + 1, "objects": objects, **fields}))

    def refuse(self, status: int, **told: object) -> None:
        self.answer.set_result((status, told))


@dataclass
class Order:
    """A request for a place."""

    body: Object
    bearer: str


class FakeGallery:
    """`refusals`: the answers to the next orders; a status of 0 cuts the connection. `holds`: orders wait until it is
    set. `orders` and `left`: requests for places, and places that were given up."""

    def __init__(self, lane: str = "gallery") -> None:
        self.lane = lane
        self.told: Object = {"cursor": "e1.0", "gap": False, "beatSeconds": 600, "ticks": "/gallery/42/k1/"}
        self.told |= {"next": FIRST, "now": LONG_AGO_MS, "hash": "h1", "mail": "0", "objects": [], "history": []}
        self.refusals: list[tuple[int, Object]] = []
        self.admission: Object = {"admitted": True}
        self.orders: list[Order] = []
        self.left: list[str] = []
        self.connections = 0
        self.is_chunked = False
        self.is_short = False  # each connection ends with its first answer, which does not say so
        self.holds: asyncio.Event | None = None
        self.host = ""
        self._changed = asyncio.Event()
        self._asked: asyncio.Queue[Asked] = asyncio.Queue()
        self._places = 0

    async def asked(self) -> Asked:
        """The next request for a slot."""
        async with asyncio.timeout(PATIENCE):
            return await self._asked.get()

    @property
    def is_quiet(self) -> bool:
        """Whether no slot was asked for that the test does not know."""
        return self._asked.empty()

    async def ordered(self, count: int) -> Order:
        """The order of this number, from 1."""
        await self._until(self.orders, count)
        return self.orders[count - 1]

    async def given_up(self, count: int = 1) -> list[str]:
        """The places that were given up, once there are so many."""
        await self._until(self.left, count)
        return self.left

    async def _until(self, found: Sized, count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(found) < count:
                self._changed.clear()
                await self._changed.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                await self._exchange(reader, writer)
                if self.is_short:
                    break
        except (OSError, EOFError):
            pass  # the client has ended it, or a test wants it cut
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines if line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        status, told = await self._answer(first.split(" ")[1], head, body)
        if status == 0:
            raise ConnectionAbortedError
        text = b"" if status == 204 else json.dumps(told).encode()
        if self.is_chunked:
            middle = len(text) // 2
            parts = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (text[:middle], text[middle:]))
            writer.write(b"HTTP/1.1 %d X\r\nTransfer-Encoding: chunked\r\n\r\n%s0\r\n\r\n" % (status, parts))
        else:
            extra = b"Retry-After: %d\r\n" % told["after"] if "after" in told else b""
            writer.write(b"HTTP/1.1 %d X\r\n%sContent-Length: %d\r\n\r\n%s" % (status, extra, len(text), text))

    async def _answer(self, target: str, head: str, body: bytes) -> tuple[int, Object]:
        path = urlsplit(target).path
        if path.endswith("/admission"):
            return 200, self.admission
        if path.endswith("/place/leave"):
            self.left.append(dict(parse_qsl(urlsplit(target).query))["place"])
            self._changed.set()
            return 204, {}
        if path.endswith("/place"):
            bearer = head.partition("Authorization: Bearer ")[2].partition("\r\n")[0]
            return await self._place(Order(json.loads(body), bearer))
        _, key, slot = path.rsplit("/", 2)
        self._asked.put_nowait(asked := Asked(int(slot), key))
        return await asked.answer

    async def _place(self, order: Order) -> tuple[int, Object]:
        self.orders.append(order)
        self._changed.set()
        if self.refusals:
            return self.refusals.pop(0)
        if self.lane == "seat":
            return 200, {"lane": "seat", "userId": "alice"}
        place = order.body.get("place")
        if place is None:
            self._places += 1
            place = f"g{self._places}"
        if self.holds is not None:
            await self.holds.wait()
        return 200, {
            "lane": "gallery",
            "activityId": 42,
            "userId": "alice",
            "place": place,
            "onlineNumber": 2,
            **self.told,
        }


@asynccontextmanager
async def gallery_of(lane: str = "gallery") -> AsyncIterator[FakeGallery]:
    gallery = FakeGallery(lane)
    serving: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(gallery.serve(reader, writer))
        serving.add(task)
        task.add_done_callback(serving.discard)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    gallery.host = "{}:{}".format(*server.sockets[0].getsockname())
    yield gallery
    server.close()
    for task in list(serving):
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)
