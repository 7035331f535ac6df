"""A viewer that does not read: what its full buffer does not take comes later, or is told to be missing."""

import asyncio

import pytest

from functions.adapters.redis.client import connect
from functions.adapters.redis.keys import RoomKeys
from functions.rooms.removals import KEPT
from tests.story.rooms import Rooms, Servers
from tests.story.topics import notice, produce
from tests.story.viewer import LEFT_OUT, NOTICE, PATIENCE, WELCOME, Viewer

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

A_TICK = 40


def seqs(viewer: Viewer) -> list[int]:
    """The notices on its screen."""
    history = [said for welcome in viewer.all_of(WELCOME) for said in welcome["history"]]
    return sorted({said["seq"] for said in [*history, *viewer.told] if said.get("messageType") == NOTICE})


@pytest.mark.parametrize("classic", [False, True])
async def test_a_viewer_that_stops_reading_gets_the_rest_when_it_reads_on(
    rooms: Rooms, servers: Servers, activity: int, classic: bool
) -> None:
    alice = await rooms.enter(activity, "alice")
    slow = await rooms.enter(activity, "slow", classic=classic)
    slow.stop_reading()
    redis = connect(servers.redis_url)
    written = 0
    async with asyncio.timeout(PATIENCE):
        while not await redis.exists(RoomKeys(activity).since):
            values = [notice(activity, number, 8_000) for number in range(written, written + A_TICK)]
            written += A_TICK
            last = await produce(servers.kafka_bootstrap, activity, *values)
            await alice.told_of(NOTICE, seq=last)
    await redis.aclose()
    assert not alice.all_of(LEFT_OUT)
    slow.read_on()
    # The next ticks find room in the buffer again.
    async with asyncio.timeout(PATIENCE):
        while len(slow.all_of(WELCOME)) < 2:
            await alice.say("on")
    await alice.say("end")
    await slow.hears("end")
    missing = set(seqs(alice)) - set(seqs(slow))
    gaps = [welcome["gap"] for welcome in slow.all_of(WELCOME)]
    assert not missing or (any(gaps) and written > KEPT - A_TICK), (written, len(missing), gaps)
    assert slow.online == alice.online == 2
    assert len(alice.all_of(WELCOME)) == 1
