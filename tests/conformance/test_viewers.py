"""Rooms seen through WebSocket clients that were not written here: Node.js's own, the package ws, and wscat."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio

from tests.conformance.install import HERE, NODE_MODULES
from tests.conformance.lines import Lines, speaking_to
from tests.story.rooms import Rooms
from tests.story.viewer import CHAT, WELCOME

pytestmark = pytest.mark.asyncio(loop_scope="module")

KINDS = ("node", "ws")


class Script:
    """A viewer in viewer.mjs."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self.objects: list[dict[str, Any]] = []

    async def event(self, name: str) -> dict[str, Any]:
        """The next event of that name; objects that come before it are kept."""
        while True:
            event: dict[str, Any] = json.loads(await self._lines.line())
            if "message" in event:
                told = json.loads(event["message"])
                self.objects += told if isinstance(told, list) else [told]
            if name in event:
                return event

    async def told_of(self, kind: int, **fields: object) -> dict[str, Any]:
        while True:
            for one in self.objects:
                if one.get("messageType") == kind and fields.items() <= one.items():
                    return one
            await self.event("message")

    async def tell(self, **order: object) -> None:
        await self._lines.tell(json.dumps(order))


@asynccontextmanager
async def script(kind: str, environment: dict[str, str], url: str, *protocols: str) -> AsyncIterator[Script]:
    command = ["node", str(HERE / "viewer.mjs"), kind, str(NODE_MODULES), url, *protocols]
    async with speaking_to(command, environment) as lines:
        yield Script(lines)


@pytest_asyncio.fixture(loop_scope="module")
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as made:
        yield made


@pytest_asyncio.fixture(params=KINDS, loop_scope="module")
async def alice(
    request: pytest.FixtureRequest, rooms: Rooms, activity: int, others: dict[str, str], stack: AsyncExitStack
) -> Script:
    """Alice in the room, by one of the clients, with her token as a subprotocol."""
    bearer = f"bearer.{await rooms.token(activity, 'alice')}"
    url = f"ws://{rooms.address}/websocket?activityId={activity}"
    viewer = await stack.enter_async_context(script(request.param, others, url, "live.v1", bearer))
    assert await viewer.event("open") == {"open": "live.v1"}
    await viewer.told_of(WELCOME)
    return viewer


@pytest.mark.parametrize("kind", KINDS)
async def test_the_token_may_be_in_the_query_and_a_classic_client_gets_objects(
    rooms: Rooms, activity: int, others: dict[str, str], kind: str
) -> None:
    token = await rooms.token(activity, "alice")
    url = f"ws://{rooms.address}/websocket?activityId={activity}&token={token}"
    async with script(kind, others, url) as viewer:
        assert await viewer.event("open") == {"open": ""}
        told = json.loads((await viewer.event("message"))["message"])
        assert told["messageType"] == WELCOME


@pytest.mark.parametrize("kind", KINDS)
async def test_without_a_token_nobody_comes_in(rooms: Rooms, activity: int, others: dict[str, str], kind: str) -> None:
    url = f"ws://{rooms.address}/websocket?activityId={activity}"
    async with script(kind, others, url, "live.v1") as viewer:
        error = (await viewer.event("error"))["error"]
        assert kind == "node" or "401" in error
        assert (await viewer.event("close"))["close"] == 1006


async def test_chat_is_shown_to_both_sides(rooms: Rooms, activity: int, alice: Script) -> None:
    bob = await rooms.enter_by_token(activity, "bob")
    await alice.tell(send=json.dumps({"messageType": CHAT, "message": "grüezi 🌺", "id": "1"}))
    assert (await bob.told_of(CHAT))["textMessage"] == "grüezi 🌺"
    await bob.say("hello")
    await alice.told_of(CHAT, textMessage="hello")


