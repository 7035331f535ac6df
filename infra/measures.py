"""What is shown and watched: the functions' own metrics and those that AWS's services have, each by its name."""

from collections.abc import Sequence

from aws_cdk import Duration, Fn
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs

from functions.manifest import STAGE
from functions.metrics import NAMESPACE, Metric
from infra.archive import Archive
from infra.functions import Deployed
from infra.gateway import Gateway
from infra.http_api import PlatformApi
from infra.kafka_provisioned import BROKERS
from infra.room_log import RoomLog
from infra.rooms_cache import RoomsCache
from infra.stage import Stage

MINUTE = Duration.minutes(1)


class Measures:
    """Metrics of this stage's boxes, a value a minute. Methods that are named after a box take AWS's names."""

    def __init__(
        self,
        *,
        gateway: Gateway,
        platform_api: PlatformApi,
        rooms_cache: RoomsCache,
        room_log: RoomLog,
        archive: Archive,
        stage: Stage,
    ) -> None:
        self._gateway = gateway
        self._platform_api = platform_api
        self._rooms_cache = rooms_cache
        self._cluster_name = Fn.select(1, Fn.split("/", room_log.cluster_arn))
        self._archive = archive
        self._stage = stage

    def ours(self, metric: Metric, statistic: str = "Sum", *, slice: int = 0) -> cloudwatch.Metric:
        """A metric of the functions; of one slice if it is told by slices."""
        dimensions = {"stage": self._stage.name} | ({"slice": str(slice)} if metric.per_slice else {})
        label = f"{metric.name} {slice}" if metric.per_slice else metric.name
        return _metric(NAMESPACE, metric.name, statistic, dimensions, label)

    def by_slice(self, metric: Metric, statistic: str) -> list[cloudwatch.Metric]:
        """A metric that is told by slices, of all of them."""
        return [self.ours(metric, statistic, slice=slice) for slice in range(self._stage.relay.slices)]

    def gateway(self, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html"""
        return _metric("AWS/ApiGateway", name, statistic, {"ApiId": self._gateway.api.api_id, "Stage": STAGE})

    def platform_api(self, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html"""
        return _metric("AWS/ApiGateway", name, statistic, {"ApiId": self._platform_api.api_id})

    def function(self, deployed: Deployed, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"""
        dimensions = {"FunctionName": deployed.function.function_name}
        return _metric("AWS/Lambda", name, statistic, dimensions, deployed.name)

    def cache(self, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/serverless-metrics-events-redis.html"""
        return _metric("AWS/ElastiCache", name, statistic, {"clusterId": self._rooms_cache.name})

    def consumer(self, group: str, topic: str, name: str) -> cloudwatch.Metric:
        """How far a consumer group is behind; told while its members are settled.

        https://docs.aws.amazon.com/msk/latest/developerguide/consumer-lag.html
        """
        dimensions = {"Cluster Name": self._cluster_name, "Consumer Group": group, "Topic": topic}
        return _metric("AWS/Kafka", name, "Maximum", dimensions, f"{name} {group}")

    def brokers(self, name: str, statistic: str = "Maximum") -> list[cloudwatch.Metric]:
        """Of each broker of a provisioned cluster; another kind has none to tell of.

        https://docs.aws.amazon.com/msk/latest/developerguide/metrics-details.html
        """
        numbers = range(1, BROKERS + 1) if self._stage.kafka.kind == "provisioned" else ()
        return [
            _metric("AWS/Kafka", name, statistic, {"Cluster Name": self._cluster_name, "Broker ID": str(number)})
            for number in numbers
        ]

    def table(self, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html"""
        return _metric("AWS/DynamoDB", name, statistic, {"TableName": self._archive.table.table_name})

    def waiting(self, queue: sqs.IQueue, label: str) -> cloudwatch.Metric:
        """How many messages are in a queue.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
        """
        dimensions = {"QueueName": queue.queue_name}
        return _metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", dimensions, label)


def share(part: cloudwatch.IMetric, whole: Sequence[cloudwatch.IMetric], label: str) -> cloudwatch.MathExpression:
    """What part of the whole, in percent; 0 where there is nothing."""
    names = {f"m{number}": one for number, one in enumerate(whole)}
    total = " + ".join(f"FILL({name}, 0)" for name in names)
    return cloudwatch.MathExpression(
        expression=f"IF(({total}) > 0, 100 * FILL(part, 0) / ({total}), 0)",
        using_metrics={"part": part, **names},
        label=label,
        period=MINUTE,
    )


def largest(metrics: Sequence[cloudwatch.IMetric], label: str) -> cloudwatch.MathExpression:
    """The largest of several, at most ten of which may be watched by an alarm."""
    names = {f"m{number}": one for number, one in enumerate(metrics)}
    return cloudwatch.MathExpression(
        expression=f"MAX([{', '.join(f'FILL({name}, 0)' for name in names)}])",
        using_metrics=names,
        label=label,
        period=MINUTE,
    )


def _metric(
    namespace: str, name: str, statistic: str, dimensions: dict[str, str], label: str | None = None
) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        statistic=statistic,
        dimensions_map=dimensions,
        label=label,
        period=MINUTE,
    )
