"""A room on real sockets that does what a test says, and the HTTP API beside it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from client.python.live_rooms import EVENTS, LiveRoom, Timing

Object = dict[str, Any]
PATIENCE = 10
# Nobody waits for long in a test, and no test asks how long.
FAST = Timing(shortest_wait=0.01, longest_wait=0.01, answer=0.2, linger=0.05, like=0.01)


@dataclass
class Seat:
    """One connection of a viewer. `sent`: what the viewer has sent so far."""

    connection: ServerConnection
    sent: list[Object] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def query(self) -> dict[str, str]:
        assert self.connection.request is not None
        return dict(parse_qsl(urlsplit(self.connection.request.path).query))

    @property
    def offered(self) -> list[str]:
        assert self.connection.request is not None
        return self.connection.request.headers["Sec-WebSocket-Protocol"].split(", ")

    async def say(self, *objects: object) -> None:
        """One frame."""
        await self.connection.send(json.dumps(objects))

    async def welcome(self, **changes: object) -> None:
        hello = {"messageType": 8, "activityId": 42, "userId": "alice", "cursor": "e1.0", "gap": False, "history": []}
        await self.say({**hello, "heartbeatSeconds": 60, "properties": {}, **changes})

    async def hear(self, kind: int, count: int = 1) -> list[Object]:
        """The frames of a type, once there are so many."""
        async with asyncio.timeout(PATIENCE):
            while len(found := [frame for frame in self.sent if frame["messageType"] == kind]) < count:
                self.changed.clear()
                await self.changed.wait()
        return found

    async def reply(self, frame: Object, **fields: object) -> None:
        await self.say({"messageType": 0, "id": frame["id"], "ok": True, **fields})

    async def cut(self) -> None:
        """Drop the TCP connection without a word."""
        self.connection.transport.abort()
        await self.connection.wait_closed()

    async def gone(self) -> None:
        """Return when the viewer has closed."""
        async with asyncio.timeout(PATIENCE):
            await self.connection.wait_closed()


class FakeRoom:
    """`refuses`: the status of every handshake, None lets everybody in. `admission`: what the HTTP API answers, or its
    status. `asked`: the paths and headers that it was asked."""

    def __init__(self) -> None:
        self.refuses: int | None = None
        self.admission: Object | int = {"admitted": True}
        self.asked: list[Request] = []
        self.refused = 0
        self.host = ""
        self._seats: asyncio.Queue[Seat] = asyncio.Queue()

    async def seat(self) -> Seat:
        """The next connection."""
        async with asyncio.timeout(PATIENCE):
            return await self._seats.get()

    @property
    def is_empty(self) -> bool:
        """Whether nobody has come whom the test does not know."""
        return self._seats.empty()

    async def serve_viewer(self, connection: ServerConnection) -> None:
        seat = Seat(connection)
        self._seats.put_nowait(seat)
        try:
            async for frame in connection:
                seat.sent.append(json.loads(frame))
                seat.changed.set()
        except ConnectionClosed:
            pass

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """None accepts a handshake."""
        if request.path.startswith("/api"):
            self.asked.append(request)
            if isinstance(self.admission, int):
                return connection.respond(HTTPStatus(self.admission), "<html>")
            return connection.respond(HTTPStatus.OK, json.dumps(self.admission))
        if self.refuses is None:
            return None
        self.refused += 1
        return connection.respond(HTTPStatus(self.refuses), '{"message": "no"}')


@asynccontextmanager
async def serving() -> AsyncIterator[FakeRoom]:
    room = FakeRoom()
    offered: Any = ["live.v1"]
    async with serve(
        room.serve_viewer, "127.0.0.1", 0, process_request=room.answer, subprotocols=offered, close_timeout=0.1
    ) as server:
        room.host = "{}:{}".format(*next(iter(server.sockets)).getsockname())
        yield room


class Listener:
    """A viewer, and all that it was told. `seen`: [name, event] in their order."""

    def __init__(self, room: FakeRoom, **options: Any) -> None:
        given = {"activity_id": 42, "username": "alice", "random": lambda: 0.0, "timing": FAST, **options}
        self.room = LiveRoom(given.pop("url", f"ws://{room.host}/websocket"), **given)
        self.seen: list[tuple[str, Object]] = []
        self._changed = asyncio.Event()
        for name in EVENTS:
            self.room.on(name, lambda event, name=name: self._told(name, event))  # type: ignore[misc]

    def _told(self, name: str, event: Object) -> None:
        self.seen.append((name, event))
        self._changed.set()

    def all_of(self, name: str) -> list[Object]:
        return [event for seen, event in self.seen if seen == name]

    def texts(self) -> list[str]:
        return [chat["textMessage"] for chat in self.all_of("chat")]

    async def told(self, what: str, count: int = 1, **fields: object) -> Object:
        """The event of this name that holds `fields`, once so many have come."""
        async with asyncio.timeout(PATIENCE):
            while len(found := [one for one in self.all_of(what) if fields.items() <= one.items()]) < count:
                self._changed.clear()
                await self._changed.wait()
        return found[count - 1]


def chat(seq: int, text: str = "", **fields: object) -> Object:
    said = {"textMessage": text or f"chat {seq}", "userId": "bob", "fromusername": "bob", "avatar": "", "time": 1}
    return {"messageType": 4, "seq": seq, **said, **fields}
