"""What is left of a batch, and how far its group's offsets may move."""

from typing import Any

import pytest

from local.aws.kafka_batch import KafkaBatch
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


@pytest.mark.parametrize("response", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}, ""])
def test_no_failures_named_is_success(response: Any) -> None:
    whole = batch()
    assert whole.succeed_but_for(response)
    assert not whole


def test_a_partition_is_tried_again_from_its_lowest_failure() -> None:
    partly = batch()
    assert partly.succeed_but_for(failed((f"{TOPIC}-0", 7), (f"{TOPIC}-0", 6)))
    assert left(partly) == [(0, 6), (0, 7)]
    assert partly.positions == {(TOPIC, 0): 6, (TOPIC, 1): 103}


@pytest.mark.parametrize(
    "response",
    [
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
    ],
)
def test_what_is_not_of_the_batch_or_the_form_fails_the_whole(response: Any) -> None:
    whole = batch()
    assert not whole.succeed_but_for(response)
    assert whole.positions == batch().positions
    assert len(whole.records) == 5


def test_records_that_are_too_old_are_given_up() -> None:
    young = batch()
    assert young.drop_older_than(7_000) == 2
    assert left(young) == [(1, 100), (1, 102), (0, 7)]
    assert young.positions == {(TOPIC, 0): 7, (TOPIC, 1): 100}
    assert young.drop_older_than(7_000) == 0


def test_records_without_a_time_are_never_too_old() -> None:
    timeless = KafkaBatch([Record(0, 5, timestamp=-1)])
    assert timeless.drop_older_than(1e15) == 0
