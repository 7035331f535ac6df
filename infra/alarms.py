"""Alarms: what somebody has to be told of. Each has a section in docs/operate.md, which its description names."""

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

from functions import metrics
from functions.manifest import SAVE_TOPIC, Authorizer, Topic
from infra.archive import Archive
from infra.functions import Functions
from infra.mappings import Mappings
from infra.measures import MINUTE, Measures, largest, share
from infra.stage import NewCache, Stage

DOCUMENT = "docs/operate.md"

# A window of 0.5 s, a tick and some; viewers notice more.
RELAY_LAG_MS = 5_000
ARCHIVE_LAG_SECONDS = 900
GIGABYTE = 10**9


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """`metric` above `above` (or below `below`) in `minutes` out of `within`. `section`: the heading about it.

    `silence`: what it means that there is no value.
    """

    id: str
    section: str
    metric: cloudwatch.IMetric
    above: float | None = None
    below: float | None = None
    minutes: int = 3
    within: int = 5
    silence: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING

    @property
    def description(self) -> str:
        """The section, and where it stands."""
        return f"{self.section}: {DOCUMENT}#{anchor(self.section)}"


class Alarms(Construct):
    """Every alarm, and the topic that tells of them, by email where the stage has an address."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        measures: Measures,
        functions: Functions,
        mappings: Mappings,
        archive: Archive,
        stage: Stage,
    ) -> None:
        super().__init__(scope, id)
        self._measures, self._stage = measures, stage
        self._functions, self._mappings, self._archive = functions, mappings, archive
        self.topic = self._make_topic()
        self.made = [self._make(alarm) for alarm in self._alarms()]

    def _make_topic(self) -> sns.Topic:
        topic = sns.Topic(self, "Topic", display_name=f"Live rooms {self._stage.name}", enforce_ssl=True)
        # A policy of its own takes the place of the one that lets the account's alarms publish.
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
        is_above = alarm.above is not None
        threshold = alarm.above if alarm.above is not None else alarm.below
        assert threshold is not None
        made = cloudwatch.Alarm(
            self,
            alarm.id,
            alarm_name=f"live-rooms-{self._stage.name}-{alarm.id}",
            alarm_description=alarm.description,
            metric=alarm.metric,
            threshold=threshold,
            comparison_operator=(
                cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
                if is_above
                else cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
            ),
            datapoints_to_alarm=alarm.minutes,
            evaluation_periods=alarm.within,
            treat_missing_data=alarm.silence,
        )
        made.add_alarm_action(SnsAction(self.topic))
        made.add_ok_action(SnsAction(self.topic))
        return made

    def _alarms(self) -> Iterator[Alarm]:
        yield from self._of_the_relay()
        yield from self._of_the_posts()
        yield from self._of_the_archive()
        yield from self._of_the_functions()
        yield from self._of_the_servers()
        yield from self._of_the_doors()

    def _of_the_relay(self) -> Iterator[Alarm]:
        for slice, metric in enumerate(self._measures.by_slice(metrics.LAG, "Maximum")):
            yield Alarm(id=f"relay-lag-{slice}", section="The relay lags", metric=metric, above=RELAY_LAG_MS)
        # Without a queue no batch is given up, and its lag grows.
        if failures := self._mappings.failures:
            given_up = self._measures.waiting(failures, "given up by relays")
            yield Alarm(
                id="relay-gave-up",
                section="The relay gave up a batch",
                metric=given_up,
                above=0,
                minutes=1,
                within=1,
            )
        left_out = self._measures.ours(metrics.CHATS_LEFT_OUT)
        yield Alarm(id="chat-left-out", section="Chat is left out", metric=left_out, above=0, minutes=5)

    def _of_the_posts(self) -> Iterator[Alarm]:
        ours = self._measures.ours
        kinds = (metrics.FRAMES, metrics.POSTS_THROTTLED, metrics.POSTS_FAILED, metrics.POSTS_FORBIDDEN)
        posts = [ours(kind) for kind in kinds]
        throttled = share(ours(metrics.POSTS_THROTTLED), posts, "% of POSTs throttled")
        failed = share(ours(metrics.POSTS_FAILED), posts, "% of POSTs failed")
        forbidden = ours(metrics.POSTS_FORBIDDEN)
        spent = 0.9 * 60 * self._stage.relay.posts_per_second
        yield Alarm(id="posts-throttled", section="POSTs are throttled", metric=throttled, above=1, minutes=5)
        yield Alarm(id="posts-failed", section="POSTs fail", metric=failed, above=2)
        yield Alarm(id="posts-forbidden", section="POSTs are forbidden", metric=forbidden, above=0, minutes=1, within=1)
        yield Alarm(id="posts-spent", section="The rate of POSTs is spent", metric=posts[0], above=spent, minutes=5)

    def _of_the_archive(self) -> Iterator[Alarm]:
        behind = cloudwatch.MathExpression(
            # The functions' own figure ends with the functions, and MSK's while the group is not settled.
            expression="MAX([FILL(ours, 0) / 1000, FILL(theirs, 0)])",
            using_metrics={
                "ours": self._measures.ours(metrics.ARCHIVE_LAG, "Maximum"),
                "theirs": self._measures.consumer("archive", SAVE_TOPIC, "EstimatedMaxTimeLag"),
            },
            label="seconds that the archive is behind",
            period=MINUTE,
        )
        unstored = self._measures.ours(metrics.UNSTORED)
        set_aside = self._measures.waiting(self._archive.failures, "set aside")
        yield Alarm(id="archive-lag", section="The archive lags", metric=behind, above=ARCHIVE_LAG_SECONDS)
        yield Alarm(id="archive-stores-not", section="Things cannot be stored", metric=unstored, above=0, minutes=5)
        yield Alarm(
            id="archive-set-aside", section="Records were set aside", metric=set_aside, above=0, minutes=1, within=1
        )

    def _of_the_functions(self) -> Iterator[Alarm]:
        for deployed in self._functions.deployed:
            errors = self._measures.function(deployed, "Errors")
            throttles = self._measures.function(deployed, "Throttles")
            # Who is refused by the authorizer is an error of it.
            if not isinstance(deployed.row.trigger, Authorizer):
                yield Alarm(id=f"fails-{deployed.name}", section="A function fails", metric=errors, above=0)
            # A mapping is throttled while it makes up its mind, and comes again.
            minutes = 5 if isinstance(deployed.row.trigger, Topic) else 3
            yield Alarm(
                id=f"throttled-{deployed.name}",
                section="A function is throttled",
                metric=throttles,
                above=0,
                minutes=minutes,
            )
        yield Alarm(
            id="sweep-stopped",
            section="The sweep does not run",
            metric=self._measures.ours(metrics.ROOMS, "SampleCount"),
            below=1,
            minutes=5,
            silence=cloudwatch.TreatMissingData.BREACHING,
        )

    def _of_the_servers(self) -> Iterator[Alarm]:
        measures = self._measures
        yield Alarm(id="redis-away", section="Redis is away", metric=measures.ours(metrics.STATE_AWAY), above=0)
        yield Alarm(id="kafka-away", section="Kafka is away", metric=measures.ours(metrics.LOG_AWAY), above=0)
        throttled = measures.cache("ThrottledCmds")
        yield Alarm(id="cache-throttled", section="The cache is throttled", metric=throttled, above=0)
        if isinstance(self._stage.cache, NewCache):
            most = 0.8 * self._stage.cache.max_gb * GIGABYTE
            used = measures.cache("BytesUsedForCache", "Maximum")
            yield Alarm(id="cache-full", section="The cache is nearly full", metric=used, above=most)
        if disks := measures.brokers("KafkaDataLogsDiskUsed"):
            fullest = largest(disks, "% of the fullest broker's disk")
            yield Alarm(id="disk-full", section="A broker's disk is nearly full", metric=fullest, above=75)

    def _of_the_doors(self) -> Iterator[Alarm]:
        measures = self._measures
        refused = measures.ours(metrics.TOKENS_REFUSED)
        yield Alarm(id="tokens-refused", section="Many tokens are refused", metric=refused, above=20, minutes=5)
        failing = measures.gateway("ExecutionError")
        yield Alarm(id="gateway-fails", section="The gateway fails", metric=failing, above=5)
        answers = measures.platform_api("5xx")
        yield Alarm(id="api-fails", section="The HTTP API fails", metric=answers, above=5)


def anchor(heading: str) -> str:
    """What a link to a heading is called: lower case, without punctuation, spaces as hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
