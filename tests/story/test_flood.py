"""A user who takes too much of the rooms: others do not wait, and the user is cut off and told why."""

import asyncio
import time

import pytest

from tests.story.rooms import Rooms
from tests.story.viewer import CHAT, PATIENCE, REPLY, SANCTION, WELCOME, Viewer

# With the limits that they have if nobody sets any.
pytestmark = [
    pytest.mark.kafka,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.emulator(environment={}, window_ms=100),
]

FRAMES = 1500
CLOSED_SECONDS = 2
BYSTANDER_SECONDS = 3
FLOODING = {"messageType": SANCTION, "action": "banned", "seconds": 60, "reason": "flooding"}
REPLACED = {"messageType": SANCTION, "action": "kicked", "seconds": None, "reason": "replaced"}


async def seconds_of_a_chat(viewer: Viewer, text: str) -> float:
    """From a chat that is sent to the same chat that is seen."""
    began = time.monotonic()
    await viewer.say(text)
    await viewer.hears(text)
    return time.monotonic() - began


async def flood(viewers: list[Viewer]) -> None:
    """Send FRAMES likes at once, through all of these connections."""
    for number in range(FRAMES):
        viewer = viewers[number % len(viewers)]
        if viewer.is_open:
            await viewer.send({"messageType": 6})


async def test_a_flood_is_cut_off_in_time_while_others_hardly_wait(
    rooms: Rooms, activity: int, another_activity: int
) -> None:
    bob, carol = await rooms.enter(another_activity, "bob"), await rooms.enter(activity, "carol")
    mallory = [await rooms.enter(activity, "mallory") for _ in range(5)]
    # The first frames start the functions.
    await asyncio.gather(*(carol.say(f"start {number}") for number in range(5)))
    usual = await seconds_of_a_chat(bob, "before")
    began = time.monotonic()
    flooding = asyncio.create_task(flood(mallory))
    meanwhile = await seconds_of_a_chat(bob, "meanwhile")
    await asyncio.gather(*(viewer.closed() for viewer in mallory))
    closed = time.monotonic() - began
    await asyncio.gather(flooding, return_exceptions=True)
    print(f"a chat takes {usual:.2f} s, beside a flood {meanwhile:.2f} s; the flood is over after {closed:.2f} s")
    for viewer in mallory:
        assert viewer.told[-1] == FLOODING
    assert closed < CLOSED_SECONDS
    assert meanwhile < BYSTANDER_SECONDS
    assert await rooms.refusal(f"/websocket?activityId={activity}&username=mallory") == 403
    await carol.told_of(2, userId="mallory")
    # A moderator may lift the room's ban as any other.
    lifted = await rooms.http.delete(f"/api/activities/{activity}/bans?userId=mallory", timeout=PATIENCE)
    assert lifted.status_code == 204
    assert (await rooms.enter(activity, "mallory")).is_open


async def test_a_flood_of_frames_that_are_none_is_cut_off_as_well(rooms: Rooms, activity: int) -> None:
    mallory = await rooms.enter(activity, "mallory")
    for _ in range(110):
        await mallory.send("{")
    assert (await mallory.closed())[0] == 1000
    assert mallory.told[-1] == FLOODING
    assert len(mallory.all_of(REPLY, error="bad_json")) >= 99


async def test_the_oldest_of_too_many_tabs_is_told_and_closed_and_the_others_go_on(rooms: Rooms, activity: int) -> None:
    bob = await rooms.enter(activity, "bob")
    tabs = [await rooms.enter(activity, "alice", classic=number == 0) for number in range(6)]
    assert (await tabs[0].closed())[0] == 1000
    assert tabs[0].told[-1] == REPLACED
    assert (await tabs[1].say("hello"))["ok"]
    for viewer in (bob, *tabs[1:]):
        await viewer.hears("hello")
    assert (await rooms.figures(activity))["connections"] == 6
    assert bob.all_of(2) == []


async def test_who_joins_in_a_loop_is_refused_and_comes_in_later_without_a_history(rooms: Rooms, activity: int) -> None:
    bob = await rooms.enter(activity, "bob", classic=True)
    await bob.say("first")
    await bob.hears("first")
    told = []
    for _ in range(10):
        mallory = await rooms.enter(activity, "mallory", classic=True, since=bob.welcome["cursor"])
        told.append(mallory.all_of(WELCOME)[0])
        await mallory.leave()
    assert [len(welcome["history"]) for welcome in told] == [1] * 5 + [0] * 5
    assert [welcome["gap"] for welcome in told] == [False] * 5 + [True] * 5
    assert await rooms.refusal(f"/websocket?activityId={activity}&username=mallory") == 429
    assert (await rooms.enter(activity, "carol")).welcome["history"][0]["messageType"] == CHAT
