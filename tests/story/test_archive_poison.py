"""Records that nobody can store: set aside with their cause, and all others are kept."""

import asyncio
import base64
import re

import pytest

from tests.story.archived import Archived
from tests.story.rooms import Servers, running
from tests.story.talkers import talk
from tests.story.throttle import QUEUE, throttle
from tests.story.viewer import PATIENCE

pytestmark = pytest.mark.kafka

# With the cause that the failure queue gives.
POISON = {
    b"\xff\xfe": "not UTF-8 JSON",
    b"[]": "not a JSON object",
    b'{"messageType":4}': "activityId",
    b'{"activityId":%d,"messageType":99}': "messageType",
    b'{"activityId":%d,"messageType":4,"content":"no seq"}': "seq",
    b'{"activityId":%d,"messageType":7,"userId":"a","watchSeconds":-1}': "watchSeconds",
    b'{"activityId":%d,"messageType":7,"userId":"a","watchFrom":2,"watchTo":1}': "watchFrom",
    b'{"activityId":%d,"messageType":7,"userId":"a","watchFrom":9007199254740990,"watchTo":9007199254740991}': "ends",
    b'{"activityId":%d,"messageType":4,"seq":1,"content":"' + b"m" * 410_000 + b'"}': "bytes",
}


async def test_poison_is_set_aside_with_its_cause_and_the_rest_is_kept(own_servers: Servers, activity: int) -> None:
    async with running(own_servers) as rooms:
        archive = Archived(rooms, own_servers.kafka_bootstrap, own_servers.aws_endpoint, activity)
        await archive.set_aside()
        viewers = [await rooms.enter(activity, f"viewer {number}") for number in range(3)]
        talking = asyncio.create_task(talk(viewers, 10))
        expected = {}
        for text, cause in POISON.items():
            value = text % activity if b"%d" in text else text
            expected[await archive.produce(value)] = (value, cause)
        said = await talking
        await archive.caught_up()
        messages = await archive.set_aside()
        assert {(message["partition"], message["offset"]) for message in messages} == expected.keys()
        assert len(messages) == len(expected)
        for message in messages:
            value, cause = expected[message["partition"], message["offset"]]
            assert re.search(cause, message["cause"])
            assert (message["topic"], message["bytes"]) == ("saveLiveMessageTopic", len(value))
            assert value.startswith(base64.b64decode(message["value"]))
        assert {seq: (item["id"], item["text"]) for seq, item in (await archive.items("m")).items()} == said


@pytest.mark.long
async def test_poison_that_the_queue_does_not_take_comes_again_until_it_does(
    own_servers: Servers, activity: int
) -> None:
    poison = b'{"messageType":99}'
    async with throttle(own_servers.aws_endpoint) as aws:
        servers = Servers(own_servers.redis_url, own_servers.kafka_bootstrap, aws.url)
        async with running(servers) as rooms:
            archive = Archived(rooms, servers.kafka_bootstrap, own_servers.aws_endpoint, activity)
            await archive.set_aside()
            viewers = [await rooms.enter(activity, "alice")]
            said = await talk(viewers, 3)
            await archive.caught_up()
            with aws.trouble(1, service=QUEUE, kinds=("failed",)):
                partition, offset = await archive.produce(poison)
                said |= await talk(viewers, 3)
                async with asyncio.timeout(PATIENCE):
                    while (await archive.items("m")).keys() < said.keys() or aws.troubles["failed"] < 5:
                        pass
                # What is behind it is kept, and yet not passed over: it is to be told where the poison stands.
                assert (await archive.committed())[partition][0] == offset
                assert await archive.set_aside() == []
            await archive.caught_up()
            [message] = await archive.set_aside()
            assert (message["partition"], message["offset"]) == (partition, offset)
            assert base64.b64decode(message["value"]) == poison
            await archive.is_left_by(viewers)
            await archive.caught_up()
            await archive.holds(said)
