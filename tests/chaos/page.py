"""A page with the Python client, which reads in the gallery, takes a seat to speak, and goes back."""

import asyncio
import time
from typing import Any

from client.python.live_rooms import EVENTS, LiveRoom, Timing
from functions.rooms.events import CHAT, NOTICE, PROPERTIES
from functions.rooms.objects import WELCOME
from tests.chaos.history import Heard, Lane, Link, Object, Screen
from tests.chaos.person import Person
from tests.chaos.seen import Seen
from tests.chaos.wire import Wire

# A seat is kept for a moment after the last word, so that lanes are changed often.
TIMING = Timing(seat=4, longest_wait=4)
# What is no object of the room; `properties` tells of a change, and of what all properties are then.
_OWN = {"state", "gap", "refused", "fault", "properties"}


class Page:
    """From `open` to `close` what the client tells is noted in `screen`. `lane` is where the page is in the room, None
    if it is not. `out_until` is set once the page has left, or the room has put it out: when it may come again."""

    def __init__(self, address: str, person: Person) -> None:
        self.screen = Screen(name=person.name, user=person.user)
        self.lane: Lane | None = None
        self.out_until: float | None = None
        self.wire = Wire(address)
        self._person = person
        self._seen = Seen()
        self._link: Link | None = None
        self._room: LiveRoom | None = None
        self._opened = asyncio.Event()

    async def open(self) -> None:
        await self.wire.start()
        at, person = self.wire.address, self._person
        room = self._room = LiveRoom(
            f"ws://{at}/websocket",
            activity_id=person.activity,
            username=person.name,
            user_id=person.user,
            api=f"http://{at}",
            timing=TIMING,
        )
        for name in EVENTS - _OWN:
            room.on(name, self._hear)
        room.on("properties", lambda told: self._hear({"messageType": PROPERTIES, "properties": told["changed"]}))
        room.on("state", self._change)
        room.connect()
        self._opened.set()

    def connect(self) -> None:
        """Come back, with the cursor."""
        self.out_until = None
        if self._room is not None:
            self._room.connect()

    async def say(self, text: str, to: str | None) -> Object:
        """Raises Refused."""
        await self._opened.wait()
        assert self._room is not None
        return await self._room.say(text, to=to)

    def like(self, count: int) -> None:
        if self._room is not None:
            self._room.like(count)

    async def leave(self) -> None:
        """Leave the room; `connect` comes back."""
        if self._room is not None:
            await self._room.close()

    async def close(self) -> None:
        await self.leave()
        await self.wire.stop()

    async def vanish(self) -> None:
        """End the client whose wire is dead: nothing of that reaches the room."""
        await self.wire.stop()
        await self.leave()

    def _change(self, state: dict[str, Any]) -> None:
        match state["name"]:
            case "connecting" if self._link is None:
                self._link = Link(number=len(self.screen.links), began=time.time(), since=self._seen.highest)
                self.screen.links.append(self._link)
            case "open":
                self.screen.changes += self.lane not in (None, state["lane"])
                self.lane = state["lane"]
                if self._link is not None:
                    self._link.welcomed = True
            case "waiting" | "closed":
                self._end(state)

    def _end(self, state: dict[str, Any]) -> None:
        self.lane = None
        if self._link is not None:
            self._link.ended, self._link = time.time(), None
        if state["name"] == "closed":
            self.out_until = time.time() + state.get("retryAfter", 0)

    def _hear(self, thing: Object) -> None:
        renewed = False
        if thing["messageType"] == WELCOME:
            self._seen.enter(thing)
        elif thing["messageType"] in (CHAT, NOTICE):
            # The client itself drops repetitions, so each object that it tells is one on the screen.
            _, renewed = self._seen.add(thing["seq"])
        number = len(self.screen.links) - 1
        self.screen.heard.append(Heard(at=time.time(), link=number, object=thing, renewed=renewed))
