"""The two topics as another system reads and writes them."""

import json
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from functions.manifest import LIVE_TOPIC, PARTITIONS

Record = dict[str, Any]


async def records(bootstrap: str, topic: str, activity: int) -> list[Record]:
    """The records of a room that stand in a topic now, in their order."""
    found: list[Record] = []
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            batches = await consumer.getmany(timeout_ms=200)
            found += [
                json.loads(record.value)
                for batch in batches.values()
                for record in batch
                if record.key == str(activity).encode()
            ]
    return found


async def produce(bootstrap: str, activity: int, *values: bytes) -> int:
    """Write values to the live topic under a room's key; the offset of the last one."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        for value in values:
            written = await producer.send(LIVE_TOPIC, value, key=str(activity).encode())
        offset: int = (await written).offset
    return offset


def notice(activity: int, number: int, size: int) -> bytes:
    """The record of a notice of so many characters."""
    return json.dumps({"activityId": activity, "messageType": 10, "name": f"n{number}", "data": "x" * size}).encode()
