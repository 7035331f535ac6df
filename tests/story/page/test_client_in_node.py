"""The client library under Node.js against the whole emulator: real sockets, real functions."""

import asyncio

import httpx
import pytest

from tests.story.cut import cut
from tests.story.page.node_viewer import viewer
from tests.story.shared_emulator import SharedEmulator

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def address(emulator: SharedEmulator) -> str:
    return emulator.address


async def test_a_viewer_who_is_cut_off_is_back_and_has_heard_everything_once(address: str, activity: int) -> None:
    async with viewer(address, activity, "alice") as alice, viewer(address, activity, "bob") as bob:
        welcome = await alice.next("welcome")
        await bob.next("welcome")
        alice.call("say", "before")
        said = await alice.next("answer")
        assert (await bob.next("chat", textMessage="before"))["seq"] == said["seq"]
        await alice.next("chat", textMessage="before")

        await asyncio.to_thread(cut, address, welcome["connectionId"])
        await alice.next("state", name="waiting")
        bob.call("say", "meanwhile")
        await bob.next("chat", textMessage="meanwhile")
        again = await alice.next("welcome")
        bob.call("say", "after")
        await alice.next("chat", textMessage="after")
        await bob.next("chat", textMessage="after")

        assert (again["resumed"], again["gap"]) == (True, False)
        assert again["connectionId"] != welcome["connectionId"]
        assert alice.texts() == ["before", "meanwhile", "after"]
        assert bob.texts() == ["before", "meanwhile", "after"]
        assert [await alice.leave(), await bob.leave()] == [0, 0]


async def test_likes_questions_and_refusals_reach_the_room_and_come_back(address: str, activity: int) -> None:
    async with viewer(address, activity, "carol") as carol:
        likes = (await carol.next("welcome"))["zanNumber"]
        carol.call("like", 3)
        await carol.next("likes", zanNumber=likes + 3)
        carol.call("who", {"limit": 10})
        people = await carol.next("answer")
        assert {"userId": "carol", "username": "carol"} in people["users"]
        assert carol.frames >= 5  # the welcome, likes and the question, and what became of them
        carol.call("say", " ")
        assert (await carol.next("answer"))["code"] == "bad_field"
        assert await carol.leave() == 0


async def test_what_is_said_before_the_connection_is_there_arrives(address: str, activity: int) -> None:
    async with viewer(address, activity, "dave") as dave:
        dave.call("say", "early")
        answer = await dave.next("answer")
        assert (await dave.next("chat", textMessage="early"))["seq"] == answer["seq"]


async def test_a_viewer_who_is_not_let_in_keeps_trying(address: str, activity: int) -> None:
    async with viewer(address, activity, "x" * 33) as nobody:
        for _ in range(3):
            assert (await nobody.next("state", name="waiting"))["lost"] is False
        assert await nobody.leave() == 0


async def test_with_the_api_a_viewer_is_told_why_it_is_not_let_in_and_stops_where_trying_cannot_help(
    address: str, activity: int
) -> None:
    api = f"http://{address}"
    async with viewer(address, activity, "x" * 33, api=api) as nobody:
        closed = await nobody.next("state", name="closed")
        assert (closed["reason"], "username" in closed["message"]) == ("bad_field", True)
    async with (
        httpx.AsyncClient(base_url=api, trust_env=False) as http,
        viewer(address, activity, "erin", api=api) as erin,
    ):
        await erin.next("welcome")
        banned = {"userId": "erin", "seconds": 600, "reason": "no links"}
        assert (await http.put(f"/api/activities/{activity}/bans", json=banned)).is_success
        closed = await erin.next("state", name="closed")
        assert (closed["reason"], closed["retryAfter"], closed["text"]) == ("banned", 600, "no links")
        erin.call("connect")
        waiting = await erin.next("state", name="waiting")
        assert (waiting["reason"], waiting["text"]) == ("banned", "no links")
        assert 0 < waiting["retryAfter"] <= 600
