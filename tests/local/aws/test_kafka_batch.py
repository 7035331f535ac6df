"""What is left of a batch, and how far its group's offsets may move."""

from typing import Any

from local.aws.kafka_batch import BatchingWindow, KafkaBatch
from local.aws.kafka_payload import payload_bytes
from tests.local.aws.kafka_records import Record

TOPIC = "liveMessageTopic"


def batch() -> KafkaBatch:
    """Offsets 5, 6, 7 of partition 0 and 100, 102 of partition 1."""
    places = [(0, 5), (1, 100), (0, 6), (1, 102), (0, 7)]
    return KafkaBatch(Record(*place, timestamp=1000 * place[1]) for place in places)


def failed(*places: tuple[Any, Any]) -> dict[str, Any]:
    identifiers = ({"partition": partition, "offset": offset} for partition, offset in places)
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}


def left(batch: KafkaBatch) -> list[tuple[int, int]]:
    return [(record.partition, record.offset) for record in batch.records]


def test_a_new_batch_is_at_its_first_offsets() -> None:
    assert batch().positions == {(TOPIC, 0): 5, (TOPIC, 1): 100}


def test_success_moves_past_the_last_offsets() -> None:
    whole = batch()
    whole.succeed()
    assert not whole
    assert whole.positions == {(TOPIC, 0): 8, (TOPIC, 1): 103}


def test_no_failures_named_is_success() -> None:
    responses: list[Any] = [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}, ""]
    for response in responses:
        whole = batch()
        assert whole.succeed_but_for(response), response
        assert not whole, response


def test_a_partition_is_tried_again_from_its_lowest_failure() -> None:
    partly = batch()
    assert partly.succeed_but_for(failed((f"{TOPIC}-0", 7), (f"{TOPIC}-0", 6)))
    assert left(partly) == [(0, 6), (0, 7)]
    assert partly.positions == {(TOPIC, 0): 6, (TOPIC, 1): 103}


def test_what_is_not_of_the_batch_or_the_form_fails_the_whole() -> None:
    responses: list[Any] = [
        failed((f"{TOPIC}-2", 5)),
        failed((f"{TOPIC}-0", 6), (f"{TOPIC}-1", 101)),
        failed((f"{TOPIC}-0", None)),
        failed((None, 5)),
        {"batchItemFailures": [{"itemIdentifier": "5"}]},
        {"batchItemFailures": [{}]},
        {"batchItemFailures": "all"},
        {"batchItemFailures": 3},
        "done",
        ["done"],
        7,
    ]
    for response in responses:
        whole = batch()
        assert not whole.succeed_but_for(response), response
        assert whole.positions == batch().positions, response
        assert len(whole.records) == 5, response


def test_records_that_are_too_old_are_given_up() -> None:
    young = batch()
    assert young.drop_older_than(7_000) == 2
    assert left(young) == [(1, 100), (1, 102), (0, 7)]
    assert young.positions == {(TOPIC, 0): 7, (TOPIC, 1): 100}
    assert young.drop_older_than(7_000) == 0


def test_records_without_a_time_are_never_too_old() -> None:
    timeless = KafkaBatch([Record(0, 5, timestamp=-1)])
    assert timeless.drop_older_than(1e15) == 0


def window(**settings: Any) -> BatchingWindow:
    return BatchingWindow(**{"batch_size": 3, "seconds": 10, "max_bytes": 10_000, **settings})


def now_produced(count: int) -> list[Record]:
    return [Record(0, offset, timestamp=-1) for offset in range(count)]


def test_a_window_without_records_is_never_over() -> None:
    empty = window(seconds=0)
    assert empty.wait(0) is None
    assert empty.wait(1e9) is None
    assert empty.take() == []


def test_a_batch_is_whole_when_it_is_full_by_number_and_the_rest_waits_for_the_next() -> None:
    gathering = window()
    gathering.add(now_produced(2), now=0)
    assert not gathering.full
    gathering.add(now_produced(3), now=4)
    assert gathering.full
    assert gathering.wait(4) == 0
    assert len(gathering.take()) == 3
    assert not gathering.full
    assert gathering.wait(5) == 9
    assert len(gathering.take()) == 2


def test_a_batch_is_whole_when_one_more_record_exceeds_the_bytes() -> None:
    records = now_produced(3)
    gathering = window(max_bytes=2 * payload_bytes(records[0]))
    gathering.add(records[:2], now=0)
    assert not gathering.full
    gathering.add(records[2:], now=0)
    assert gathering.wait(0) == 0
    assert gathering.take() == records[:2]


def test_a_window_is_over_when_its_time_is_whatever_still_comes() -> None:
    gathering = window(batch_size=1000)
    for now in range(10):
        gathering.add(now_produced(1), now=100 + now)
        assert gathering.wait(100 + now) == 10 - now
    gathering.add(now_produced(1), now=110)
    assert gathering.wait(110) == 0
    assert len(gathering.take()) == 11


def test_a_window_of_0_is_over_with_its_first_record() -> None:
    gathering = window(seconds=0)
    gathering.add(now_produced(1), now=100)
    assert gathering.wait(100) == 0


def test_a_record_that_is_too_large_for_any_event_opens_no_window() -> None:
    gathering = window(max_bytes=100)
    assert gathering.add([large := Record(0, 5, value=b"x" * 100)], now=0) == [large]
    assert gathering.wait(0) is None


def test_a_cleared_window_is_closed() -> None:
    revoked = window(seconds=0)
    revoked.add(now_produced(3), now=0)
    assert revoked.full
    revoked.clear()
    assert not revoked.full
    assert revoked.wait(1e9) is None
    assert revoked.take() == []
