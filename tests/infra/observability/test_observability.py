"""What the functions emit is METRICS: tests/functions/runtime/test_metrics.py. What is shown is METRICS, too."""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from functions.runtime.metrics import METRICS, NAMESPACE
from infra.mappings import POLLERS
from infra.observability.alarms import DOCUMENT, anchor
from tests.infra.aws_metrics import DOCUMENTED
from tests.infra.cloud import Cloud, JsonObject
from tests.infra.edits import REVIEW, WITH_GALLERY
from tests.infra.shown import Shown, in_the_alarms, on_the_dashboard
from tools.estimate import bill

ROOT = Path(__file__).resolve().parents[3]
OURS = {one.name: {"stage", "slice"} if one.per_slice else {"stage"} for one in METRICS}


@pytest.fixture(params=["cloud", "small_cloud"])
def stack(request: pytest.FixtureRequest) -> Cloud:
    """Both stages."""
    cloud: Cloud = request.getfixturevalue(request.param)
    return cloud


def every(cloud: Cloud) -> list[Shown]:
    return [*on_the_dashboard(cloud), *in_the_alarms(cloud)]


def strange(shown: Iterable[Shown]) -> list[Shown]:
    """Those that nobody is known to emit, or not with these dimensions."""
    return [one for one in shown if not is_known(one)]


def is_known(one: Shown) -> bool:
    names = {name for name, _ in one.dimensions}
    if one.namespace == NAMESPACE:
        return OURS.get(one.name) == names
    documented = DOCUMENTED.get(one.namespace, {})
    return any(set(dimensions) == names and one.name in known for dimensions, known in documented.items())


def test_every_metric_that_is_shown_or_watched_is_one_that_there_is(stack: Cloud) -> None:
    assert strange(every(stack)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        Shown("", NAMESPACE, "Seats", (("stage", "prod"), ("slice", "0"))),
        Shown("", NAMESPACE, "Chairs", (("stage", "prod"),)),
        Shown("", "AWS/Lambda", "Mistakes", (("FunctionName", "f"),)),
        Shown("", "AWS/Lambda", "Errors", ()),
        Shown("", "AWS/Kafka", "SumOffsetLag", (("Cluster Name", "c"), ("Broker ID", "1"))),
    ],
)
def test_a_metric_that_there_is_not_would_be_found(wrong: Shown) -> None:
    assert strange([wrong]) == [wrong]


def test_every_metric_of_ours_is_on_the_dashboard(stack: Cloud) -> None:
    assert {one.name for one in on_the_dashboard(stack) if one.namespace == NAMESPACE} == set(OURS)


def test_the_stage_is_the_one_that_the_functions_are_told(cloud: Cloud) -> None:
    shown = {dict(one.dimensions)["stage"] for one in every(cloud) if one.namespace == NAMESPACE}
    told = {function["Environment"]["Variables"]["STAGE"] for function in cloud.functions().values()}
    assert shown == told == {"prod"}


def test_what_is_told_by_slices_is_shown_of_each(cloud: Cloud) -> None:
    slices = {dict(one.dimensions)["slice"] for one in on_the_dashboard(cloud) if one.name == "RelayLag"}
    assert slices == {function.removeprefix("relay-") for function in cloud.functions() if "relay" in function}


def test_metrics_of_aws_are_those_of_what_is_in_the_stack(stack: Cloud) -> None:
    resources = stack.template["Resources"]
    for one in every(stack):
        for name, value in one.dimensions:
            for id in re.findall(r"<(\w+)(?:\.\w+)?>", value):
                assert id in resources, f"{one}: {name}"


def test_no_widget_has_two_lines_for_one_metric(stack: Cloud) -> None:
    body = json.loads(stack.only("AWS::CloudWatch::Dashboard")["DashboardBody"])
    for widget in body["widgets"]:
        lines = [json.dumps(line, sort_keys=True) for line in widget["properties"].get("metrics", ())]
        assert len(lines) == len(set(lines)), widget["properties"]["title"]


