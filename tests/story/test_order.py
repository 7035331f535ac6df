"""Two changes at once, whose records may stand in the log in either order: what was told last holds."""

import asyncio

import pytest

from tests.story.moderator import Moderator
from tests.story.rooms import Rooms
from tests.story.viewer import JOINED, LEFT, LIKES, SANCTION, SETTINGS, Viewer

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

RELOADS = 120


@pytest.mark.long
async def test_whoever_reloads_quickly_is_there_for_the_others(rooms: Rooms, activity: int) -> None:
    watching = [await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob", classic=True)]
    page = await rooms.enter(activity, "carol")
    for _ in range(RELOADS):
        reloaded, _ = await asyncio.gather(rooms.enter(activity, "carol"), page.leave())
        page = reloaded
    await rooms.figures_become(activity, onlineNumber=3, connections=3)
    # All records of before are in the log when the leave of the last page is.
    await settled(page, watching)
    for viewer in watching:
        assert moves_of(viewer, "carol")[-1] == JOINED
    await page.leave()
    for viewer in watching:
        await gone(viewer, "carol")


async def gone(viewer: Viewer, user: str) -> None:
    """Return once this viewer was told last that a user left, and counts two."""
    await viewer.until(lambda: moves_of(viewer, user)[-1] == LEFT and viewer.online == 2)


def moves_of(viewer: Viewer, user: str) -> list[int]:
    return [said["messageType"] for said in viewer.told if said["messageType"] in (1, 2) and said["userId"] == user]


async def settled(speaker: Viewer, others: list[Viewer]) -> None:
    """Whatever was published before has been shown then."""
    await speaker.say("has everybody heard?")
    for viewer in others:
        await viewer.hears("has everybody heard?")


async def test_two_moderators_who_change_the_settings_at_once(rooms: Rooms, activity: int) -> None:
    alice, maud, mike = await rooms.enter(activity, "alice"), Moderator(rooms, activity), Moderator(rooms, activity)
    for number in range(20):
        await asyncio.gather(
            maud.ask("PATCH", "", {"frozen": number % 2 == 0}),
            mike.ask("PATCH", "", {"slowModeSeconds": number}),
            mike.ask("PATCH", "", {"frozen": number % 2 == 1}),
        )
    await maud.ask("PATCH", "", {"slowModeSeconds": 0})
    settings = (await rooms.figures(activity))["settings"]
    await alice.until(lambda: [said["settings"] for said in alice.all_of(SETTINGS)][-1:] == [settings])
    await alice.like()
    await alice.told_of(LIKES, zanNumber=1)
    assert alice.all_of(SETTINGS)[-1]["settings"] == settings


async def test_two_moderators_of_whom_one_mutes_and_the_other_unmutes(rooms: Rooms, activity: int) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    maud, mike = Moderator(rooms, activity), Moderator(rooms, activity)
    for number in range(15):
        await asyncio.gather(maud.mute("alice", 600), mike.unmute("alice"))
        await settled_for(bob, alice, f"round {number}")
        may_chat = (await alice.say(f"may I? {number}"))["ok"]
        assert alice.all_of(SANCTION)[-1]["action"] == ("unmuted" if may_chat else "muted")


async def settled_for(speaker: Viewer, listener: Viewer, text: str) -> None:
    await speaker.say(text)
    await listener.hears(text)
