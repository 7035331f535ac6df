"""What docs/asyncapi.yaml does not have fails a story: viewers and readers of the topics hold all against it."""

import asyncio
import json

import pytest
from aiokafka import AIOKafkaProducer

from functions.manifest import LIVE_TOPIC
from tests.story.rooms import Rooms, Servers
from tests.story.test_platform import sdk
from tests.story.topics import records
from tests.story.viewer import CHAT

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.parametrize("classic", [False, True], ids=["live.v1", "classic"])
async def test_a_viewer_does_not_take_what_the_document_does_not_have(
    rooms: Rooms, activity: int, *, classic: bool
) -> None:
    alice = await rooms.enter(activity, "alice", classic=classic)
    for wrong, why in (
        ({"messageType": 99}, "no message of messageType 99"),
        ({"messageType": 12}, "required property"),
        ({"messageType": 9, "seq": 1, "badge": 7}, "'badge' was unexpected"),
    ):
        frame = json.dumps(wrong if classic else [wrong]).encode()
        connection_id = alice.welcome["connectionId"]
        await asyncio.to_thread(sdk(rooms).post_to_connection, ConnectionId=connection_id, Data=frame)
        with pytest.raises(AssertionError, match=why) as raised:
            await alice.told_of(wrong["messageType"], **wrong)
        assert str(wrong) in str(raised.value)
    assert (await alice.say("still here"))["ok"]


async def test_a_viewer_does_not_send_what_the_document_does_not_have(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    with pytest.raises(AssertionError, match="'badge' was unexpected"):
        await alice.say("accepted all the same", badge=7)
    with pytest.raises(AssertionError, match="'badge' was unexpected"):
        await alice.send({"messageType": CHAT, "message": "without an id", "badge": 7})
    assert not (await alice.say(""))["ok"], "what is refused for its form need not be in the document"


async def test_a_record_that_the_document_does_not_have_is_found_on_its_topic(
    rooms: Rooms, servers: Servers, activity: int
) -> None:
    alice = await rooms.enter(activity, "alice")
    await alice.say("a sound record")
    (_, record) = await records(servers.kafka_bootstrap, LIVE_TOPIC, activity)
    wrong = json.dumps(record | {"badge": 7}).encode()
    async with AIOKafkaProducer(bootstrap_servers=servers.kafka_bootstrap, acks="all") as producer:
        await producer.send_and_wait(LIVE_TOPIC, wrong, key=str(activity).encode())
    with pytest.raises(AssertionError, match="'badge' was unexpected"):
        await records(servers.kafka_bootstrap, LIVE_TOPIC, activity)
