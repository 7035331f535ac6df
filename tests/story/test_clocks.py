"""The gateway cuts a connection that idles, and any connection in the end."""

from typing import Any

import pytest

from tests.story.rooms import Servers, running

pytestmark = [pytest.mark.kafka]


@pytest.mark.parametrize(
    "clock", [{"idle_seconds": 1.0}, {"max_connection_seconds": 1.0}], ids=lambda clock: next(iter(clock))
)
async def test_a_cut_by_the_clock_is_a_leave(own_servers: Servers, activity: int, clock: dict[str, Any]) -> None:
    async with running(own_servers, **clock) as rooms:
        alice = await rooms.enter(activity, "alice")
        assert await alice.closed() == (1001, "Going away")
        await rooms.figures_become(activity, onlineNumber=0, connections=0)
