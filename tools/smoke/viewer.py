"""A viewer of the room under test, which keeps everything that it is told."""

import asyncio
import contextlib
import json
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from functions.rooms.events import CHAT, NOTICE
from functions.rooms.identity import SUBPROTOCOL
from functions.rooms.objects import REPLY, WELCOME
from tools.address import subprotocols, viewer_url
from tools.objects import Object, Unreadable, cursor_of, objects_in
from tools.smoke import cause
from tools.smoke.cause import Failed
from tools.smoke.options import SmokeOptions
from tools.smoke.platform import ANSWER_SECONDS, unreachable
from tools.wrong_address import LOOPBACK


class Nothing(Exception):
    """Something did not come in time; the text says what, and what came instead."""


class Viewer:
    """One connection. `told_of` raises Nothing when it takes too long, or the connection ends first."""

    def __init__(self, connection: ClientConnection, name: str, *, patience: float) -> None:
        self.name = name
        self.told: list[Object] = []
        self._connection = connection
        self._patience = patience
        self._changed = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    @property
    def is_open(self) -> bool:
        return not self._reading.done()

    @property
    def cursor(self) -> str:
        """Where to resume: the last welcome's cursor, moved on to the newest `seq` since."""
        last = max(index for index, said in enumerate(self.told) if said.get("messageType") == WELCOME)
        epoch, seq = cursor_of(self.told[last])
        numbered = [said for said in self.told[last:] if said.get("messageType") in (CHAT, NOTICE)]
        return f"{epoch}.{max([seq, *(int(said['seq']) for said in numbered)])}"

    async def told_of(self, kind: int, what: str, **fields: object) -> Object:
        """The first object of that type with these fields, once it has come. `what` names it in words."""
        wanted = {"messageType": kind, **fields}
        return await self._until(lambda said: wanted.items() <= said.items(), what)

    async def ask(self, kind: int, what: str, **fields: object) -> Object:
        """The reply to a frame. Raises Failed when there is none, or when API Gateway says that the function failed."""
        # A frame under an id that was used before is no new frame.
        wanted = {"messageType": REPLY, "id": secrets.token_hex(8)}
        with contextlib.suppress(ConnectionClosed):  # `_until` tells it
            await self._connection.send(json.dumps({**wanted, "messageType": kind, **fields}))
        try:
            reply = await self._until(
                lambda said: "messageType" not in said or wanted.items() <= said.items(), f"the reply to {what}"
            )
        except Nothing as nothing:
            # The reply is the answer of a two-way route: no other part of the rooms is on its way.
            raise Failed(str(nothing), cause.FUNCTION) from None
        if "messageType" not in reply:
            raise Failed(f"{what} is answered with {reply.get('message')!r} by API Gateway", cause.FUNCTION)
        return reply

    async def closed(self) -> int | None:
        """The code with which the server closes; None when it does not in time."""
        await asyncio.wait([self._reading], timeout=self._patience)
        return self._connection.close_code if self._reading.done() else None

    async def leave(self) -> None:
        await self._connection.close()
        await self._reading

    async def _until(self, condition: Callable[[Object], bool], what: str) -> Object:
        position = 0
        try:
            async with asyncio.timeout(self._patience):
                while True:
                    for said in self.told[position:]:
                        if condition(said):
                            return said
                    position = len(self.told)
                    if not self.is_open:
                        raise Nothing(f"{self.name} was closed ({self._connection.close_code}) before {what}")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise Nothing(f"{self.name} waited {self._patience:g} s in vain for {what}") from None

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed, Unreadable):
            while True:
                self.told += objects_in(await self._connection.recv())
                self._changed.set()
        self._changed.set()


async def enter(options: SmokeOptions, name: str, token: str | None, since: str = "") -> Viewer:
    """A connection, not yet welcomed. Raises InvalidStatus, and Failed when nothing answers."""
    url = viewer_url(options.url, options.activity_id, name, **({"since": since} if since else {}))
    opening: Any = {"subprotocols": subprotocols(SUBPROTOCOL, token), "origin": options.origin}
    if urlsplit(url).hostname in LOOPBACK:
        opening["proxy"] = None
    try:
        connection = await connect(url, open_timeout=ANSWER_SECONDS, compression=None, ping_interval=None, **opening)
    except InvalidStatus:
        raise
    except (OSError, TimeoutError, InvalidHandshake) as error:
        raise unreachable(options.url, error) from error
    viewer = Viewer(connection, name, patience=options.patience)
    if connection.subprotocol != SUBPROTOCOL:
        await viewer.leave()
        raise Failed(f"the rooms do not choose the subprotocol {SUBPROTOCOL}", cause.ROOMS)
    return viewer
