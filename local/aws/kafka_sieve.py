"""Sets aside whatever of a fetch cannot be read, so that it stops no consumer.

aiokafka raises at a batch that it cannot read, and comes back to the same batch for ever. So each batch is looked at
before aiokafka gets it. In place of one that cannot be read it gets an empty batch of the same offsets. Kafka itself
leaves such a batch behind when it has compacted all records of one away.

A batch cannot be read if its checksum is wrong, its codec or format is not known, or its contents are garbage. Where
only some of its records are garbage, the others stay.
"""

import struct
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.codec import gzip_decode, lz4_decode, snappy_decode, zstd_decode
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.legacy_records import LegacyRecordBatch
from aiokafka.record.util import calc_crc32c, decode_varint

# https://kafka.apache.org/documentation/#recordbatch
_HEADER = struct.Struct(">qiibIhiqqqhii")
_OVERHEAD = 12  # base offset and length, which the length does not count
_MAGIC = 16
_CRC, _ATTRIBUTES = 17, 21
_LEAST_BYTES = {0: 26, 1: 34, 2: _HEADER.size}
_DECODERS: Sequence[Callable[[bytes], bytes]] = (bytes, gzip_decode, snappy_decode, lz4_decode, zstd_decode)


@dataclass(frozen=True)
class Unreadable:
    """`count` offsets of a partition from `first` on, and why they cannot be read."""

    topic: str
    partition: int
    first: int
    count: int
    why: str

    def __str__(self) -> str:
        last = f" to {self.first + self.count - 1}" if self.count > 1 else ""
        return f"{self.topic}-{self.partition}@{self.first}{last} cannot be read: {self.why}"


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What a broker answers for one partition, asked for the records from `position` on. `end` is the next offset that
    the partition will have."""

    topic: str
    partition: int
    position: int
    end: int
    data: bytes

    def batches(self) -> Iterator[bytes]:
        """Batch by batch; bytes that are no batch only if there is nothing else."""
        at = 0
        while at + _OVERHEAD <= len(self.data):
            length = int.from_bytes(self.data[at + 8 : at + _OVERHEAD], "big", signed=True)
            if length < 0 or at + _OVERHEAD + length > len(self.data):
                break
            yield self.data[at : at + _OVERHEAD + length]
            at += _OVERHEAD + length
        # A broker may cut off the last batch: it comes whole when it is the first.
        if self.data and at == 0:
            yield self.data

    def sifted(self, report: Callable[[Unreadable], None]) -> bytes:
        """The data without what cannot be read, which is reported."""
        batches = list(self.batches())
        troubles = [_trouble(batch) for batch in batches]
        kept: list[bytes] = []
        for number, (batch, why) in enumerate(zip(batches, troubles, strict=True)):
            has_next = number + 1 < len(batches) and troubles[number + 1] is None
            following = _base(batches[number + 1]) if has_next else None
            readable = batch if why is None else self._without(batch, why, following, report)
            # aiokafka reads all batches of a fetch in the format of the first. The others are fetched again.
            if kept and readable[_MAGIC] != kept[0][_MAGIC]:
                break
            kept.append(readable)
        return b"".join(kept)

    def _without(self, batch: bytes, why: str, following: int | None, report: Callable[[Unreadable], None]) -> bytes:
        """What remains of a batch that cannot be read; `following` is the next batch's first offset."""
        salvaged = _salvage(batch)
        if salvaged is not None:
            rest, broken = salvaged
            for offset, cause in broken:
                if offset >= self.position:
                    report(Unreadable(self.topic, self.partition, offset, 1, cause))
            return rest
        first, after = self._extent(batch, following)
        report(Unreadable(self.topic, self.partition, first, after - first, why))
        return _empty_batch(first, after)

    def _extent(self, batch: bytes, following: int | None) -> tuple[int, int]:
        """The first offset to pass over and the one after the last; nothing in such a batch is to be believed at once.

        Too few offsets do no harm: asked for the next one, the broker hands out the same batch again.
        """
        base = _base(batch)
        first = base if self.position <= base < self.end else self.position
        if following is not None and first < following <= self.end:
            return first, following
        if len(batch) >= _HEADER.size and batch[_MAGIC] == 2:
            *_, delta, _, _, _, _, _, count = _HEADER.unpack_from(batch)
            after = base + min(count, delta + 1)
            if first < after <= self.end:
                return first, after
        return first, first + 1


