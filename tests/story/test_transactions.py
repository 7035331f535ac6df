"""Other systems may produce in transactions. On Apache Kafka the end of each takes an offset; the embedded Kafka has no
such ends, and keeps such records under a wrong checksum."""

import pytest
from aiokafka import AIOKafkaProducer

from functions.manifest import LIVE_TOPIC
from tests.story import topics
from tests.story.rooms import Rooms, Servers
from tests.story.viewer import CHAT, NOTICE

# What stands on its topics, others would have to read too.
pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module"), pytest.mark.emulator(alone=True)]


async def test_the_ends_of_transactions_are_no_gap_to_who_resumes(
    rooms: Rooms, servers: Servers, activity: int
) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    seq = (await bob.say("before"))["seq"]
    await alice.told_of(CHAT, seq=seq)
    cursor = f"{alice.welcome['cursor'].split('.')[0]}.{seq}"
    await alice.leave()
    values = [topics.notice(activity, number, 10) for number in range(3)]
    async with AIOKafkaProducer(
        bootstrap_servers=servers.kafka_bootstrap, transactional_id=f"shop-{activity}"
    ) as producer:
        for number, value in enumerate(values):
            async with producer.transaction():
                await producer.send_and_wait(LIVE_TOPIC, value, key=str(activity).encode())
            await bob.told_of(NOTICE, name=f"n{number}")  # each is a batch of its own, and an end stands between them
    await bob.say("behind them")
    await bob.hears("behind them")
    again = (await rooms.enter(activity, "alice", since=cursor)).welcome
    assert (again["gap"], len(again["history"])) == (False, len(values) + 1)
