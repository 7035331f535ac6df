"""The client libraries where the room has one seat and further viewers read in the gallery: in Python, under Node.js,
in a mini-program's sandbox and on the room page, against the whole emulator."""

import asyncio
import json

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from client.python.live_rooms import Timing
from tests.client.judges import module
from tests.story.page.node_viewer import Viewer, viewer
from tests.story.page.test_client_samples import HERE, told
from tests.story.page.test_client_samples import running as program
from tests.story.page.viewer import say
from tests.story.rooms import GENEROUS, Rooms
from tests.story.test_python_client import Person

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.emulator(environment={**GENEROUS, "GALLERY_FROM": "1"}),
]

SEAT_MS = 300_000


@pytest.fixture
def hears_rooms() -> bool:
    return True


@pytest_asyncio.fixture(loop_scope="session")
async def address(rooms: Rooms) -> str:
    return f"http://{rooms.address}"


async def hears(viewer: Viewer, text: str) -> None:
    if text not in viewer.texts():
        await viewer.next("chat", textMessage=text)


async def test_a_reader_takes_a_seat_to_speak_and_goes_back_and_hears_everything_once(
    rooms: Rooms, activity: int
) -> None:
    bob = await rooms.enter(activity, "bob")
    async with viewer(rooms.address, activity, "alice", api=f"http://{rooms.address}") as alice:
        await alice.next("state", name="open", lane="gallery")
        await rooms.figures_become(activity, onlineNumber=2, connections=1, places=1)
        await bob.say("first")
        await alice.next("chat", textMessage="first")

        alice.call("say", "hello")
        await bob.say("while alice takes a seat")
        await bob.say("in private, meanwhile", to="alice")
        await alice.next("state", name="open", lane="seat")
        await bob.say("in private, to the seat", to="alice")
        await bob.hears("hello")
        await bob.say("to the seat")
        await alice.next("chat", textMessage="to the seat")
        await rooms.figures_become(activity, onlineNumber=2, connections=2)
        # What is for her alone may come with a renewal of the place, which is kept for a while.
        for text in ("in private, meanwhile", "in private, to the seat"):
            await hears(alice, text)

        alice.call("pass", SEAT_MS)
        await bob.say("while alice goes back")
        await bob.say("in private, on the way back", to="alice")
        await alice.next("state", name="open", lane="gallery")
        await bob.say("to the gallery")
        await alice.next("chat", textMessage="to the gallery")
        await rooms.figures_become(activity, onlineNumber=2, connections=1, places=1)

        await hears(alice, "in private, on the way back")
        public = ["first", "hello", "while alice takes a seat", "to the seat", "while alice goes back"]
        private = ["in private, meanwhile", "in private, to the seat", "in private, on the way back"]
        assert sorted(alice.texts()) == sorted([*public, "to the gallery", *private])
        assert await alice.leave() == 0
    await rooms.figures_become(activity, onlineNumber=1, connections=1)


async def test_what_is_for_a_reader_alone_arrives_and_a_ban_ends_its_reading(rooms: Rooms, activity: int) -> None:
    bob = await rooms.enter(activity, "bob")
    async with viewer(rooms.address, activity, "alice", api=f"http://{rooms.address}") as alice:
        await alice.next("state", name="open", lane="gallery")
        await bob.say("for alice", to="alice")
        await alice.next("chat", textMessage="for alice", to="alice")
        ban = {"userId": "alice", "seconds": 600, "reason": "spam"}
        assert (await rooms.http.put(f"/api/activities/{activity}/bans", json=ban)).is_success
        closed = await alice.next("state", name="closed")
        assert (closed["reason"], closed["text"]) == ("banned", "spam")


async def test_a_mini_program_reads_and_speaks(rooms: Rooms, activity: int) -> None:
    module("@babel/standalone")
    bob = await rooms.enter(activity, "bob")
    async with program(HERE / "weapp.mjs", rooms.address, str(activity), "alice") as page:
        await told(page, status="已连接")
        await rooms.figures_become(activity, onlineNumber=2, connections=1, places=1)
        await bob.say("hello")
        while not (shown := await told(page))["chats"]:
            pass
        assert [one["text"] for one in shown["chats"]] == ["hello"]
        assert page.stdin is not None
        for call in (["write", {"detail": {"value": "你好"}}], ["send"]):
            page.stdin.write(json.dumps(call).encode() + b"\n")
        await bob.hears("你好")
        await rooms.figures_become(activity, onlineNumber=2, connections=2)


async def test_the_room_page_shows_no_difference(rooms: Rooms, activity: int, page: Page) -> None:
    bob = await rooms.enter(activity, "bob")
    await page.goto(f"/?room={activity}&name=alice")
    await expect(page.locator("#state")).to_have_text("Connected")
    await rooms.figures_become(activity, onlineNumber=2, connections=1, places=1)
    await expect(page.locator("#online")).to_have_text("2")
    await bob.say("hello")
    await expect(page.locator("#chat .text")).to_have_text(["hello"])
    await say(page, "hello bob")
    await bob.hears("hello bob")
    await expect(page.locator("#chat .text")).to_have_text(["hello", "hello bob"])
    await expect(page.locator("#chat .mine .text")).to_have_text("hello bob")
    await expect(page.locator("#state")).to_have_text("Connected")
    await rooms.figures_become(activity, onlineNumber=2, connections=2)
    await page.goto("about:blank")
    await rooms.figures_become(activity, onlineNumber=1)


async def test_a_reader_in_python_takes_a_seat_to_speak_and_goes_back_and_hears_everything_once(
    rooms: Rooms, activity: int
) -> None:
    bob = await rooms.enter(activity, "bob")
    alice = Person(rooms, activity, "alice", timing=Timing(seat=2))
    texts: list[str] = []
    alice.room.on("chat", lambda chat: texts.append(chat["textMessage"]))
    async with alice.room:
        await alice.next("state", lane="gallery")
        await rooms.figures_become(activity, onlineNumber=2, connections=1, places=1)
        await bob.say("first")
        await alice.next("chat", textMessage="first")
        await bob.say("for alice", to="alice")
        await alice.next("chat", textMessage="for alice", to="alice")

        saying = asyncio.ensure_future(alice.room.say("hello"))
        await bob.say("while alice takes a seat")
        await bob.say("in private, meanwhile", to="alice")
        await alice.next("state", lane="seat")
        await bob.say("in private, to the seat", to="alice")
        assert (await saying)["seq"] > 0
        await bob.hears("hello")
        await bob.say("while alice goes back")
        await bob.say("in private, on the way back", to="alice")
        await alice.next("state", lane="gallery")
        await bob.say("to the gallery")
        await alice.next("chat", textMessage="to the gallery")
        await rooms.figures_become(activity, onlineNumber=2, connections=1, places=1)
        # What is for her alone may come with a later renewal.
        private = ["in private, meanwhile", "in private, to the seat", "in private, on the way back"]
        for text in private:
            if text not in texts:
                await alice.next("chat", textMessage=text)
        expected = [
            "first",
            "for alice",
            "hello",
            *private,
            "to the gallery",
            "while alice goes back",
            "while alice takes a seat",
        ]
        assert sorted(texts) == sorted(expected)
    await rooms.figures_become(activity, onlineNumber=1, connections=1)
