"""Clients that drop and come back at any moment, while the room is busy: each has every chat once."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest
from websockets.asyncio.client import connect

from functions.rooms.removals import KEPT
from tests.story.rooms import Rooms, Servers, running
from tests.story.viewer import CHAT, LEFT_OUT, PATIENCE, WELCOME, Object, Viewer

pytestmark = pytest.mark.kafka

CUTTERS, TALKERS, PAUSE_SECONDS = 8, 10, 0.2


@dataclass
class Cutter:
    """One who stays for a moment only, time and again. `said` is what was acknowledged to others, `seen` what it has on
    its screen; it is excused from what was said before it came, and what it was told that it missed. `left_out` is how
    many chats it was told were left out of crowded ticks, which is how a slow machine keeps up."""

    name: str
    rooms: Rooms
    activity: int
    chance: random.Random
    said: Mapping[int, str]
    left_out: int = 0
    seen: dict[int, str] = field(default_factory=dict)
    excused: list[range] = field(default_factory=list)
    cursor: str = ""
    highest: int = -1
    visits: int = 0
    repeated: int = 0

    async def visit(self, seconds: float) -> None:
        """Come, stay so long, handshake included, and go in one way or another."""
        viewer: Viewer | None = None
        try:
            async with asyncio.timeout(seconds):
                viewer = await self.open()
                await asyncio.Event().wait()
        except TimeoutError:
            pass  # which may have been in the handshake
        if viewer is not None:
            await (viewer.leave() if self.chance.random() < 0.3 else viewer.vanish())
            self.read(viewer)
        self.visits += 1

    async def stay_for(self, seq: int) -> None:
        """Come, and go when this chat is there."""
        viewer = await self.open()
        await viewer.until(lambda: viewer.told and (seq in self.seen or seq in self.seqs(viewer)))
        await viewer.leave()
        self.read(viewer)

    async def open(self) -> Viewer:
        query = {"activityId": self.activity, "username": self.name} | ({"since": self.cursor} if self.cursor else {})
        address = f"ws://{self.rooms.address}/websocket?{urlencode(query)}"
        subprotocols = None if self.name.endswith("0") else ["live.v1"]
        connection = await connect(address, subprotocols=subprotocols, compression=None, proxy=None)  # type: ignore[arg-type]
        return Viewer(connection, self.name)

    @staticmethod
    def chats(viewer: Viewer) -> list[Object]:
        """What it was told by this connection, history included, in order."""
        return [
            chat
            for said in viewer.told
            for chat in (said["history"] if said["messageType"] == WELCOME else [said])
            if chat["messageType"] == CHAT
        ]

    def seqs(self, viewer: Viewer) -> set[int]:
        return {chat["seq"] for chat in self.chats(viewer)}

    def read(self, viewer: Viewer) -> None:
        """What a client does with what it was told, late though: a cursor is `<epoch>.<highest seq seen>`."""
        if not viewer.told:
            return
        welcome = viewer.told[0]
        assert welcome["messageType"] == WELCOME
        told = self.chats(viewer)
        chats = {chat["seq"]: chat["textMessage"] for chat in told}
        assert list(chats) == sorted(chats)
        self.repeated += len(told) - len(chats)
        epoch, _, seq = welcome["cursor"].partition(".")
        known, first = self.highest, min([int(seq) + 1, *chats])
        if welcome["gap"]:
            # On a slow machine, where a relay or this one's handshakes fall behind.
            since = len([one for one in self.said if one > known])
            assert since > KEPT - TALKERS, f"a gap after {self.cursor}, behind which there were {since} chats"
        if welcome["gap"] or not self.cursor:
            self.excused.append(range(known + 1, first))
        self.highest = max([known, int(seq), *chats])
        self.cursor = f"{epoch}.{self.highest}"
        self.seen |= chats
        self.left_out += sum(said["dropped"].get("chat", 0) for said in viewer.told if said["messageType"] == LEFT_OUT)

    @property
    def missing(self) -> set[int]:
        """The chats that it should have on its screen, and has not."""
        return {seq for seq in self.said.keys() - self.seen.keys() if not any(seq in gap for gap in self.excused)}

    async def go(self, over: asyncio.Event) -> None:
        while not over.is_set():
            await self.visit(self.chance.choice([0.01, 0.05, 0.1, 0.3, 1.0]) * self.chance.random())


async def talk(viewer: Viewer, said: dict[int, str], over: asyncio.Event) -> None:
    """Chat now and then; `said` is what was acknowledged."""
    number = 0
    while not over.is_set():
        text = f"{viewer.name} {number}"
        reply = await viewer.say(text)
        assert reply["ok"], reply
        said[reply["seq"]] = text
        number += 1
        await asyncio.sleep(PAUSE_SECONDS)  # not a wait for anything: so busy is the room


# Some seconds at each change, a minute beside it.
@pytest.mark.parametrize(
    ("slices", "seconds"),
    [(3, 5), pytest.param(1, 20, marks=pytest.mark.long), pytest.param(3, 40, marks=pytest.mark.long)],
)
async def test_who_drops_at_any_moment_and_resumes_has_every_chat_once(
    own_servers: Servers, activity: int, slices: int, seconds: float
) -> None:
    seed = random.randrange(2**32)
    print(f"the seed was {seed}")
    said: dict[int, str] = {}
    over = asyncio.Event()
    async with running(own_servers, slices=slices) as rooms:
        talkers = [await rooms.enter(activity, f"talker {number}") for number in range(TALKERS)]
        cutters = [
            Cutter(f"cutter {number}", rooms, activity, random.Random(seed + number), said) for number in range(CUTTERS)
        ]
        asyncio.get_running_loop().call_later(seconds, over.set)
        async with asyncio.timeout(seconds + 2 * PATIENCE), asyncio.TaskGroup() as tasks:
            for talker in talkers:
                tasks.create_task(talk(talker, said, over))
            for cutter in cutters:
                tasks.create_task(cutter.go(over))
        last = (await talkers[0].say("end"))["seq"]
        said[last] = "end"
        await asyncio.gather(*(cutter.stay_for(last) for cutter in cutters))
        for cutter in cutters:
            assert len(cutter.missing) <= cutter.left_out, (cutter.name, cutter.missing)
            assert cutter.seen.items() <= said.items(), cutter.name
            assert cutter.visits > seconds / 4
            # A POST that times out under way, or a batch that comes again, may repeat one to a connection.
            assert cutter.repeated <= len(said) / 10
