"""Batches of Kafka made by hand, whole and broken, and how a broker gets them."""

import struct
import time
from collections.abc import Callable, Sequence

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
CRC, ATTRIBUTES, LAST_OFFSET_DELTA, COUNT, RECORDS = 17, 21, 23, 57, 61

Header = tuple[str, bytes | None]


def batch(
    *values: bytes | None,
    codec: str = "none",
    base: int = 0,
    key: bytes | None = b"42",
    headers: Sequence[Header] = (),
) -> bytes:
    """A batch of the newest format, as a good producer makes it, with its first offset."""
    made = DefaultRecordBatchBuilder(2, CODECS[codec], False, -1, -1, -1, 1 << 20)
    now = int(time.time() * 1000)
    for offset, value in enumerate(values):
        assert made.append(offset, now, key, value, list(headers)) is not None
    return struct.pack(">q", base) + bytes(made.build())[8:]


def legacy_batch(magic: int, *values: bytes, base: int = 0) -> bytes:
    """Messages of one of the formats before 0.11."""
    made = LegacyRecordBatchBuilder(magic, 0, 1 << 20)
    for offset, value in enumerate(values):
        made.append(base + offset, int(time.time() * 1000), b"42", value)
    return bytes(made.build())


def changed(whole: bytes, at: int, content: bytes, *, signed: bool = True) -> bytes:
    """The batch with other bytes `at`; `signed`: with a checksum that fits them."""
    other = bytearray(whole)
    other[at : at + len(content)] = content
    return summed(bytes(other)) if signed else bytes(other)


def summed(whole: bytes) -> bytes:
    """The batch with the length and the checksum that fit its contents."""
    other = bytearray(whole)
    struct.pack_into(">i", other, 8, len(other) - 12)
    struct.pack_into(">I", other, CRC, calc_crc32c(bytes(other[ATTRIBUTES:])))
    return bytes(other)


def with_contents(contents: bytes, *, codec: int = 0, count: int = 1) -> bytes:
    """A batch of `count` records whose bytes are `contents`, correct in all other respects."""
    whole = changed(batch(*[b"v"] * count)[:RECORDS] + contents, ATTRIBUTES, struct.pack(">h", codec))
    return summed(whole)


def _header_name_that_is_no_utf8() -> bytes:
    whole = batch(b"odd", headers=[("name", b"x")])
    return changed(whole, whole.index(b"name"), b"\xff\xfe\xfd\xfc")


BROKEN: dict[str, Callable[[], bytes]] = {
    "a wrong checksum": lambda: changed(batch(b"v"), CRC, b"\0\0\0\0", signed=False),
    "a byte that has changed since": lambda: changed(batch(b"vvvv"), RECORDS + 6, b"X", signed=False),
    "a wrong checksum of lz4": lambda: changed(batch(b"v" * 99, codec="lz4"), RECORDS + 9, b"?", signed=False),
    "codec 5": lambda: changed(batch(b"v"), ATTRIBUTES, b"\0\5"),
    "codec 6": lambda: changed(batch(b"v"), ATTRIBUTES, b"\0\6"),
    "codec 7": lambda: changed(batch(b"v"), ATTRIBUTES, b"\0\7"),
    "garbage as gzip": lambda: with_contents(b"garbage", codec=1),
    "half of gzip": lambda: summed(batch(b"v" * 99, codec="gzip")[:-9]),
    "garbage as snappy": lambda: with_contents(b"garbage", codec=2),
    "a block of snappy that is cut": lambda: with_contents(b"\x82SNAPPY\0\0\0\0\1\0\0\0\1\0\0\0\x7fgarbage", codec=2),
    "garbage as lz4": lambda: with_contents(b"garbage", codec=3),
    "garbage as zstd": lambda: with_contents(b"garbage", codec=4),
    "nothing as zstd": lambda: with_contents(b"", codec=4),
    "garbage as records": lambda: with_contents(b"\xff" * 40),
    "no records though one is promised": lambda: with_contents(b""),
    "a record of a negative length": lambda: with_contents(b"\x01" * 12),
    "a record longer than its batch": lambda: with_contents(b"\xd0\x0f" + b"\0" * 20),
    "a second record that is missing": lambda: changed(batch(b"v"), COUNT, b"\0\0\0\2"),
    "bytes behind the records": lambda: summed(batch(b"v") + b"more"),
    "a header name that is not UTF-8": _header_name_that_is_no_utf8,
    "gzip in gzip": lambda: with_contents(batch(b"v", codec="gzip"), codec=1),
}


async def produce(bootstrap: str, topic: str, partition: int, data: bytes) -> int:
    """Have the broker append these bytes as they are; returns the offset that it gives them."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        await client.force_metadata_update()
        await client._wait_on_metadata(topic)
        node = client.cluster.leader_for_partition(TopicPartition(topic, partition))
        assert node is not None
        request = ProduceRequest(
            transactional_id=None, required_acks=-1, timeout=5000, topics=[(topic, [(partition, data)])]
        )
        response = await client.send(node, request)
        (_, ((_, error, offset, *_),)) = response.topics[0]
        assert error == 0, f"the broker took no such batch: error {error}"
        return int(offset)
    finally:
        await client.close()
