"""Relays that share a room's viewers: everybody gets everything, once."""

import asyncio

import pytest

from tests.story.rooms import Servers, running
from tests.story.viewer import CHAT, LEFT

pytestmark = pytest.mark.kafka


async def test_four_slices_serve_every_viewer_once(own_servers: Servers, activity: int) -> None:
    async with running(own_servers, slices=4) as rooms:
        viewers = await asyncio.gather(
            *(rooms.enter(activity, f"v{number}", classic=number % 3 == 0) for number in range(16))
        )
        for number in range(10):
            await viewers[number].say(f"{number}")
        await asyncio.gather(*(viewer.like() for viewer in viewers))
        # A tick that brought something twice would be over before the one after the next begins.
        for last in ("first end", "second end"):
            await viewers[0].say(last)
            await asyncio.gather(*(viewer.hears(last) for viewer in viewers))
        for viewer in viewers:
            assert viewer.heard == [*map(str, range(10)), "first end", "second end"]
            assert len({said["seq"] for said in viewer.all_of(CHAT)}) == 12
            assert viewer.likes == 16
        await viewers[-1].leave()
        for viewer in viewers[:-1]:
            await viewer.until(lambda viewer=viewer: viewer.online == 15)  # type: ignore[misc]
            assert len(viewer.all_of(LEFT)) == 1
