"""Alarms: what people must know of. Each alarm's description links to its section in docs/operate.md."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import Aws
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk.aws_cloudwatch_actions import SnsAction
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from constructs import Construct

from functions.manifest import SAVE_TOPIC
from functions.runtime import metrics
from functions.triggers import Authorizer, Topic
from infra.observability.measures import Measures, expression, largest, share
from infra.stage.cache import NewCache

DOCUMENT = "docs/operate.md"

# A tick waits for a window of 0.5 s; viewers notice much more than that.
RELAY_LAG_MS = 5_000
ARCHIVE_LAG_SECONDS = 900
# Cold starts of the function are some.
REVIEWS_FAILING = 5
# A room's slots are asked for once a second, with and without gzip; while the key changes, twice as often.
SLOTS_ASKED = 5
GIGABYTE = 10**9


@dataclass(frozen=True)
class Alarm:
    """`metric` is above `above`, or below `below`, in `minutes` out of `within`. `section`: its heading in DOCUMENT.

    A minute without a value is no breach, unless `missing` says so.
    """

    id: str
    section: str
    metric: cloudwatch.IMetric
    above: float | None = None
    below: float | None = None
    minutes: int = 3
    within: int = 5
    missing: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING

    @property
    def description(self) -> str:
        """The section and a link to it."""
        return f"{self.section}: {DOCUMENT}#{anchor(self.section)}"


class Alarms(Construct):
    """All alarms, and the SNS topic that they publish to. With `alarm_email` the topic sends mails."""

    def __init__(self, scope: Construct, id: str, *, measures: Measures) -> None:
        super().__init__(scope, id)
        self._measures, self._stage = measures, measures.stage
        self.topic = self._make_topic()
        self.by_id = {alarm.id: self._make(alarm) for alarm in self._alarms()}
        self.made = list(self.by_id.values())

    def _make_topic(self) -> sns.Topic:
        topic = sns.Topic(self, "Topic", display_name=f"Live rooms {self._stage.name}", enforce_ssl=True)
        # A policy replaces SNS's default policy, which lets the account's alarms publish.
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sns:Publish"],
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
        if self._stage.alarm_email:
            topic.add_subscription(EmailSubscription(self._stage.alarm_email))
        return topic

    def _make(self, alarm: Alarm) -> cloudwatch.Alarm:
        operators, above = cloudwatch.ComparisonOperator, alarm.above is not None
        threshold = alarm.above if alarm.above is not None else alarm.below
        assert threshold is not None
        made = cloudwatch.Alarm(
            self,
            alarm.id,
            alarm_name=f"live-rooms-{self._stage.name}-{alarm.id}",
            alarm_description=alarm.description,
            metric=alarm.metric,
            threshold=threshold,
            comparison_operator=operators.GREATER_THAN_THRESHOLD if above else operators.LESS_THAN_THRESHOLD,
            datapoints_to_alarm=alarm.minutes,
            evaluation_periods=alarm.within,
            treat_missing_data=alarm.missing,
        )
        made.add_alarm_action(SnsAction(self.topic))
        made.add_ok_action(SnsAction(self.topic))
        return made

    def _alarms(self) -> Iterator[Alarm]:
        yield from self._of_the_relay()
        yield from self._of_the_posts()
        yield from self._of_the_archive()
        yield from self._of_the_functions()
        yield from self._of_the_review()
        yield from self._of_the_gallery()
        yield from self._of_the_servers()
        yield from self._of_the_apis()

    def _of_the_relay(self) -> Iterator[Alarm]:
        for slice, lag in enumerate(self._measures.by_slice(metrics.LAG, "Maximum")):
            yield Alarm(f"relay-lag-{slice}", "The relay lags", lag, above=RELAY_LAG_MS)
        # Without a failure queue no batch is given up: the lag grows.
        if failures := self._measures.mappings.failures:
            given_up = self._measures.messages_in(failures, "given up by relays")
            yield Alarm("relay-gave-up", "The relay gave up a batch", given_up, above=0, minutes=1, within=1)
        left_out = self._measures.ours(metrics.CHATS_LEFT_OUT)
        yield Alarm("chat-left-out", "Chat is left out", left_out, above=0, minutes=5)

    def _of_the_posts(self) -> Iterator[Alarm]:
        ours = self._measures.ours
        kinds = (metrics.FRAMES, metrics.POSTS_THROTTLED, metrics.POSTS_FAILED, metrics.POSTS_FORBIDDEN)
        posts = [ours(kind) for kind in kinds]
        delivered, throttled, failed, forbidden = posts
        throttled_share = share(throttled, posts, "% of POSTs throttled")
        failed_share = share(failed, posts, "% of POSTs failed")
        nearly_all = 0.9 * 60 * self._stage.relay.posts_per_second
        yield Alarm("posts-throttled", "POSTs are throttled", throttled_share, above=1, minutes=5)
        yield Alarm("posts-failed", "POSTs fail", failed_share, above=2)
        yield Alarm("posts-forbidden", "POSTs are forbidden", forbidden, above=0, minutes=1, within=1)
        yield Alarm("posts-spent", "The rate of POSTs is spent", delivered, above=nearly_all, minutes=5)

    def _of_the_archive(self) -> Iterator[Alarm]:
        measures = self._measures
        # The archive's own figure stops when the archive stops, and MSK's while the consumer group rebalances.
        lags: dict[str, cloudwatch.IMetric] = {
            "ours": measures.ours(metrics.ARCHIVE_LAG, "Maximum"),
            "theirs": measures.consumer("archive", SAVE_TOPIC, "EstimatedMaxTimeLag"),
        }
        formula = "MAX([FILL(ours, 0) / 1000, FILL(theirs, 0)])"
        lag = expression(formula, lags, "seconds that the archive is behind")
        unstored = measures.ours(metrics.UNSTORED)
        set_aside = measures.messages_in(measures.boxes.archive.failures, "set aside")
        yield Alarm("archive-lag", "The archive lags", lag, above=ARCHIVE_LAG_SECONDS)
        yield Alarm("archive-stores-not", "Things cannot be stored", unstored, above=0, minutes=5)
        yield Alarm("archive-set-aside", "Records were set aside", set_aside, above=0, minutes=1, within=1)

    def _of_the_functions(self) -> Iterator[Alarm]:
        for deployed in self._measures.functions.deployed:
            errors = self._measures.function(deployed, "Errors")
            throttles = self._measures.function(deployed, "Throttles")
            # The authorizer refuses a handshake by raising an error.
            if not isinstance(deployed.row.trigger, Authorizer):
                yield Alarm(f"fails-{deployed.name}", "A function fails", errors, above=0)
            # A mapping is throttled while it scales, and retries.
            minutes = 5 if isinstance(deployed.row.trigger, Topic) else 3
            yield Alarm(f"throttled-{deployed.name}", "A function is throttled", throttles, above=0, minutes=minutes)
        sweeps, breaching = self._measures.ours(metrics.ROOMS, "SampleCount"), cloudwatch.TreatMissingData.BREACHING
        yield Alarm("sweep-stopped", "The sweep does not run", sweeps, below=1, minutes=5, missing=breaching)

    def _of_the_review(self) -> Iterator[Alarm]:
        asked, failed = self._measures.ours(metrics.REVIEWS_ASKED), self._measures.ours(metrics.REVIEWS_FAILED)
        if self._stage.review is not None:
            failing = share(failed, [asked], "% of reviews failed")
            yield Alarm("reviews-fail", "Reviews fail", failing, above=REVIEWS_FAILING)

    def _of_the_gallery(self) -> Iterator[Alarm]:
        figures: dict[str, cloudwatch.IMetric] = {
            "asked": self._measures.ours(metrics.GALLERY_REQUESTS),
            "rooms": self._measures.ours(metrics.ROOMS_READ, "Maximum"),
        }
        # The sweep counts once a minute. It has not found the room yet in which the first reader of a stage stands.
        formula = "FILL(asked, 0) / (60 * MAX([FILL(rooms, REPEAT), 1]))"
        if self._stage.gallery is not None:
            asked = expression(formula, figures, "requests for slots a second and room with readers")
            yield Alarm("gallery-uncached", "The gallery is not cached", asked, above=SLOTS_ASKED)

    def _of_the_servers(self) -> Iterator[Alarm]:
        measures = self._measures
        yield Alarm("redis-away", "Redis is away", measures.ours(metrics.STATE_AWAY), above=0)
        yield Alarm("kafka-away", "Kafka is away", measures.ours(metrics.LOG_AWAY), above=0)
        yield Alarm("cache-throttled", "The cache is throttled", measures.cache("ThrottledCmds"), above=0)
        if isinstance(self._stage.cache, NewCache):
            most = 0.8 * self._stage.cache.max_gb * GIGABYTE
            used = measures.cache("BytesUsedForCache", "Maximum")
            yield Alarm("cache-full", "The cache is nearly full", used, above=most)
        if disks := measures.brokers("KafkaDataLogsDiskUsed"):
            fullest = largest(disks, "% of the fullest broker's disk")
            yield Alarm("disk-full", "A broker's disk is nearly full", fullest, above=75)
        if behind := measures.brokers("UnderReplicatedPartitions"):
            # A broker that is patched lags for some minutes.
            lacking = largest(behind, "partitions that lack a copy")
            yield Alarm("copies-missing", "Partitions lack a copy", lacking, above=0, minutes=15, within=15)
        for offline in measures.cluster("OfflinePartitionsCount"):
            yield Alarm("partitions-offline", "Partitions are offline", offline, above=0, minutes=1, within=1)

    def _of_the_apis(self) -> Iterator[Alarm]:
        measures = self._measures
        refused = measures.ours(metrics.TOKENS_REFUSED)
        yield Alarm("tokens-refused", "Many tokens are refused", refused, above=20, minutes=5)
        yield Alarm("gateway-fails", "The gateway fails", measures.gateway("ExecutionError"), above=5)
        yield Alarm("api-fails", "The HTTP API fails", measures.platform_api("5xx"), above=5)


def anchor(heading: str) -> str:
    """A heading's link in Markdown: lower case, without punctuation, spaces as hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
