"""The same user on two tabs is one person."""

import pytest

from tests.story.rooms import Rooms
from tests.story.viewer import JOINED, LEFT

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


async def test_a_user_on_two_tabs_is_counted_joined_and_gone_once(rooms: Rooms, activity: int) -> None:
    bob = await rooms.enter(activity, "bob")
    first_tab = await rooms.enter(activity, "alice")
    await bob.told_of(JOINED, userId="alice")
    second_tab = await rooms.enter(activity, "alice", classic=True)
    assert second_tab.welcome["onlineNumber"] == 2
    assert second_tab.welcome["connectionId"] != first_tab.welcome["connectionId"]
    assert (await rooms.figures(activity))["connections"] == 3

    await second_tab.say("from the second")
    for viewer in (bob, first_tab, second_tab):
        await viewer.hears("from the second")

    await first_tab.leave()
    await rooms.figures_become(activity, connections=2, onlineNumber=2)
    await second_tab.say("still here")
    await bob.hears("still here")
    assert not bob.all_of(LEFT)

    await second_tab.leave()
    await bob.told_of(LEFT, userId="alice")
    await bob.until(lambda: bob.online == 1)
    await rooms.figures_become(activity, connections=1, onlineNumber=1)
    await bob.say("alone")
    await bob.hears("alone")
    assert len(bob.all_of(JOINED, userId="alice")) == len(bob.all_of(LEFT)) == 1
