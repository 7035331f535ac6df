"""The dashboard: one page, in the order in which an event meets the boxes. docs/operate.md says how to read it."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from functions.runtime import metrics
from functions.runtime.metrics import Metric
from functions.triggers import Topic
from infra.observability.alarms import Alarms
from infra.observability.measures import Measures

WIDTH, HEIGHT = 8, 6  # three graphs side by side

Graphs = list[cloudwatch.IWidget]


class Dashboard(Construct):
    """A dashboard named after the stage."""

    def __init__(self, scope: Construct, id: str, *, measures: Measures, alarms: Alarms) -> None:
        super().__init__(scope, id)
        self._measures = measures
        board = cloudwatch.Dashboard(self, "Board", dashboard_name=f"live-rooms-{measures.stage.name}")
        board.add_widgets(
            cloudwatch.AlarmStatusWidget(alarms=alarms.made, title="Alarms", width=3 * WIDTH, height=HEIGHT)
        )
        ours = (self._rooms(), self._relay(), self._posts(), self._gallery(), self._refusals(), self._review())
        for row in (*ours, self._archive(), self._lambda(), self._apis(), self._stores()):
            board.add_widgets(*row)

    def _rooms(self) -> Graphs:
        ours, gateway = self._measures.ours, self._measures.gateway
        return [
            graph("Seats and rooms", [ours(metrics.SEATS, "Maximum")], right=[ours(metrics.ROOMS, "Maximum")]),
            graph("In and out", [gateway("ConnectCount"), gateway("MessageCount"), ours(metrics.FRAMES)]),
            graph("Seats given up", self._sums(metrics.SEATS_SWEPT, metrics.SEATS_GONE, metrics.WELCOMES_LATE)),
        ]

    def _relay(self) -> Graphs:
        by_slice = self._measures.by_slice
        kinds = (metrics.RECORDS_BROKEN, metrics.OBJECTS_TOO_LARGE, metrics.EVENTS_EXPIRED)
        unshown = [measure for kind in kinds for measure in by_slice(kind, "Sum")]
        return [
            graph("Events, each slice reads all", by_slice(metrics.EVENTS, "Sum")),
            graph("Relay lag, ms", by_slice(metrics.LAG, "Maximum")),
            graph("Broken, too large, or too old to be shown", [*unshown, *self._sums(metrics.GAPS)]),
        ]

    def _posts(self) -> Graphs:
        by_slice = self._measures.by_slice
        latency = [*by_slice(metrics.POST_LATENCY, "p50"), *by_slice(metrics.POST_LATENCY, "p99")]
        failures = (
            *(metrics.POSTS_GONE, metrics.POSTS_THROTTLED, metrics.POSTS_FAILED, metrics.POSTS_FORBIDDEN),
            *(metrics.POSTS_TOO_LARGE, metrics.SEATS_BEHIND),
        )
        unshown = (
            *(metrics.LIKES_FOLDED, metrics.CROWD_FOLDED),
            *(metrics.CROWD_LEFT_OUT, metrics.CHATS_LEFT_OUT, metrics.NOTICES_LEFT_OUT),
        )
        return [
            graph("POST latency p50 and p99, ms", latency),
            graph("POSTs not delivered", self._sums(*failures)),
            graph("Folded or left out, for each viewer", self._sums(*unshown)),
        ]

    def _gallery(self) -> Graphs:
        ours, swept = self._measures.ours, self._sums(metrics.PLACES_SWEPT)
        asked = self._sums(metrics.GALLERY_REQUESTS, metrics.GALLERY_REFUSED)
        return [
            graph(
                "Places; on the right, their rooms, and swept",
                [ours(metrics.PLACES, "Maximum")],
                right=[ours(metrics.ROOMS_READ, "Maximum"), *swept],
            ),
            graph("Gallery: what the cache did not answer", asked),
            graph("Gallery: slots late, and gaps", self._sums(metrics.SLOTS_LATE, metrics.SLOT_GAPS)),
        ]

    def _refusals(self) -> Graphs:
        refused = (metrics.FRAMES_REFUSED, metrics.TOKENS_REFUSED, metrics.JOINS_REFUSED)
        cut_off = (metrics.FLOODS, metrics.SEATS_REPLACED)
        return [
            graph("Refused; on the right, cut off", self._sums(*refused), right=self._sums(*cut_off)),
            graph("Sensitive words", self._sums(metrics.WORDS_MASKED, metrics.WORDS_REJECTED)),
            graph("Told that a server is away", self._sums(metrics.STATE_AWAY, metrics.LOG_AWAY)),
        ]

    def _review(self) -> Graphs:
        ours, verdicts = self._measures.ours, (metrics.REVIEWS_DENIED, metrics.REVIEWS_CHANGED)
        waits = [ours(metrics.REVIEW_LATENCY, statistic) for statistic in ("p50", "p99")]
        return [
            graph("Chats that were reviewed", self._sums(metrics.REVIEWS_ASKED)),
            graph("Denied, changed, failed reviews", self._sums(*verdicts, metrics.REVIEWS_FAILED)),
            graph("Review p50 and p99, ms", waits),
        ]

    def _archive(self) -> Graphs:
        measures, ours = self._measures, self._measures.ours
        stored = self._sums(metrics.STORED, metrics.UNSTORED, metrics.SET_ASIDE, metrics.REPEATED, metrics.OVERWRITES)
        queues = [measures.messages_in(measures.boxes.archive.failures, "set aside by the archive")]
        if failures := measures.mappings.failures:
            queues.append(measures.messages_in(failures, "given up by relays"))
        return [
            graph("Archive", stored, right=[ours(metrics.ARCHIVE_LAG, "Maximum")]),
            graph("Watch time", [ours(metrics.WATCH_CREDITS)], right=[ours(metrics.WATCHED)]),
            graph("In the failure queues", queues),
        ]

    def _lambda(self) -> Graphs:
        def of_all(name: str, statistic: str) -> list[cloudwatch.IMetric]:
            return [self._measures.function(one, name, statistic) for one in self._measures.functions.deployed]

        return [
            graph("Errors and, on the right, throttles", of_all("Errors", "Sum"), right=of_all("Throttles", "Sum")),
            graph("Duration p95, ms", of_all("Duration", "p95")),
            graph("Environments at work", of_all("ConcurrentExecutions", "Maximum")),
        ]

    def _apis(self) -> Graphs:
        gateway, api = self._measures.gateway, self._measures.platform_api
        errors = [gateway(name) for name in ("ClientError", "IntegrationError", "ExecutionError")]
        return [
            graph("WebSocket API: errors", errors),
            graph("WebSocket API: what it waits for, ms", [gateway("IntegrationLatency", "p95")]),
            graph("HTTP API", [api("Count"), api("4xx"), api("5xx")], right=[api("Latency", "p95")]),
        ]

    def _stores(self) -> Graphs:
        measures, cache, table = self._measures, self._measures.cache, self._measures.table
        behind = [
            measures.consumer(deployed.name, topic.name, "SumOffsetLag")
            for deployed, topic in measures.functions.triggered_by(Topic)
        ]
        disks = [*measures.brokers("KafkaDataLogsDiskUsed"), *measures.brokers("CpuUser")]
        memory = cache("BytesUsedForCache", "Maximum")
        work = [cache(name) for name in ("ElastiCacheProcessingUnits", "ThrottledCmds", "Evictions")]
        return [
            graph("Kafka: records behind; on the right brokers, %", behind, right=disks),
            graph("Redis", [*work, cache("CurrConnections", "Maximum")], right=[memory]),
            graph("DynamoDB", [table("ConsumedWriteCapacityUnits"), table("WriteThrottleEvents")]),
        ]

    def _sums(self, *names: Metric) -> list[cloudwatch.IMetric]:
        return [self._measures.ours(one) for one in names]


def graph(
    title: str, left: Sequence[cloudwatch.IMetric], *, right: Sequence[cloudwatch.IMetric] = ()
) -> cloudwatch.GraphWidget:
    """A graph with one axis, or two."""
    return cloudwatch.GraphWidget(title=title, left=list(left), right=list(right), width=WIDTH, height=HEIGHT)
