"""The dashboard: one page, in the order of an event's way. What to make of it stands in docs/operate.md."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from functions import metrics
from functions.manifest import Topic
from infra.alarms import Alarms
from infra.archive import Archive
from infra.functions import Functions
from infra.mappings import Mappings
from infra.measures import Measures
from infra.stage import Stage

WIDTH, HEIGHT = 8, 6  # three graphs side by side


class Dashboard(Construct):
    """A dashboard named after the stage."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        measures: Measures,
        alarms: Alarms,
        functions: Functions,
        mappings: Mappings,
        archive: Archive,
        stage: Stage,
    ) -> None:
        super().__init__(scope, id)
        self._measures = measures
        self._functions, self._mappings, self._archive = functions, mappings, archive
        board = cloudwatch.Dashboard(self, "Board", dashboard_name=f"live-rooms-{stage.name}")
        board.add_widgets(
            cloudwatch.AlarmStatusWidget(alarms=alarms.made, title="Alarms", width=3 * WIDTH, height=HEIGHT)
        )
        for row in (self._rooms(), self._relay(), self._posts(), self._refusals(), self._kept(), *self._boxes()):
            board.add_widgets(*row)

    def _rooms(self) -> list[cloudwatch.IWidget]:
        ours, gateway = self._measures.ours, self._measures.gateway
        return [
            graph("Seats and rooms", [ours(metrics.SEATS, "Maximum")], right=[ours(metrics.ROOMS, "Maximum")]),
            graph("In and out", [gateway("ConnectCount"), gateway("MessageCount"), ours(metrics.FRAMES)]),
            graph(
                "Seats given up",
                [ours(metrics.SEATS_SWEPT), ours(metrics.SEATS_GONE), ours(metrics.WELCOMES_LATE)],
            ),
        ]

    def _relay(self) -> list[cloudwatch.IWidget]:
        by_slice = self._measures.by_slice
        odd = [*by_slice(metrics.RECORDS_BROKEN, "Sum"), *by_slice(metrics.EVENTS_EXPIRED, "Sum")]
        return [
            graph("Events, each slice reads all", by_slice(metrics.EVENTS, "Sum")),
            graph("Relay lag, ms", by_slice(metrics.LAG, "Maximum")),
            graph("Broken, or too old to be shown", [*odd, self._measures.ours(metrics.GAPS)]),
        ]

    def _posts(self) -> list[cloudwatch.IWidget]:
        ours, by_slice = self._measures.ours, self._measures.by_slice
        latency = [*by_slice(metrics.POST_LATENCY, "p50"), *by_slice(metrics.POST_LATENCY, "p99")]
        failures = (
            metrics.POSTS_GONE,
            metrics.POSTS_THROTTLED,
            metrics.POSTS_FAILED,
            metrics.POSTS_FORBIDDEN,
        )
        unshown = (
            metrics.LIKES_FOLDED,
            metrics.CROWD_FOLDED,
            metrics.CROWD_LEFT_OUT,
            metrics.CHATS_LEFT_OUT,
        )
        return [
            graph("POST latency p50 and p99, ms", latency),
            graph("POSTs not delivered", [ours(one) for one in failures]),
            graph("Folded or left out, for each viewer", [ours(one) for one in unshown]),
        ]

    def _refusals(self) -> list[cloudwatch.IWidget]:
        ours = self._measures.ours
        words = [ours(metrics.WORDS_MASKED), ours(metrics.WORDS_REJECTED)]
        return [
            graph("Refused", [ours(metrics.FRAMES_REFUSED), ours(metrics.TOKENS_REFUSED)]),
            graph("Sensitive words", words),
            graph("Told that a server is away", [ours(metrics.STATE_AWAY), ours(metrics.LOG_AWAY)]),
        ]

    def _kept(self) -> list[cloudwatch.IWidget]:
        measures, ours = self._measures, self._measures.ours
        stored = [ours(one) for one in (metrics.STORED, metrics.UNSTORED, metrics.SET_ASIDE)]
        queues = [measures.waiting(self._archive.failures, "set aside by the archive")]
        if failures := self._mappings.failures:
            queues.append(measures.waiting(failures, "given up by relays"))
        return [
            graph("Archive", stored, right=[ours(metrics.ARCHIVE_LAG, "Maximum")]),
            graph("Watch time", [ours(metrics.WATCH_CREDITS)], right=[ours(metrics.WATCHED)]),
            graph("In the failure queues", queues),
        ]

    def _boxes(self) -> list[list[cloudwatch.IWidget]]:
        return [self._lambda(), self._edges(), self._stores()]

    def _lambda(self) -> list[cloudwatch.IWidget]:
        def of_all(name: str, statistic: str) -> list[cloudwatch.IMetric]:
            return [self._measures.function(one, name, statistic) for one in self._functions.deployed]

        return [
            graph("Errors and, on the right, throttles", of_all("Errors", "Sum"), right=of_all("Throttles", "Sum")),
            graph("Duration p95, ms", of_all("Duration", "p95")),
            graph("Environments at work", of_all("ConcurrentExecutions", "Maximum")),
        ]

    def _edges(self) -> list[cloudwatch.IWidget]:
        gateway, api = self._measures.gateway, self._measures.platform_api
        errors = [gateway(name) for name in ("ClientError", "IntegrationError", "ExecutionError")]
        return [
            graph("WebSocket API: errors", errors),
            graph("WebSocket API: what it waits for, ms", [gateway("IntegrationLatency", "p95")]),
            graph("HTTP API", [api("Count"), api("4xx"), api("5xx")], right=[api("Latency", "p95")]),
        ]

    def _stores(self) -> list[cloudwatch.IWidget]:
        measures, cache, table = self._measures, self._measures.cache, self._measures.table
        behind = [
            measures.consumer(deployed.name, topic.name, "SumOffsetLag")
            for deployed, topic in self._functions.triggered_by(Topic)
        ]
        disks = [*measures.brokers("KafkaDataLogsDiskUsed"), *measures.brokers("CpuUser")]
        memory = cache("BytesUsedForCache", "Maximum")
        work = [cache(name) for name in ("ElastiCacheProcessingUnits", "ThrottledCmds", "Evictions")]
        writes = [table("ConsumedWriteCapacityUnits"), table("WriteThrottleEvents")]
        return [
            graph("Kafka: records behind; on the right brokers, %", behind, right=disks),
            graph("Redis", [*work, cache("CurrConnections", "Maximum")], right=[memory]),
            graph("DynamoDB", writes),
        ]


def graph(
    title: str, left: Sequence[cloudwatch.IMetric], *, right: Sequence[cloudwatch.IMetric] = ()
) -> cloudwatch.GraphWidget:
    """A graph with one axis, or two."""
    return cloudwatch.GraphWidget(title=title, left=list(left), right=list(right), width=WIDTH, height=HEIGHT)
