import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from local.servers.kafka import EmbeddedKafka
from local.servers.process import ServerFailed, accepts


@pytest.fixture
async def kafka() -> AsyncIterator[EmbeddedKafka]:
    kafka = EmbeddedKafka(topics={"topic": 3})
    await kafka.start()
    yield kafka
    await kafka.stop()


async def test_a_topic_has_the_partitions_it_was_given(kafka: EmbeddedKafka) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.address) as producer:
        assert await producer.partitions_for("topic") == {0, 1, 2}


async def test_it_can_be_down_and_come_back_with_its_records(kafka: EmbeddedKafka) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.address) as producer:
        await producer.send_and_wait("topic", b"before")
    await kafka.down()
    assert not await accepts(kafka.address)
    await kafka.up()
    reader = AIOKafkaConsumer("topic", bootstrap_servers=kafka.address, auto_offset_reset="earliest")
    async with reader, asyncio.timeout(30):
        assert (await reader.getone()).value == b"before"


async def test_stalled_it_answers_nothing_and_goes_on_with_what_was_sent(kafka: EmbeddedKafka) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.address) as producer:
        await producer.send_and_wait("topic", b"before")
        await kafka.pause()
        sent = await producer.send("topic", b"meanwhile")
        done, _ = await asyncio.wait([sent], timeout=0.2)
        assert not done
        await kafka.resume()
        async with asyncio.timeout(30):
            assert (await sent).topic == "topic"


async def test_killed_it_is_gone_and_started_again_it_is_empty() -> None:
    kafka = EmbeddedKafka(topics={"topic": 1})
    await kafka.start()
    before = kafka.address
    async with AIOKafkaProducer(bootstrap_servers=before) as producer:
        await producer.send_and_wait("topic", b"lost")
    await kafka.kill()
    assert not await accepts(before)
    await kafka.start()
    async with AIOKafkaProducer(bootstrap_servers=kafka.address) as producer:
        assert (await producer.send_and_wait("topic", b"first")).offset == 0
    await kafka.stop()


async def test_it_has_no_address_before_it_is_started() -> None:
    with pytest.raises(ServerFailed, match="no address"):
        _ = EmbeddedKafka().address
    with pytest.raises(ServerFailed, match="not started"):
        await EmbeddedKafka().down()