class Sieve:
    """Sifts what one consumer fetches. `report` gets what cannot be read, each offset once."""

    def __init__(self, report: Callable[[Unreadable], None]) -> None:
        self._report = report
        self._reported: dict[tuple[str, int], int] = {}  # by partition, the offset up to which there was a report

    def sifting(self, send: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The `send` of the consumer's client, with answers that are sifted. Checksums need no second check."""

        async def sending(node_id: int, request: Any, **options: Any) -> Any:
            response = await send(node_id, request, **options)
            if isinstance(request, FetchRequest):
                positions = {(topic, one[0]): one[1] for topic, asked in request.topics for one in asked}
                response.topics = [
                    (topic, [self._sifted(topic, one, positions) for one in answers])
                    for topic, answers in response.topics
                ]
            return response

        return sending

    def _sifted(self, topic: str, answer: tuple[Any, ...], positions: dict[tuple[str, int], int]) -> tuple[Any, ...]:
        partition, _, end, *_, data = answer
        position = positions.get((topic, partition))
        if not data or position is None:
            return answer
        fetched = Fetched(topic=topic, partition=partition, position=position, end=end, data=data)
        return (*answer[:-1], fetched.sifted(self._report_once))

    def _report_once(self, found: Unreadable) -> None:
        partition = found.topic, found.partition
        # A fetch whose answer came too late is sent again.
        if found.first >= self._reported.get(partition, 0):
            self._reported[partition] = found.first + found.count
            self._report(found)


def _base(batch: bytes) -> int:
    return int.from_bytes(batch[:8], "big", signed=True)


def _trouble(batch: bytes) -> str | None:
    """Why a batch cannot be read, None if it can."""
    try:
        magic = batch[_MAGIC] if len(batch) > _MAGIC else 2
        if magic not in _LEAST_BYTES:
            return f"format {magic} is not known"
        if len(batch) < _LEAST_BYTES[magic]:
            return "it is no batch"
        reader = DefaultRecordBatch(batch) if magic == 2 else LegacyRecordBatch(batch, magic)
        if not reader.validate_crc():
            return "its checksum is wrong"
        if magic == 2 and reader.is_control_batch:
            return None
        for _ in reader:
            pass
    except Exception as error:  # whatever a decoder raises
        return str(error)[:200] or type(error).__name__
    return None


def _salvage(batch: bytes) -> tuple[bytes, list[tuple[int, str]]] | None:
    """A batch without the records that cannot be read, and the offset of each of those with the reason.

    None if that cannot be told: the checksum is wrong, or the lengths of the records do not add up.
    """
    if len(batch) < _HEADER.size or batch[_MAGIC] != 2 or not DefaultRecordBatch(batch).validate_crc():
        return None
    header = _HEADER.unpack_from(batch)
    try:
        records = list(_records(_DECODERS[header[5] & 7](batch[_HEADER.size :]), header[-1]))
    except Exception:  # whatever a decoder raises
        return None
    kept, broken = [], []
    for delta, record in records:
        why = _trouble(_batch(header, [record]))
        if why is None:
            kept.append(record)
        else:
            broken.append((header[0] + delta, why))
    return (_batch(header, kept), broken) if broken else None


def _records(data: bytes, count: int) -> Iterator[tuple[int, bytes]]:
    """The bytes of each record, its length included, with its offset from the batch's first one."""
    buffer, at = bytearray(data), 0
    for number in range(count):
        length, begin = decode_varint(buffer, at)
        if not 0 < length <= len(buffer) - begin:
            raise ValueError("a record's length is wrong")
        _, place = decode_varint(buffer, begin + 1)  # behind the attributes
        delta, _ = decode_varint(buffer, place)
        yield delta if delta >= number else number, bytes(buffer[at : begin + length])
        at = begin + length
    if at != len(buffer):
        raise ValueError("there is more than the records")


def _batch(header: Sequence[int], records: Sequence[bytes]) -> bytes:
    """A batch of these records, uncompressed, otherwise with the header of the one that they are of."""
    base, _, epoch, magic, _, attributes, *rest, _ = header
    contents = b"".join(records)
    length = _HEADER.size - _OVERHEAD + len(contents)
    head = _HEADER.pack(base, length, epoch, magic, 0, attributes & ~7, *rest, len(records))
    whole = bytearray(head + contents)
    struct.pack_into(">I", whole, _CRC, calc_crc32c(whole[_ATTRIBUTES:]))
    return bytes(whole)


def _empty_batch(first: int, after: int) -> bytes:
    """A batch without records that stands for the offsets from `first` to the one before `after`."""
    return _batch((first, 0, -1, 2, 0, 0, after - first - 1, -1, -1, -1, -1, -1, 0), [])
