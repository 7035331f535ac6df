"""What the project rests on in a Kafka, the same for the embedded one and for Apache Kafka."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from functions.manifest import LIVE_TOPIC, PARTITIONS, SAVE_TOPIC

pytestmark = pytest.mark.kafka


@pytest.fixture
async def producer(kafka_bootstrap: str) -> AsyncIterator[AIOKafkaProducer]:
    async with AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, acks="all") as producer:
        yield producer


def consumer(bootstrap: str, group: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        LIVE_TOPIC,
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=6000,  # the least a broker takes; the mock lets a group rest for it between members
        heartbeat_interval_ms=1000,
    )


async def values(consumer: AIOKafkaConsumer, key: bytes, count: int) -> list[bytes]:
    """The next `count` values under `key`; other tests write to the same topic."""
    found: list[bytes] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            record = await consumer.getone()
            if record.key == key:
                found.append(record.value)
    return found


async def test_both_topics_have_the_partitions_of_the_manifest(producer: AIOKafkaProducer) -> None:
    assert len(await producer.partitions_for(LIVE_TOPIC)) == PARTITIONS
    assert len(await producer.partitions_for(SAVE_TOPIC)) == PARTITIONS


async def test_records_of_one_key_are_in_one_partition_in_order(
    producer: AIOKafkaProducer, kafka_bootstrap: str
) -> None:
    key, sent = uuid.uuid4().hex.encode(), [b"%d" % number for number in range(100)]
    written = [await producer.send_and_wait(LIVE_TOPIC, value, key=key) for value in sent]
    assert len({record.partition for record in written}) == 1
    assert [record.offset for record in written] == sorted({record.offset for record in written})
    async with consumer(kafka_bootstrap, uuid.uuid4().hex) as reader:
        assert await values(reader, key, len(sent)) == sent


async def test_a_group_goes_on_where_it_committed(producer: AIOKafkaProducer, kafka_bootstrap: str) -> None:
    key, group = uuid.uuid4().hex.encode(), uuid.uuid4().hex
    await producer.send_and_wait(LIVE_TOPIC, b"first", key=key)
    async with consumer(kafka_bootstrap, group) as reader:
        assert await values(reader, key, 1) == [b"first"]
        await reader.commit()
    await producer.send_and_wait(LIVE_TOPIC, b"second", key=key)
    async with consumer(kafka_bootstrap, group) as reader:
        assert await values(reader, key, 1) == [b"second"]


async def test_what_was_not_committed_is_read_again(producer: AIOKafkaProducer, kafka_bootstrap: str) -> None:
    key, group = uuid.uuid4().hex.encode(), uuid.uuid4().hex
    await producer.send_and_wait(LIVE_TOPIC, b"again", key=key)
    for _ in range(2):
        async with consumer(kafka_bootstrap, group) as reader:
            assert await values(reader, key, 1) == [b"again"]


async def test_two_groups_read_the_same_records(producer: AIOKafkaProducer, kafka_bootstrap: str) -> None:
    key = uuid.uuid4().hex.encode()
    await producer.send_and_wait(LIVE_TOPIC, b"for all", key=key)
    for _ in range(2):
        async with consumer(kafka_bootstrap, uuid.uuid4().hex) as reader:
            assert await values(reader, key, 1) == [b"for all"]
