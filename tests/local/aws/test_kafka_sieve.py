"""What is set aside of a fetch, and what aiokafka reads of the rest."""

import struct

import pytest
from aiokafka.record.memory_records import MemoryRecords

from local.aws.kafka_sieve import Fetched, Unreadable
from tests.local.aws.kafka_batches import (
    BROKEN,
    CODECS,
    COUNT,
    CRC,
    LAST_OFFSET_DELTA,
    batch,
    changed,
    legacy_batch,
    with_contents,
)


def sifted(data: bytes, *, position: int = 0, end: int = 100) -> tuple[bytes, list[Unreadable]]:
    """What is left of a fetch, and what was set aside."""
    found: list[Unreadable] = []
    fetched = Fetched(topic="t", partition=3, position=position, end=end, data=data)
    return fetched.sifted(found.append), found


def read(data: bytes) -> tuple[list[tuple[int, bytes | None]], int]:
    """The records that aiokafka reads, with their offsets, and the offset that it asks for next."""
    batches, records, following = MemoryRecords(data), [], 0
    while batches.has_next():
        one = batches.next_batch()
        assert one is not None
        assert one.validate_crc()
        records += [(record.offset, record.value) for record in one]
        following = one.next_offset
    return records, following


@pytest.mark.parametrize("codec", CODECS)
def test_what_can_be_read_is_handed_on_as_it_is(codec: str) -> None:
    data = batch(b"a", b"b", codec=codec) + batch(b"c", None, codec=codec, base=2, key=None, headers=[("h", None)])
    assert sifted(data) == (data, [])
    assert read(data)[0] == [(0, b"a"), (1, b"b"), (2, b"c"), (3, None)]


@pytest.mark.parametrize("magic", [0, 1])
def test_messages_of_the_older_formats_are_handed_on_as_they_are(magic: int) -> None:
    data = legacy_batch(magic, b"a", b"b")
    assert sifted(data) == (data, [])


@pytest.mark.parametrize("magic", [0, 1])
def test_a_broken_message_of_an_older_format_is_set_aside(magic: int) -> None:
    data = bytearray(legacy_batch(magic, b"a", b"b"))
    data[len(data) // 2 - 1] ^= 0xFF
    left, found = sifted(bytes(data))
    assert read(left) == ([], 1)
    assert [(one.first, one.count) for one in found] == [(0, 1)]


def test_where_the_format_changes_a_fetch_ends() -> None:
    first = legacy_batch(1, b"a")  # made once: it has the time in it
    rest = batch(b"b", base=1) + legacy_batch(1, b"c", base=2)
    assert sifted(first + rest) == (first, [])
    assert read(sifted(rest, position=1)[0]) == ([(1, b"b")], 2)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_batch_that_cannot_be_read_leaves_room_for_what_follows(kind: str) -> None:
    broken = struct.pack(">q", 7) + BROKEN[kind]()[8:]
    left, found = sifted(batch(b"a", base=6) + broken + batch(b"c", base=8), position=6)
    assert read(left)[0] == [(6, b"a"), (8, b"c")]
    (one,) = found
    assert (one.topic, one.partition, one.first, one.count) == ("t", 3, 7, 1)
    assert str(one).startswith("t-3@7 cannot be read: ")
    # At the end of the log nothing follows yet.
    left, found = sifted(broken, position=7, end=8)
    assert read(left) == ([], 8)
    assert len(found) == 1


def test_of_a_batch_only_the_records_that_cannot_be_read_are_set_aside() -> None:
    for codec in CODECS:
        whole = batch(b"a", base=5, codec=codec)
        odd = batch(b"odd", headers=[("name", b"x")])
        record = odd[61:].replace(b"name", b"\xff" * 4)
        good = batch(b"b")[61:]
        # The third byte behind the length is the offset from the batch's first.
        mixed = with_contents(good + record[:3] + b"\x02" + record[4:] + good[:3] + b"\x04" + good[4:], count=3)
        left, found = sifted(whole + struct.pack(">q", 6) + mixed[8:], position=5)
        assert read(left)[0] == [(5, b"a"), (6, b"b"), (8, b"b")]
        assert read(left)[1] == 9
        assert [(one.first, one.count) for one in found] == [(7, 1)]


def test_what_was_read_before_is_not_set_aside_again() -> None:
    odd = changed(whole := batch(b"odd", headers=[("name", b"x")], base=4), whole.index(b"name"), b"\xff\xff\xff\xff")
    assert len(sifted(odd, position=4)[1]) == 1
    assert sifted(odd, position=5)[1] == []


@pytest.mark.parametrize(
    ("at", "content"),
    [
        (LAST_OFFSET_DELTA, b"\x7f\xff\xff\xff"),
        (LAST_OFFSET_DELTA, b"\xff\xff\xff\xff"),
        (COUNT, b"\x7f\xff\xff\xff"),
        (COUNT, b"\x80\0\0\0"),
        (0, b"\x7f" + b"\xff" * 7),
        (0, b"\xff" * 8),
    ],
)
def test_no_number_of_a_broken_batch_leads_past_the_records_that_follow(at: int, content: bytes) -> None:
    broken = changed(changed(batch(b"a", b"b", base=7), at, content, signed=False), CRC, b"\0\0\0\0", signed=False)
    left, found = sifted(broken, position=7)
    assert read(left)[0] == []
    assert 8 <= read(left)[1] <= 9
    left, _ = sifted(broken + batch(b"c", base=9), position=7)
    assert read(left) == ([(9, b"c")], 10)
    assert found[0].first == 7


@pytest.mark.parametrize(
    "data",
    [b"\0", b"\0" * 12, b"\xff" * 30, b"garbage" * 20, batch(b"a")[:-1], batch(b"a")[:20]],
    ids=["a byte", "zeros", "ones", "garbage", "all but a byte", "the beginning"],
)
def test_bytes_that_are_no_batch_are_passed_over(data: bytes) -> None:
    left, found = sifted(data, position=7)
    assert read(left) == ([], 8)
    assert [(one.first, one.count) for one in found] == [(7, 1)]


def test_a_batch_that_the_broker_has_cut_off_is_no_error_behind_others() -> None:
    left, found = sifted(batch(b"a") + batch(b"b", base=1)[:-1])
    assert read(left) == ([(0, b"a")], 1)
    assert found == []
