"""A client that vanishes without closing, and whose `$disconnect` AWS loses."""

import pytest

from tests.story.rooms import Servers, running
from tests.story.viewer import JOINED, LEFT

pytestmark = pytest.mark.kafka


async def test_a_viewer_that_vanished_is_swept_and_the_count_is_right(own_servers: Servers, activity: int) -> None:
    async with running(own_servers, disconnect_loss=1.0, heartbeat_seconds=3, sweep_seconds=0.5) as rooms:
        alice = await rooms.enter(activity, "alice")
        async with alice.beating(0.6):
            bob = await rooms.enter(activity, "bob")
            await alice.told_of(JOINED, userId="bob")
            await alice.until(lambda: alice.online == 2)
            await bob.vanish()
            # Nothing is posted to bob meanwhile, so nobody but the sweep can find out.
            assert await alice.told_of(LEFT) == {"messageType": LEFT, "userId": "bob", "username": "bob"}
            await alice.until(lambda: alice.online == 1)
            await rooms.figures_become(activity, onlineNumber=1, connections=1)


async def test_a_viewer_that_a_post_finds_gone_has_left_without_a_sweep(own_servers: Servers, activity: int) -> None:
    async with running(own_servers, disconnect_loss=1.0, sweep_seconds=3600) as rooms:
        alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob", classic=True)
        await bob.told_of(JOINED, userId="bob")
        await bob.vanish()
        await alice.say("bob?")
        await alice.told_of(LEFT, userId="bob")
        await alice.until(lambda: alice.online == 1)
        await rooms.figures_become(activity, onlineNumber=1, connections=1)


async def test_a_tab_that_vanished_does_not_take_its_user_along(own_servers: Servers, activity: int) -> None:
    async with running(own_servers, disconnect_loss=1.0, sweep_seconds=3600) as rooms:
        alice = await rooms.enter(activity, "alice")
        tabs = [await rooms.enter(activity, "bob") for _ in range(2)]
        await tabs[1].vanish()
        await alice.say("bob?")
        await rooms.figures_become(activity, onlineNumber=2, connections=2)
        await alice.say("bob!")
        await tabs[0].hears("bob!")
        await alice.hears("bob!")
        assert not alice.all_of(LEFT)
