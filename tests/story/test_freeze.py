"""Functions that are frozen between events, as on AWS, serve a room no worse."""

import pytest

from tests.story.rooms import Servers, running
from tests.story.viewer import LEFT

pytestmark = pytest.mark.kafka


async def test_two_people_talk_through_frozen_functions(own_servers: Servers, activity: int) -> None:
    async with running(own_servers, freeze=1) as rooms:
        alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob", classic=True)
        for number in range(10):
            assert (await alice.say(f"alice {number}"))["ok"]
            assert (await bob.say(f"bob {number}"))["ok"]
        await alice.like(5)
        for viewer in (alice, bob):
            await viewer.hears("bob 9")
        assert alice.heard == bob.heard
        await alice.until(lambda: alice.likes == 5)
        await bob.until(lambda: bob.likes == 5)
        await bob.leave()
        await alice.told_of(LEFT, userId="bob")
        await alice.until(lambda: alice.online == 1)
