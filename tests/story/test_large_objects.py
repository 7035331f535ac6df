"""Objects that take much room: they silence nobody, and what cannot be shown is told."""

import pytest

from tests.story.rooms import Rooms, Servers, running
from tests.story.topics import notice, produce
from tests.story.viewer import CHAT, LEFT_OUT, NOTICE, WELCOME

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


async def test_45_notices_of_8000_characters_in_one_tick_and_a_chat_between(
    own_servers: Servers, activity: int
) -> None:
    kafka = own_servers.kafka_bootstrap
    # One tick, as after a relay that was held up.
    async with running(own_servers, window_ms=1500) as rooms:
        viewers = [await rooms.enter(activity, name, classic=name == "bob") for name in ("alice", "bob", "carol")]
        await produce(kafka, activity, *(notice(activity, number, 8_000) for number in range(20)))
        chat = await viewers[0].say("between")
        await produce(kafka, activity, *(notice(activity, number, 8_000) for number in range(20, 45)))
        for viewer in viewers:
            await viewer.told_of(NOTICE, name="n44")
            assert [said["name"] for said in viewer.all_of(NOTICE)] == [f"n{number}" for number in range(45)]
            assert viewer.all_of(CHAT, seq=chat["seq"])
            assert not viewer.all_of(LEFT_OUT)
            assert len(viewer.all_of(WELCOME)) == 1
            seqs = [said["seq"] for said in viewer.told if said["messageType"] in (CHAT, NOTICE)]
            assert seqs == sorted(seqs)


async def test_a_record_of_140_kb_is_told_and_newcomers_are_welcomed_once(
    rooms: Rooms, servers: Servers, activity: int
) -> None:
    alice = await rooms.enter(activity, "alice")
    seq = await produce(servers.kafka_bootstrap, activity, notice(activity, 1, 140_000))
    told = {"seq": seq, "dropped": {"notice": 1}}
    await alice.told_of(LEFT_OUT, **told)
    newcomers = [await rooms.enter(activity, "bob"), await rooms.enter(activity, "carol", classic=True)]
    for text in ("one", "two", "three"):
        await alice.say(text)
        for viewer in (alice, *newcomers):
            await viewer.hears(text)
    for viewer in newcomers:
        assert {"messageType": LEFT_OUT, **told} in viewer.welcome["history"]
    assert [len(viewer.all_of(WELCOME)) for viewer in (alice, *newcomers)] == [1, 1, 1]
