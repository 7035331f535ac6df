import pytest

from functions.manifest import FUNCTIONS, LIVE_TOPIC, Topic
from infra.mappings import window
from tests.infra.cloud import CLUSTER, Cloud, JsonObject, id_in

KIND = "AWS::Lambda::EventSourceMapping"
(RELAY,) = (row.trigger for row in FUNCTIONS if row.name == "relay")


def by_group(cloud: Cloud) -> dict[str, JsonObject]:
    found = cloud.all(KIND).items()
    return {one["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"]: {**one, "id": id} for id, one in found}


def test_every_slice_has_a_mapping_and_a_consumer_group_of_its_own(cloud: Cloud) -> None:
    mappings = by_group(cloud)
    assert sorted(mappings) == ["relay-0", "relay-1", "relay-2", "relay-3"]
    functions = cloud.all("AWS::Lambda::Function")
    for group, mapping in mappings.items():
        variables = functions[id_in(mapping["FunctionName"])]["Environment"]["Variables"]
        assert f"relay-{variables['SLICE']}" == group


def test_a_mapping_reads_its_topic_from_the_start_in_batches_of_the_manifest(cloud: Cloud) -> None:
    assert isinstance(RELAY, Topic)
    for mapping in by_group(cloud).values():
        assert mapping["EventSourceArn"] == CLUSTER
        assert mapping["Topics"] == [LIVE_TOPIC]
        assert mapping["StartingPosition"] == "TRIM_HORIZON"
        assert mapping["BatchSize"] == RELAY.batch_size


def test_a_window_of_500_ms_is_left_out_as_it_cannot_be_said(cloud: Cloud) -> None:
    assert isinstance(RELAY, Topic)
    assert RELAY.window_ms == 500
    assert all("MaximumBatchingWindowInSeconds" not in mapping for mapping in by_group(cloud).values())


def test_a_mapping_waits_for_its_topic(cloud: Cloud) -> None:
    (topic,) = (id for id, one in cloud.all("AWS::MSK::Topic").items() if one["TopicName"] == LIVE_TOPIC)
    assert all(topic in cloud.depends_on(mapping["id"]) for mapping in by_group(cloud).values())


def test_batches_that_are_given_up_end_in_the_queue(cloud: Cloud) -> None:
    (queue,) = cloud.all("AWS::SQS::Queue")
    destinations = [one["DestinationConfig"]["OnFailure"]["Destination"] for one in by_group(cloud).values()]
    assert set(destinations) == {f"<{queue}.Arn>"}


@pytest.mark.parametrize(("window_ms", "seconds"), [(0, 0), (1000, 1), (5000, 5)])
def test_a_window_of_whole_seconds_is_said(window_ms: int, seconds: int) -> None:
    said = window(Topic("t", batch_size=1, window_ms=window_ms))
    assert said is not None
    assert said.to_seconds() == seconds


def test_a_window_that_a_mapping_cannot_be_told_is_refused() -> None:
    with pytest.raises(ValueError, match="t: a window of 250 ms is neither 500 nor whole seconds"):
        window(Topic("t", batch_size=1, window_ms=250))
