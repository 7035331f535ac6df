"""Functions that are frozen between events, as on AWS, serve a room no worse."""

import os

import psutil
import pytest

from functions.manifest import FUNCTIONS
from tests.local.aws.until import until
from tests.story.rooms import Servers, running
from tests.story.viewer import LEFT

pytestmark = pytest.mark.kafka


def all_functions_are_frozen() -> bool:
    """Whether every execution environment of this process is stopped."""
    names = tuple(function.name for function in FUNCTIONS)
    children = psutil.Process(os.getpid()).children(recursive=True)
    functions = [child for child in children if child.name().startswith(names)]
    return bool(functions) and all(child.status() == psutil.STATUS_STOPPED for child in functions)


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
        await until(all_functions_are_frozen)
