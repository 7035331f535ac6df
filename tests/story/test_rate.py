"""A user who sends too fast is told to wait, and may go on afterwards."""

import asyncio

import pytest

from tests.story.rooms import GENEROUS, Rooms
from tests.story.viewer import PATIENCE, Viewer

RATES = {"CHAT_BURST": "3", "CHAT_PER_SECOND": "0.5", "OTHER_BURST": "4", "OTHER_PER_SECOND": "0.5"}

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.emulator(environment=GENEROUS | RATES),
]


async def say_until_accepted(viewer: Viewer, text: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while not (await viewer.say(text))["ok"]:
            pass


async def test_chat_over_the_rate_is_refused_and_works_again_afterwards(rooms: Rooms, activity: int) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    replies = await asyncio.gather(*(alice.say(f"chat {number}") for number in range(10)))
    refused = [reply for reply in replies if not reply["ok"]]
    assert 1 <= len(refused) <= 7
    for reply in refused:
        assert reply["error"] == "rate_limited"
        assert 1 <= reply["retryAfter"] <= 2
    assert (await bob.say("not my rate"))["ok"]
    await say_until_accepted(alice, "at last")
    await bob.hears("at last")
    assert len(bob.heard) == len(replies) - len(refused) + 2


async def test_likes_have_a_rate_of_their_own(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    replies = await asyncio.gather(*(alice.like() for _ in range(10)))
    accepted = sum(reply["ok"] for reply in replies)
    assert 4 <= accepted < 10
    assert (await alice.say("chat is not used up"))["ok"]
    await alice.until(lambda: alice.likes == accepted)


async def test_two_tabs_share_the_rate_of_their_user(rooms: Rooms, activity: int) -> None:
    tabs = [await rooms.enter(activity, "alice") for _ in range(2)]
    replies = await asyncio.gather(*(tab.say(f"{number}") for number, tab in enumerate(tabs * 5)))
    assert 3 <= sum(reply["ok"] for reply in replies) < 10