def test_every_alarm_is_on_the_dashboard(stack: Cloud) -> None:
    body = json.loads(stack.only("AWS::CloudWatch::Dashboard")["DashboardBody"])
    (status,) = (widget for widget in body["widgets"] if widget["type"] == "alarm")
    assert set(status["properties"]["alarms"]) == {f"<{id}.Arn>" for id in stack.all("AWS::CloudWatch::Alarm")}


def test_every_alarm_has_its_section_and_every_section_its_alarm(
    cloud: Cloud, small_cloud: Cloud, varied: Callable[..., Cloud]
) -> None:
    reviewed = varied(review={"function_arn": REVIEW})
    text = (ROOT / DOCUMENT).read_text()
    about = re.search(r"^## Alarms\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    assert about
    headings = re.findall(r"^### (.+)$", about[1], re.MULTILINE)
    named = set()
    for stack in (cloud, small_cloud, reviewed, varied(**WITH_GALLERY)):
        for alarm in stack.all("AWS::CloudWatch::Alarm").values():
            section, _, link = alarm["AlarmDescription"].partition(": ")
            assert link == f"{DOCUMENT}#{anchor(section)}"
            named.add(section)
    assert named == set(headings)
    assert len(headings) == len(set(headings))


def test_every_section_says_what_it_means_and_what_to_do() -> None:
    text = (ROOT / DOCUMENT).read_text()
    about = re.search(r"^## Alarms\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    assert about
    for section in about[1].split("\n### ")[1:]:
        assert "**Means:**" in section, section
        assert "**Do:**" in section, section


def test_every_alarm_tells_the_topic_when_it_begins_and_when_it_is_over(stack: Cloud) -> None:
    (topic,) = stack.all("AWS::SNS::Topic")
    for alarm in stack.all("AWS::CloudWatch::Alarm").values():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == ([f"<{topic}>"], [f"<{topic}>"])


def test_alarms_may_publish_to_the_topic_and_nobody_without_tls(cloud: Cloud) -> None:
    statements = cloud.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    allowed = [one for one in statements if one["Effect"] == "Allow"]
    denied = [one for one in statements if one["Effect"] == "Deny"]
    assert [one["Principal"] for one in allowed] == [{"Service": "cloudwatch.amazonaws.com"}]
    assert allowed[0]["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}
    assert denied[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_an_alarm_about_an_expression_asks_for_no_more_metrics_than_it_may(stack: Cloud) -> None:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
    for alarm in stack.all("AWS::CloudWatch::Alarm").values():
        assert sum("MetricStat" in one for one in alarm.get("Metrics", ())) <= 10


def test_the_estimate_knows_how_many_metrics_the_alarm_of_a_review_looks_at(varied: Callable[..., Cloud]) -> None:
    reviewed = varied(review={"function_arn": REVIEW})
    [alarm] = [one for one in reviewed.all("AWS::CloudWatch::Alarm").values() if "reviews" in one["AlarmName"]]
    assert sum("MetricStat" in one for one in alarm["Metrics"]) == bill.ALARM_METRICS_REVIEW


def test_the_estimate_knows_how_many_metrics_alarms_look_at(cloud: Cloud, small_cloud: Cloud) -> None:
    for stack, slices, gives_up, brokers in ((cloud, 4, True, 3), (small_cloud, 1, False, 2)):
        watched = len(list(in_the_alarms(stack)))
        a_relay = bill.ALARM_METRICS_A_SLICE * slices + bill.ALARM_METRICS_LOW_LATENCY * gives_up
        assert watched == bill.ALARM_METRICS + a_relay + bill.ALARM_METRICS_A_BROKER * brokers


def test_where_no_batch_of_a_relay_is_given_up_no_alarm_waits_for_it(cloud: Cloud, small_cloud: Cloud) -> None:
    def ids(stack: Cloud, stage: str) -> set[str]:
        named = (alarm["AlarmName"] for alarm in stack.all("AWS::CloudWatch::Alarm").values())
        return {name.removeprefix(f"live-rooms-{stage}-") for name in named}

    assert {"relay-gave-up", "relay-lag-0"} <= ids(cloud, "prod")
    # It is the lag that tells of a batch that comes again and again.
    assert "relay-gave-up" not in ids(small_cloud, "dev")
    assert {"relay-lag-0", "fails-relay-0"} <= ids(small_cloud, "dev")


def test_the_estimate_knows_how_many_pollers_a_relay_has() -> None:
    assert bill.POLLERS_A_RELAY == POLLERS


@pytest.mark.parametrize(
    ("heading", "link"),
    [("The relay lags", "the-relay-lags"), ("A broker's disk is full", "a-brokers-disk-is-full"), ("POSTs", "posts")],
)
def test_an_anchor_is_what_readers_of_markdown_make_of_a_heading(heading: str, link: str) -> None:
    assert anchor(heading) == link


def test_of_what_the_stack_did_not_make_no_sizes_are_watched(varied: Callable[..., Cloud]) -> None:
    kafka = {"kind": "serverless", "live_retention_minutes": 60, "save_retention_hours": 24}
    cache = {
        "kind": "existing",
        "name": "theirs",
        "host": "theirs.cache.example",
        "user_id": "rooms",
        "security_group_id": "sg-0a1b2c3d",
    }
    vpc = {
        "vpc_id": "vpc-0a1b2c3d",
        "availability_zones": ["us-east-1a", "us-east-1b"],
        "private_subnet_ids": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
    }
    network = {"egress": "nat", "nat_gateways": 0, "existing": vpc}
    stack = varied(kafka=kafka, cache=cache, network=network, alarm_email="ops@rooms.example")
    assert strange(every(stack)) == []
    ids = {alarm["AlarmName"].removeprefix("live-rooms-dev-") for alarm in stack.all("AWS::CloudWatch::Alarm").values()}
    assert "cache-throttled" in ids
    assert not ids & {"cache-full", "disk-full"}
    assert {dict(one.dimensions)["clusterId"] for one in every(stack) if one.namespace == "AWS/ElastiCache"} == {
        "theirs"
    }
    assert stack.only("AWS::SNS::Subscription")["Endpoint"] == "ops@rooms.example"


def test_the_document_tells_how_many_alarms_there_are(cloud: Cloud, small_cloud: Cloud) -> None:
    text = (ROOT / "docs" / "deploy.md").read_text()
    said = re.findall(
        r"(\d+) alarms with one slice \(three more for each further one, one more with `relay\.low_latency`\)", text
    )
    assert said == [str(len(small_cloud.all("AWS::CloudWatch::Alarm")))]
    assert len(cloud.all("AWS::CloudWatch::Alarm")) == int(said[0]) + 3 * 3 + 1


def test_without_an_address_nobody_is_mailed(cloud: Cloud) -> None:
    assert cloud.all("AWS::SNS::Subscription") == {}


def test_a_gallery_that_is_not_cached_is_told_of_by_room(varied: Callable[..., Cloud], cloud: Cloud) -> None:
    def of(stack: Cloud) -> list[JsonObject]:
        alarms = stack.all("AWS::CloudWatch::Alarm").values()
        return [one for one in alarms if one["AlarmName"].endswith("gallery-uncached")]

    [alarm] = of(varied(**WITH_GALLERY))
    names = [one["MetricStat"]["Metric"]["MetricName"] for one in alarm["Metrics"] if "MetricStat" in one]
    assert sorted(names) == ["GalleryRequests", "RoomsWithPlaces"]
    assert len(names) == bill.ALARM_METRICS_GALLERY
    assert (alarm["Threshold"], alarm["TreatMissingData"]) == (5, "notBreaching")
    assert of(cloud) == []