async def test_a_close_is_answered_and_the_room_is_told(rooms: Rooms, activity: int, alice: Script) -> None:
    bob = await rooms.enter_by_token(activity, "bob")
    await bob.until(lambda: bob.online == 2)
    await alice.tell(close=4001, reason="bye")
    assert await alice.event("close") == {"close": 4001, "reason": "bye"}
    await bob.until(lambda: bob.online == 1)


async def test_a_binary_frame_closes_with_1003(alice: Script) -> None:
    await alice.tell(binary=[0, 1, 255])
    assert (await alice.event("close"))["close"] == 1003


@pytest.mark.parametrize("size", [32_769, 131_073, 500_000])
async def test_a_frame_above_32_kb_closes_with_1009(alice: Script, size: int) -> None:
    await alice.tell(send="x" * size)
    assert (await alice.event("close"))["close"] == 1009


async def test_ws_sends_fragments_and_pings(rooms: Rooms, activity: int, others: dict[str, str]) -> None:
    token = await rooms.token(activity, "alice")
    url = f"ws://{rooms.address}/websocket?activityId={activity}&token={token}"
    async with script("ws", others, url, "live.v1") as viewer:
        await viewer.told_of(WELCOME)
        await viewer.tell(ping="are you there")
        assert await viewer.event("pong") == {"pong": "are you there"}
        said = json.dumps({"messageType": CHAT, "message": "in pieces", "id": "1"})
        await viewer.tell(fragments=[said[:5], "", said[5:30], said[30:]])
        await viewer.told_of(CHAT, textMessage="in pieces")
        await viewer.tell(fragments=["x" * 30_000] * 5)
        assert (await viewer.event("close"))["close"] == 1009


@asynccontextmanager
async def wscat(environment: dict[str, str], url: str, *options: str) -> AsyncIterator[Lines]:
    program = str(NODE_MODULES / "wscat" / "bin" / "wscat")
    async with speaking_to(["node", program, "--no-color", "--connect", url, *options], environment) as lines:
        yield lines


async def heard(lines: Lines, *words: str) -> str:
    """The next line with all of these words."""
    while True:
        line = await lines.line()
        if all(word in line for word in words):
            return line


async def test_wscat_talks_and_shows_control_frames(rooms: Rooms, activity: int, others: dict[str, str]) -> None:
    bob = await rooms.enter_by_token(activity, "bob")
    url = f"ws://{rooms.address}/websocket?activityId={activity}"
    offered = ("--subprotocol", "live.v1", "--subprotocol", f"bearer.{await rooms.token(activity, 'alice')}")
    async with wscat(others, url, *offered, "--slash", "--show-ping-pong") as lines:
        await heard(lines, '[{"messageType":8')
        await lines.tell(json.dumps({"messageType": CHAT, "message": "from wscat", "id": "1"}))
        assert (await bob.told_of(CHAT))["textMessage"] == "from wscat"
        await lines.tell("/ping here")
        await heard(lines, "Received pong", "here")
        await bob.say("from bob")
        await heard(lines, "from bob")
        await lines.tell("/close 4002 enough")
        await bob.until(lambda: bob.online == 1)


async def test_wscat_takes_a_subprotocol_on_a_line_of_its_own(
    rooms: Rooms, activity: int, others: dict[str, str]
) -> None:
    url = f"ws://{rooms.address}/websocket?activityId={activity}"
    line = f"Sec-WebSocket-Protocol: bearer.{await rooms.token(activity, 'alice')}"
    async with wscat(others, url, "--header", line) as lines:
        await heard(lines, '{"messageType":8', '"userId":"alice"')


async def test_wscat_says_why_it_does_not_come_in(rooms: Rooms, activity: int, others: dict[str, str]) -> None:
    async with wscat(others, f"ws://{rooms.address}/websocket?activityId={activity}") as lines:
        await heard(lines, "error: Unexpected server response: 401")
    async with wscat(others, f"ws://{rooms.address}/prod?activityId={activity}") as lines:
        await heard(lines, "error: Unexpected server response: 403")
