"""A simulated viewer, which comes, chats, likes, leaves and comes back."""

import asyncio
import functools
import itertools
import json
import ssl
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from websockets.client import ClientProtocol
from websockets.uri import parse_uri

from functions.rooms.events import CHAT, HEARTBEAT, LIKE
from tools.address import subprotocols, viewer_url
from tools.json_http import NobodyThere, NotHere
from tools.load.connection import MESSAGE_BYTES, Connection, Refused
from tools.load.heard import id_for, sent_at
from tools.load.histogram import Histogram
from tools.load.options import LoadOptions
from tools.load.presence import Presence
from tools.load.room import Room
from tools.objects import Object
from tools.token_source import NoToken, TokenSource, no_token, source_of, viewer_order

# A gateway answers a handshake in 29 s at most, and the welcome comes with the next tick.
ENTER_SECONDS = 40.0
# Longer than a load, at whose end viewers may still come back.
TOKEN_SECONDS = 86_400


async def token_source(options: LoadOptions) -> TokenSource:
    """Tokens are signed here with a `secret`, else made by the emulator at the URL, else none are needed.

    One token is made at once, so that wrong keys are one line and not a line for each viewer. Raises NoToken.
    """
    try:
        source = source_of(options.url, options.secret, options.region)
        if await source(viewer_order(options.first_room, options.tag, TOKEN_SECONDS)) is not None:
            return source
    except (NotHere, NobodyThere, NoToken):
        # Rooms elsewhere, or something else that listens here.
        if options.secret:
            raise
    return no_token


@dataclass(frozen=True)
class Target:
    """How viewers connect: where, in which framing, with which tokens. `tag` begins the ids of this load."""

    url: str
    framing: str
    tag: str
    tokens: TokenSource

    @functools.cached_property
    def tls(self) -> ssl.SSLContext | None:
        """For all connections, None for `ws:`."""
        return ssl.create_default_context() if parse_uri(self.url).secure else None


@dataclass
class Tally:
    """What viewers sent and how that was answered. `dropped`: connections that the load did not end, by group and
    reason."""

    sent: Counter[str] = field(default_factory=Counter)
    refused_handshakes: Counter[str] = field(default_factory=Counter)
    dropped: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    refused_frames: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    reply_times: Histogram = field(default_factory=Histogram)


class Viewer:
    """A user of its own, `name`, of the group OTHERS or SLOW."""

    def __init__(self, name: str, room: Room, group: int, target: Target, tally: Tally) -> None:
        self.room = room
        self.group = group
        self.heartbeat_seconds = 0.0
        self.connection: Connection | None = None
        self._name = name
        self._target = target
        self._tally = tally
        self._number = 0

    @property
    def is_here(self) -> bool:
        """Whether the viewer was welcomed and is connected."""
        return self.connection is not None and self.connection.is_open

    async def enter(self) -> Connection:
        """Connect and be welcomed; raises Refused, which is counted."""
        try:
            async with asyncio.timeout(ENTER_SECONDS):
                connection = await self._connect()
                try:
                    welcome = await connection.welcomed
                except BaseException:
                    connection.abort()
                    raise
        except (Refused, NoToken, NobodyThere, OSError) as error:
            reason = _reason(error)
            self._tally.refused_handshakes[reason] += 1
            raise Refused(reason) from error
        self.heartbeat_seconds = float(welcome["heartbeatSeconds"])
        return connection

    async def _connect(self) -> Connection:
        target, activity_id = self._target, self.room.activity_id
        token = await target.tokens(viewer_order(activity_id, self._name, TOKEN_SECONDS))
        uri = parse_uri(viewer_url(target.url, activity_id, self._name))
        offered = subprotocols(target.framing, token)

        def connection() -> Connection:
            client = ClientProtocol(uri, subprotocols=offered, max_size=MESSAGE_BYTES)
            return Connection(client, self.room, Presence(self.group), self._take_reply)

        loop = asyncio.get_running_loop()
        _, self.connection = await loop.create_connection(connection, uri.host, uri.port, ssl=target.tls)
        return self.connection

    def chat(self) -> None:
        """Send a chat. Its id carries the time, and comes back with the chat and with the reply."""
        self._number += 1
        client_id = id_for(self._target.tag, self.room.clock(), self._number)
        self._send("chat", CHAT, id=client_id, message=f"this is {self._name} with number {self._number}")

    def like(self) -> None:
        """Send a like. It is answered only when it is refused."""
        self._send("like", LIKE)

    def beat(self) -> None:
        self._send("heartbeat", HEARTBEAT)

    def _send(self, what: str, kind: int, **fields: object) -> None:
        assert self.connection is not None
        self.connection.send(json.dumps({"messageType": kind, **fields}, separators=(",", ":")))
        self._tally.sent[what] += 1

    def part(self, *, stays: bool = False) -> Connection | None:
        """Be here no more: hand what was heard to the room, and the connection to the caller, who closes it.

        `stays`: the viewer saw the end of the load.
        """
        connection, self.connection = self.connection, None
        if connection is not None:
            self.room.end(connection.presence, stays=stays)
        return connection

    def drop(self) -> None:
        """Be here no more, without a close."""
        if connection := self.part():
            connection.abort()

    def _take_reply(self, reply: Object) -> None:
        if reply.get("ok") is not True:
            self._tally.refused_frames[str(reply.get("error") or reply.get("message"))] += 1
            return
        sent = sent_at(reply.get("id"), self._target.tag)
        if sent is not None and isinstance(reply.get("seq"), int):
            self._tally.accepted += 1
            taken = self.room.clock() - sent
            self._tally.reply_times.add(taken)
            self._tally.reply_times.reach(taken)
            self.room.accepted.add(reply["seq"])


def in_turn(viewers: Sequence[Viewer], do: Callable[[Viewer], None]) -> Callable[[], None]:
    """A function that calls `do` with one viewer after another.

    A viewer who is not here misses the turn, and no other takes it: otherwise the few that are back first after a storm
    would speak faster than they may.
    """
    turns = itertools.cycle(viewers)

    def take_turn() -> None:
        viewer = next(turns)
        if viewer.is_here:
            do(viewer)

    return take_turn


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "not welcomed in time"
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
