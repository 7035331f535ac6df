"""A room log begins with whatever happens first, also with a notice to a room that nobody has been to."""

import pytest

from tests.story.moderator import Moderator
from tests.story.rooms import Servers, running
from tests.story.viewer import NOTICE

pytestmark = pytest.mark.kafka


async def test_a_notice_may_be_the_very_first_record(own_servers: Servers, activity: int) -> None:
    async with running(own_servers) as rooms:
        seq = await Moderator(rooms, activity).notice("first", {"seq": "0 in a new partition"})
        alice = await rooms.enter(activity, "alice")
        # It may also be of the tick that she is welcomed with.
        await alice.until(lambda: [said["seq"] for said in (*alice.welcome["history"], *alice.all_of(NOTICE))] == [seq])
        assert (await alice.say("and it goes on"))["ok"]
        await alice.hears("and it goes on")
