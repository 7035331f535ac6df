"""The two topics as another system reads and writes them."""

import json
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from functions.manifest import LIVE_TOPIC, PARTITIONS
from tests.asyncapi.document import check_record

Record = dict[str, Any]

# What tests have produced need not be as the rooms write.
produced: set[bytes] = set()


async def records(bootstrap: str, topic: str, activity: int) -> list[Record]:
    """The records of a room that stand in a topic now, in their order. Those of the rooms are as docs/asyncapi.yaml
    says, else AssertionError."""
    found: list[Record] = []
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            batches = await consumer.getmany(timeout_ms=200)
            ours = [record for batch in batches.values() for record in batch if record.key == str(activity).encode()]
            found += [_read(topic, record.value) for record in ours]
    return found


def _read(topic: str, value: bytes) -> Record:
    record: Record = json.loads(value)
    if value not in produced:
        check_record(topic, record)
    return record


async def produce(bootstrap: str, activity: int, *values: bytes) -> int:
    """Write values to the live topic under a room's key; the offset of the last one."""
    produced.update(values)
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        for value in values:
            written = await producer.send(LIVE_TOPIC, value, key=str(activity).encode())
        offset: int = (await written).offset
    return offset


def notice(activity: int, number: int, size: int) -> bytes:
    """The record of a notice of so many characters."""
    return json.dumps({"activityId": activity, "messageType": 10, "name": f"n{number}", "data": "x" * size}).encode()
