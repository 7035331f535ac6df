"""A viewer of the room under test, who remembers all that it is told."""

import asyncio
import contextlib
import itertools
import json
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from local.tools.emulator import LOOPBACK
from local.tools.smoke import cause
from local.tools.smoke.cause import Failed
from local.tools.smoke.options import SmokeOptions
from local.tools.smoke.platform import ANSWER_SECONDS, unreachable

Object = dict[str, Any]
REPLY, JOINED, WHO, CHAT, LIKE, LIKES, HEARTBEAT, WELCOME = 0, 1, 3, 4, 6, 6, 7, 8
REMOVED, NOTICE, SANCTION = 9, 10, 11
FRAMING = "live.v1"


class Refused(Exception):
    """The handshake was answered with `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the handshake is answered with {status}")
        self.status = status


class Nothing(Exception):
    """Something did not come in time; the text says what, and what came instead."""


class Visitor:
    """One connection. Waiting methods raise Nothing when it takes too long, or the connection ends first."""

    def __init__(self, connection: ClientConnection, name: str, *, patience: float) -> None:
        self.name = name
        self.told: list[Object] = []
        self._connection = connection
        self._patience = patience
        self._changed = asyncio.Event()
        # A frame under an id that was used before is no new frame.
        self._tag = f"{name}-{secrets.token_hex(4)}"
        self._numbers = itertools.count(1)
        self._reading = asyncio.create_task(self._read())

    @property
    def is_open(self) -> bool:
        """Whether the connection stands."""
        return not self._reading.done()

    @property
    def cursor(self) -> str:
        """Where to resume: the welcome's place, moved on to the newest `seq` since."""
        welcome = next(said for said in self.told if said.get("messageType") == WELCOME)
        epoch, _, seq = str(welcome["cursor"]).partition(".")
        seen = [int(said["seq"]) for said in self.told if "seq" in said and said.get("messageType") in (CHAT, NOTICE)]
        return f"{epoch}.{max([int(seq), *seen])}"

    async def told_of(self, kind: int, what: str, **fields: object) -> Object:
        """The first object of that type with these fields, once it has come; `what` it is, in words."""
        wanted = {"messageType": kind, **fields}
        return await self._until(lambda said: wanted.items() <= said.items(), what)

    async def ask(self, kind: int, what: str, **fields: object) -> Object:
        """The reply to a frame. Raises Failed when API Gateway says that the function failed."""
        client_id = f"{self._tag}-{next(self._numbers)}"
        with contextlib.suppress(ConnectionClosed):  # of which the waiting tells
            await self._connection.send(json.dumps({"messageType": kind, "id": client_id, **fields}))
        reply = await self._until(
            lambda said: "messageType" not in said or (said["messageType"] == REPLY and said.get("id") == client_id),
            f"the reply to {what}",
        )
        if "messageType" not in reply:
            raise Failed(f"{what} is answered with {reply.get('message')!r} by API Gateway", cause.FUNCTION)
        return reply

    async def closed(self) -> int | None:
        """The code with which the other side closes; None when it does not in time."""
        await asyncio.wait([self._reading], timeout=self._patience)
        return self._connection.close_code if self._reading.done() else None

    async def leave(self) -> None:
        """Close as a client should."""
        await self._connection.close()
        await self._reading

    async def _until(self, condition: Callable[[Object], bool], what: str) -> Object:
        position = 0
        try:
            async with asyncio.timeout(self._patience):
                while True:
                    while position < len(self.told):
                        if condition(self.told[position]):
                            return self.told[position]
                        position += 1
                    if not self.is_open:
                        raise Nothing(f"{self.name} was closed ({self._connection.close_code}) before {what}")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise Nothing(f"{self.name} waited {self._patience:g} s in vain for {what}") from None

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                frame = json.loads(await self._connection.recv())
                self.told += frame if isinstance(frame, list) else [frame]
                self._changed.set()
        self._changed.set()


async def enter(options: SmokeOptions, name: str, token: str | None, since: str = "") -> Visitor:
    """A connection, not yet welcomed. Raises Refused, and Failed when nothing answers."""
    parts = urlsplit(options.url)
    own = {"activityId": str(options.activity_id), "username": name} | ({"since": since} if since else {})
    query = urlencode([*((k, v) for k, v in parse_qsl(parts.query) if k not in own), *own.items()])
    offered = [FRAMING, *([f"bearer.{token}"] if token else [])]
    opening: Any = {"subprotocols": offered, "origin": options.origin, "compression": None, "ping_interval": None}
    if parts.hostname in LOOPBACK:
        opening["proxy"] = None
    try:
        connection = await connect(parts._replace(query=query).geturl(), open_timeout=ANSWER_SECONDS, **opening)
    except InvalidStatus as refused:
        raise Refused(refused.response.status_code) from None
    except (OSError, TimeoutError, InvalidHandshake) as error:
        raise unreachable(options.url, error) from error
    visitor = Visitor(connection, name, patience=options.patience)
    if connection.subprotocol != FRAMING:
        await visitor.leave()
        raise Failed(f"the rooms do not choose the subprotocol {FRAMING}", cause.ROOMS)
    return visitor
