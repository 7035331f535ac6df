"""A connection whose seat lapsed, and whose user is cut off meanwhile: nobody knows of the connection then."""

import asyncio

import pytest

from tests.story.moderator import Moderator
from tests.story.rooms import Rooms, Servers, running
from tests.story.viewer import JOINED, LEFT, PATIENCE, SANCTION, Viewer

pytestmark = pytest.mark.kafka


async def lapse(rooms: Rooms, activity: int) -> tuple[Viewer, Viewer]:
    """Alice, whose seat has lapsed while her connection is open, and bob, who saw her leave."""
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    async with bob.beating(0.3):
        await bob.told_of(LEFT, userId="alice")
    assert alice.is_open
    return alice, bob


async def test_whoever_is_banned_then_is_closed_at_the_next_frame(own_servers: Servers, activity: int) -> None:
    async with running(own_servers, heartbeat_seconds=1, sweep_seconds=0.2) as rooms:
        alice, bob = await lapse(rooms, activity)
        async with bob.beating(0.3):
            await Moderator(rooms, activity).ban("alice")
            await alice.send({"messageType": 7})
            await alice.closed()
            assert alice.all_of(SANCTION) == [{"messageType": SANCTION, "action": "banned", "seconds": None}]
            await bob.say("is alice here?")
            assert len(bob.all_of(JOINED, userId="alice")) <= 1
            await rooms.figures_become(activity, onlineNumber=1, connections=1)


async def test_whoever_is_kicked_or_was_banned_is_not_in_by_itself_and_may_come_back(
    own_servers: Servers, activity: int
) -> None:
    async with running(own_servers, heartbeat_seconds=1, sweep_seconds=0.2) as rooms:
        maud = Moderator(rooms, activity)
        for cut_off in (maud.kick("alice"), maud.ban("alice", 1)):
            alice, bob = await lapse(rooms, activity)
            async with bob.beating(0.3):
                await cut_off
                async with asyncio.timeout(PATIENCE):
                    while await rooms.refusal(f"/websocket/{activity}/alice") == 403:
                        pass
                await alice.send({"messageType": 7})
                await alice.closed()
                assert [said["action"] for said in alice.all_of(SANCTION)] == ["kicked"]
                again = await rooms.enter(activity, "alice")
                assert (await again.say("hello"))["ok"]
                await again.leave()
            await bob.leave()
