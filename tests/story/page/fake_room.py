"""A room's side of the protocol with a test's hands on it: it says nothing that it is not told to say."""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs

from local.aws.asgi import Message, Receive, Scope, Send

JsonObject = dict[str, Any]
PATIENCE = 20  # seconds a test waits for what must come


class Seat:
    """One WebSocket of a viewer. `frames`: what it sent, parsed."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.path: str = scope["path"]
        self.subprotocols: list[str] = scope["subprotocols"]
        self.query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        self.frames: asyncio.Queue[JsonObject] = asyncio.Queue()
        self.gone = asyncio.Event()
        self._send = send

    async def say(self, *objects: JsonObject) -> None:
        """Send `objects` as one frame of `live.v1`."""
        await self._send({"type": "websocket.send", "text": json.dumps(objects)})

    async def say_text(self, text: str) -> None:
        await self._send({"type": "websocket.send", "text": text})

    async def welcome(self, **changes: Any) -> None:
        user = self.query.get("username", "alice")  # with a token, which has the name
        welcome = {
            "messageType": 8,
            "activityId": int(self.query["activityId"]),
            "userId": user,
            "connectionId": "L0SM9cOFvHcCIhw=",
            "onlineNumber": 1,
            "zanNumber": 0,
            "cursor": "e1.0",
            "history": [],
            "gap": False,
            # No heartbeat asks for an answer while a test looks on.
            "heartbeatSeconds": 1_000_000,
            "settings": {"slowModeSeconds": 0, "frozen": False},
            "properties": {},
        }
        await self.say(welcome | changes)

    async def heard(self) -> JsonObject:
        """The next frame the viewer sent."""
        async with asyncio.timeout(PATIENCE):
            return await self.frames.get()

    async def drop(self, code: int = 1001) -> None:
        await self._send({"type": "websocket.close", "code": code})


class FakeRoom:
    """An ASGI app for WebSocket scopes. `refusing`: handshakes get 403."""

    def __init__(self) -> None:
        self.refusing = False
        self.refused = asyncio.Event()
        self.arrivals: asyncio.Queue[Seat] = asyncio.Queue()

    async def arrival(self) -> Seat:
        """The next viewer's connection."""
        async with asyncio.timeout(PATIENCE):
            return await self.arrivals.get()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if self.refusing:
            await send({"type": "websocket.close"})
            self.refused.set()
            return
        seat = Seat(scope, send)
        await send({"type": "websocket.accept", "subprotocol": "live.v1"})
        await self.arrivals.put(seat)
        message: Message = await receive()
        while message["type"] == "websocket.receive":
            await seat.frames.put(json.loads(message["text"]))
            message = await receive()
        seat.gone.set()


def chat(seq: int, text: str, user: str = "bob", **more: Any) -> JsonObject:
    """A chat object, protocol type 4."""
    return {
        "messageType": 4,
        "seq": seq,
        "textMessage": text,
        "fromusername": user,
        "userId": user,
        "avatar": "",
        "time": 1_700_000_000_000,
    } | more
