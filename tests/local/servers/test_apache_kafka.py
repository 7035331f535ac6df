import asyncio
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import UnknownTopicOrPartitionError

from local.servers.apache_kafka import ApacheKafka
from local.servers.kafka_jars import KafkaUnavailable
from local.servers.process import ServerFailed, accepts

pytestmark = pytest.mark.kafka


@pytest.fixture
async def kafka(request: pytest.FixtureRequest) -> AsyncIterator[ApacheKafka]:
    if request.config.getoption("--kafka") != "real":
        pytest.skip("Apache Kafka is started with KAFKA=real only")
    kafka = ApacheKafka(topics={"topic": 3})
    try:
        await kafka.start()
    except KafkaUnavailable as error:
        pytest.skip(str(error))
    yield kafka
    await kafka.stop()


async def test_it_comes_back_on_its_port_with_its_records(kafka: ApacheKafka) -> None:
    before = kafka.address
    async with AIOKafkaProducer(bootstrap_servers=before, acks="all") as producer:
        assert await producer.partitions_for("topic") == {0, 1, 2}
        await producer.send_and_wait("topic", b"kept")
    await kafka.kill()
    assert not await accepts(before)
    await kafka.start()
    assert kafka.address == before
    reader = AIOKafkaConsumer("topic", bootstrap_servers=before, auto_offset_reset="earliest")
    async with reader, asyncio.timeout(60):
        assert (await reader.getone()).value == b"kept"


async def test_a_topic_is_not_made_by_asking_for_it(kafka: ApacheKafka) -> None:
    async with AIOKafkaProducer(bootstrap_servers=kafka.address, request_timeout_ms=2000) as producer:
        with pytest.raises(UnknownTopicOrPartitionError):
            await producer.partitions_for("no-such-topic")


async def test_it_has_no_address_before_it_is_started() -> None:
    with pytest.raises(ServerFailed, match="no address"):
        _ = ApacheKafka().address
