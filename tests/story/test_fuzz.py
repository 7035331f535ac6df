"""Thousands of frames of whatever on one connection break nothing."""

import asyncio

import pytest

from tests.story.fuzz import frames
from tests.story.rooms import Rooms
from tests.story.viewer import CHAT, LEFT, REPLY

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

AT_ONCE = 100


# The timeout is for real brokers on a busy machine.
@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=[pytest.mark.long, pytest.mark.timeout(400)])])
async def test_thousands_of_frames_of_whatever_break_nothing(rooms: Rooms, activity: int, count: int) -> None:
    mallory = await rooms.enter(activity, "mallory")
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob", classic=True)
    for number, frame in enumerate(frames(1, count)):
        await mallory.send(frame)
        if number % AT_ONCE == AT_ONCE - 1:
            assert (await mallory.beat())["ok"]
        if number % (count // 5) == 0:
            text = f"undisturbed at {number}"
            assert (await alice.say(text))["ok"]
            await bob.hears(text)
    assert (await mallory.say("harmless"))["ok"]
    await asyncio.gather(alice.hears("harmless"), bob.hears("harmless"))

    assert mallory.is_open
    # The gateway's own error frames, which tell of a function that raised, have no messageType.
    assert [said for viewer in (mallory, alice, bob) for said in viewer.told if "messageType" not in said] == []
    refused = {said["error"] for said in mallory.all_of(REPLY, ok=False)}
    assert refused == {"bad_json", "bad_type", "bad_field", "too_long"}
    assert any(said["userId"] == "mallory" for said in bob.all_of(CHAT))
    assert not alice.all_of(LEFT)
    await rooms.figures_become(activity, onlineNumber=3, connections=3)
