import pytest

from functions.manifest import FUNCTIONS, LIVE_TOPIC, PARTITIONS, SAVE_TOPIC
from functions.triggers import Topic
from infra.mappings import window
from tests.infra.cloud import CLUSTER, Cloud, JsonObject, id_in

KIND = "AWS::Lambda::EventSourceMapping"
(RELAY,) = (row.trigger for row in FUNCTIONS if row.name == "relay")
(ARCHIVE,) = (row.trigger for row in FUNCTIONS if row.name == "archive")


def by_group(cloud: Cloud) -> dict[str, JsonObject]:
    found = cloud.all(KIND).items()
    return {one["AmazonManagedKafkaEventSourceConfig"]["ConsumerGroupId"]: {**one, "id": id} for id, one in found}


def relays(cloud: Cloud) -> dict[str, JsonObject]:
    return {group: one for group, one in by_group(cloud).items() if group.startswith("relay")}


def test_every_slice_has_a_mapping_and_a_consumer_group_of_its_own(cloud: Cloud) -> None:
    mappings = relays(cloud)
    assert sorted(mappings) == ["relay-0", "relay-1", "relay-2", "relay-3"]
    functions, versions = cloud.all("AWS::Lambda::Function"), cloud.all("AWS::Lambda::Version")
    for group, mapping in mappings.items():
        version = versions[id_in(cloud.alias(mapping["FunctionName"])["FunctionVersion"])]
        variables = functions[id_in(version["FunctionName"])]["Environment"]["Variables"]
        assert f"relay-{variables['SLICE']}" == group


def test_a_mapping_reads_its_topic_from_the_start_in_batches_of_the_manifest(cloud: Cloud) -> None:
    assert isinstance(RELAY, Topic)
    for mapping in relays(cloud).values():
        assert mapping["EventSourceArn"] == CLUSTER
        assert mapping["Topics"] == [LIVE_TOPIC]
        assert mapping["StartingPosition"] == "TRIM_HORIZON"
        assert mapping["BatchSize"] == RELAY.batch_size


def test_a_window_of_500_ms_is_left_out_as_it_cannot_be_said(small_cloud: Cloud) -> None:
    assert isinstance(RELAY, Topic)
    assert RELAY.window_ms == 500
    assert all("MaximumBatchingWindowInSeconds" not in mapping for mapping in relays(small_cloud).values())


def test_for_low_latency_relays_have_pollers_of_their_own_and_no_window(cloud: Cloud) -> None:
    for mapping in relays(cloud).values():
        assert mapping["MaximumBatchingWindowInSeconds"] == 0
        pollers = mapping["ProvisionedPollerConfig"]
        # As many as invoke for all partitions at a time, and never a change of them.
        assert pollers["MinimumPollers"] == pollers["MaximumPollers"] == 3
        assert 5 * pollers["MinimumPollers"] >= PARTITIONS


def test_all_pollers_of_a_stage_share_what_is_paid_for(cloud: Cloud) -> None:
    groups = {one["ProvisionedPollerConfig"]["PollerGroupName"] for one in by_group(cloud).values()}
    assert groups == {"live-rooms-prod"}


def test_pollers_of_its_own_give_a_relays_batch_up_by_halves_and_as_late_as_can_be(cloud: Cloud) -> None:
    for mapping in relays(cloud).values():
        assert mapping["BisectBatchOnFunctionError"] is True
        assert mapping["MaximumRetryAttempts"] == 10_000
        assert "MaximumRecordAgeInSeconds" not in mapping


def test_without_them_a_relays_batch_is_never_given_up_and_there_is_no_queue_for_it(small_cloud: Cloud) -> None:
    told = {
        "DestinationConfig",
        "ProvisionedPollerConfig",
        "BisectBatchOnFunctionError",
        "MaximumRetryAttempts",
        "MaximumRecordAgeInSeconds",
        "FunctionResponseTypes",
    }
    assert all(not told & mapping.keys() for mapping in relays(small_cloud).values())
    assert [id for id in small_cloud.all("AWS::SQS::Queue") if not id.startswith("Archive")] == []
    assert "FailureQueueUrl" not in small_cloud.template["Outputs"]


def test_a_mapping_waits_for_its_topic(cloud: Cloud) -> None:
    (topic,) = (id for id, one in cloud.all("AWS::MSK::Topic").items() if one["TopicName"] == LIVE_TOPIC)
    assert all(topic in cloud.depends_on(mapping["id"]) for mapping in relays(cloud).values())


def test_batches_that_are_given_up_end_in_the_queue(cloud: Cloud) -> None:
    queue = cloud.relay_failures()
    destinations = [one["DestinationConfig"]["OnFailure"]["Destination"] for one in relays(cloud).values()]
    assert set(destinations) == {f"<{queue}.Arn>"}
    assert cloud.template["Outputs"]["FailureQueueUrl"]["Value"] == {"Ref": queue}


def test_the_archive_reads_what_is_to_be_kept_from_the_start_however_old_it_is(
    cloud: Cloud, small_cloud: Cloud
) -> None:
    assert isinstance(ARCHIVE, Topic)
    for stage in (cloud, small_cloud):
        mapping = by_group(stage)["archive"]
        assert stage.handler(mapping["FunctionName"]) == "functions.handlers.archive.handler"
        assert (mapping["EventSourceArn"], mapping["Topics"]) == (CLUSTER, [SAVE_TOPIC])
        assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (
            ARCHIVE.batch_size,
            ARCHIVE.window_ms / 1000,
        )
        assert mapping["StartingPosition"] == "TRIM_HORIZON"
        assert "MaximumRecordAgeInSeconds" not in mapping
        (topic,) = (id for id, one in stage.all("AWS::MSK::Topic").items() if one["TopicName"] == SAVE_TOPIC)
        assert topic in stage.depends_on(mapping["id"])


def test_pollers_of_its_own_heed_what_the_archive_could_not_store(cloud: Cloud) -> None:
    mapping = by_group(cloud)["archive"]
    assert mapping["ProvisionedPollerConfig"]["MinimumPollers"] == 1
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # With a destination, a mapping that is told no number gives up after ten attempts.
    assert mapping["MaximumRetryAttempts"] == 10_000
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == f"<{cloud.archive_failures()}.Arn>"


def test_without_them_the_archive_answers_for_whole_batches_and_nothing_is_given_up(small_cloud: Cloud) -> None:
    mapping = by_group(small_cloud)["archive"]
    for name in ("ProvisionedPollerConfig", "FunctionResponseTypes", "MaximumRetryAttempts", "DestinationConfig"):
        assert name not in mapping
    told = small_cloud.functions()["archive"]["Environment"]["Variables"]
    assert told["PARTIAL_RESPONSES"] == "false"


@pytest.mark.parametrize(("window_ms", "seconds"), [(0, 0), (1000, 1), (5000, 5)])
def test_a_window_of_whole_seconds_is_said(window_ms: int, seconds: int) -> None:
    said = window(Topic("t", batch_size=1, window_ms=window_ms))
    assert said is not None
    assert said.to_seconds() == seconds


def test_a_window_that_a_mapping_cannot_be_told_is_refused() -> None:
    with pytest.raises(ValueError, match="t: a window of 250 ms is neither 500 nor whole seconds"):
        window(Topic("t", batch_size=1, window_ms=250))
