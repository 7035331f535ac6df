"""The event of an MSK event source mapping, to the letter."""

import json
from pathlib import Path

import pytest
from aws_lambda_powertools.utilities.data_classes import KafkaEvent
from hypothesis import example, given
from hypothesis import strategies as st

from local.aws.function import JsonObject
from local.aws.kafka_payload import default_arn, kafka_event, payload_bytes
from tests.local.aws.kafka_records import Record

GOLDEN = Path(__file__).with_name("golden_msk") / "two_partitions.json"
ARN = "arn:aws:kafka:us-east-1:123456789012:cluster/live-rooms/abcd1234-abcd-cafe-abab-9876543210ab-4"
BOOTSTRAP = (
    "b-2.live.a1bcde.c1.kafka.us-east-1.amazonaws.com:9092,b-1.live.a1bcde.c1.kafka.us-east-1.amazonaws.com:9092"
)
RECORDS = [
    Record(
        *(0, 15, b"42", b'{"messageType":4}'),
        headers=(("headerKey", b"headerValue"), ("name", "é".encode())),
    ),
    Record(11, 0, b"7", None, timestamp=1545084650989, timestamp_type=1),
    Record(0, 16, None, b'{"messageType":5}', timestamp=1545084650988),
]


@pytest.fixture
def event() -> JsonObject:
    return kafka_event(RECORDS, arn=ARN, bootstrap=BOOTSTRAP)


def test_the_event_equals_the_golden_one_in_keys_order_and_values(event: JsonObject) -> None:
    # As text: a comparison of dicts would not see the order of the keys.
    assert json.dumps(event, indent=1) == json.dumps(json.loads(GOLDEN.read_text()), indent=1)


def test_powertools_reads_it(event: JsonObject) -> None:
    read = KafkaEvent(event)
    assert read.event_source == "aws:kafka"
    assert read.decoded_bootstrap_servers == BOOTSTRAP.split(",")
    first, second, third = read.records
    assert (first.topic, first.partition, first.offset) == ("liveMessageTopic", 0, 15)
    assert first.decoded_key == b"42"
    assert first.json_value == {"messageType": 4}
    assert first.decoded_headers == {"headerKey": b"headerValue", "name": "é".encode()}
    assert second.decoded_key is None
    assert third.timestamp_type == "LOG_APPEND_TIME"


def test_the_default_arn_names_the_region() -> None:
    assert default_arn("eu-west-1").startswith("arn:aws:kafka:eu-west-1:123456789012:cluster/live-rooms/")


@given(
    key=st.none() | st.binary(max_size=50),
    value=st.none() | st.binary(max_size=400),
    headers=st.lists(st.tuples(st.text("abcXYZ-_", max_size=20), st.none() | st.binary(max_size=30))),
    offset=st.integers(0, 2**63 - 1),
)
@example(key=b"", value=b"", headers=[("", None)] * 9, offset=10**14)
@example(key=b"", value=b"", headers=[("", b"\x80" * 30)] * 9, offset=10**14)
def test_the_size_of_a_record_is_never_underrated(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]], offset: int
) -> None:
    record = Record(2**31 - 1, offset, key, value, headers=headers, timestamp=2**63 - 1, timestamp_type=1)
    shown = kafka_event([record], arn=ARN, bootstrap=BOOTSTRAP)["records"]
    assert len(json.dumps(next(iter(shown.values()))[0])) <= payload_bytes(record)
