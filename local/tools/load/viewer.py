"""A simulated viewer: comes, speaks, goes, and comes back."""

import asyncio
import itertools
import json
import ssl
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from local.tools.load.connection import Connection, Refused
from local.tools.load.handshake import Address
from local.tools.load.heard import Object, id_for, sent_at
from local.tools.load.histogram import Histogram
from local.tools.load.passes import NoPass, Passes
from local.tools.load.presence import Presence
from local.tools.load.room import Room

# A gateway answers a handshake in 29 s at most, and the welcome comes with the next tick.
ENTER_SECONDS = 40.0

CHAT, LIKE, HEARTBEAT = 4, 6, 7


@dataclass(frozen=True)
class Door:
    """How connections are opened, and what ids of this load begin with."""

    address: Address
    tls: ssl.SSLContext | None
    subprotocol: str | None
    tag: str
    passes: Passes


@dataclass
class Tally:
    """What viewers did and what was said to them. `dropped`: connections that ended unasked, by group and reason."""

    sent: Counter[str] = field(default_factory=Counter)
    refused_handshakes: Counter[str] = field(default_factory=Counter)
    dropped: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    refused_frames: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    reply_times: Histogram = field(default_factory=Histogram)


class Viewer:
    """A user of its own, `name`. Slow ones are of the group SLOW."""

    def __init__(self, name: str, room: Room, group: int, door: Door, tally: Tally) -> None:
        self.room = room
        self.group = group
        self.heartbeat_seconds = 0.0
        self.connection: Connection | None = None
        self._name = name
        self._door = door
        self._tally = tally
        self._number = 0

    @property
    def is_here(self) -> bool:
        """Whether it has been welcomed and is connected."""
        return self.connection is not None and self.connection.is_open

    async def enter(self) -> Connection:
        """Connect and be welcomed; raises Refused, which has been counted."""
        try:
            async with asyncio.timeout(ENTER_SECONDS):
                connection = await self._connect()
                try:
                    welcome = await connection.welcomed
                except BaseException:
                    connection.abort()
                    raise
        except (Refused, NoPass, OSError, TimeoutError) as error:
            reason = _reason(error)
            self._tally.refused_handshakes[reason] += 1
            raise Refused(reason) from error
        self.heartbeat_seconds = float(welcome["heartbeatSeconds"])
        return connection

    async def _connect(self) -> Connection:
        door, activity = self._door, self.room.activity_id
        token = await door.passes.token_for(activity, self._name)

        def request(key: bytes) -> bytes:
            return door.address.request(
                key, activity_id=activity, username=self._name, subprotocol=door.subprotocol, token=token
            )

        def protocol() -> Connection:
            presence = Presence(self.group)
            return Connection(request, self.room, presence, subprotocol=door.subprotocol, replied=self._take_reply)

        loop = asyncio.get_running_loop()
        _, self.connection = await loop.create_connection(protocol, door.address.host, door.address.port, ssl=door.tls)
        return self.connection

    def chat(self) -> None:
        """Say something; the id carries the time, and comes back with the chat and with the reply."""
        self._number += 1
        client_id = id_for(self._door.tag, self.room.clock(), self._number)
        self._send(
            "chat",
            {"messageType": CHAT, "id": client_id, "message": f"this is {self._name} with number {self._number}"},
        )

    def like(self) -> None:
        """Like; answered only when refused."""
        self._send("like", {"messageType": LIKE})

    def beat(self) -> None:
        """A heartbeat."""
        self._send("heartbeat", {"messageType": HEARTBEAT})

    def _send(self, what: str, frame: Mapping[str, Any]) -> None:
        assert self.connection is not None
        self.connection.send(json.dumps(frame, separators=(",", ":")))
        self._tally.sent[what] += 1

    def part(self, *, stays: bool = False) -> Connection | None:
        """Be here no more: hand what was heard to the room, and the connection to whoever closes it.

        `stays`: it saw the end of the load.
        """
        connection, self.connection = self.connection, None
        if connection is not None:
            self.room.end(connection.presence, stays=stays)
        return connection

    def _take_reply(self, reply: Object) -> None:
        if reply.get("ok") is not True:
            self._tally.refused_frames[str(reply.get("error") or reply.get("message"))] += 1
            return
        sent = sent_at(reply.get("id"), self._door.tag)
        if sent is not None and isinstance(reply.get("seq"), int):
            self._tally.accepted += 1
            taken = self.room.clock() - sent
            self._tally.reply_times.add(taken)
            self._tally.reply_times.reach(taken)
            self.room.accepted.add(reply["seq"])


def in_turn(viewers: Sequence[Viewer], do: Callable[[Viewer], None]) -> Callable[[], None]:
    """What calls `do` with one viewer after another. One who is not here misses its turn, and leaves it to nobody:
    otherwise the few that are back first after a storm would speak faster than they may."""
    turns = itertools.cycle(viewers)

    def take_turn() -> None:
        viewer = next(turns)
        if viewer.is_here:
            do(viewer)

    return take_turn


def _reason(error: BaseException) -> str:
    if isinstance(error, Refused | NoPass):
        return str(error)
    if isinstance(error, TimeoutError):
        return "not welcomed in time"
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
