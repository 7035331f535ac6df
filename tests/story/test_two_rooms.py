"""Twenty people in two rooms hear only their own room."""

import asyncio

import pytest

from tests.story.rooms import Rooms
from tests.story.viewer import COUNT, JOINED, LIKES

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


async def test_twenty_people_in_two_rooms_hear_only_their_own(
    rooms: Rooms, activity: int, another_activity: int
) -> None:
    here, there = [
        await asyncio.gather(*(rooms.enter(number, f"{letter}{place}", classic=place % 2 == 0) for place in range(10)))
        for number, letter in ((activity, "h"), (another_activity, "t"))
    ]
    await asyncio.gather(*(viewer.say(f"{viewer.name} speaks") for viewer in (*here, *there)))
    await asyncio.gather(here[0].like(2), there[0].like(5))
    # What a tick of the one room had for the other would come before what is said after that tick was heard.
    for last in ("first end", "second end"):
        await asyncio.gather(here[0].say(last), there[0].say(last))
        await asyncio.gather(*(viewer.hears(last) for viewer in (*here, *there)))
    for people, total in ((here, 2), (there, 5)):
        said = [f"{viewer.name} speaks" for viewer in people]
        for viewer in people:
            assert sorted(viewer.heard[:-2]) == said
            assert viewer.heard == people[0].heard
            assert {told["userId"] for told in viewer.all_of(JOINED)} <= {other.name for other in people}
            assert viewer.online == len(people)
            assert max(told["onlineNumber"] for told in viewer.all_of(COUNT)) == len(people)
            assert viewer.likes == total
            assert {told["zanNumber"] for told in viewer.all_of(LIKES)} <= {0, total}
