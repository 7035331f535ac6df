"""The CloudWatch metrics of a stage: the functions' own, and those of the AWS services in the stack."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration, Fn
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs

from functions.manifest import STAGE
from functions.runtime.metrics import NAMESPACE, Metric
from infra.boxes import Boxes
from infra.functions import Deployed, Functions
from infra.http_api import PlatformApi
from infra.mappings import Mappings
from infra.stage.kafka import ProvisionedKafka
from infra.stage.stage import Stage

MINUTE = Duration.minutes(1)


@dataclass(frozen=True, kw_only=True)
class Measures:
    """Metrics with one value for each minute. Methods that are named after a service take AWS's metric names."""

    boxes: Boxes
    functions: Functions
    mappings: Mappings
    api: PlatformApi
    stage: Stage

    def ours(self, metric: Metric, statistic: str = "Sum", *, slice: int = 0) -> cloudwatch.Metric:
        """A metric of the functions. `slice` counts for metrics that are per slice only."""
        dimensions = {"stage": self.stage.name} | ({"slice": str(slice)} if metric.per_slice else {})
        label = f"{metric.name} {slice}" if metric.per_slice else metric.name
        return _metric(NAMESPACE, metric.name, statistic, dimensions, label)

    def by_slice(self, metric: Metric, statistic: str) -> list[cloudwatch.Metric]:
        """A metric that is per slice, once for each slice."""
        return [self.ours(metric, statistic, slice=slice) for slice in range(self.stage.relay.slices)]

    def gateway(self, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html"""
        return _metric("AWS/ApiGateway", name, statistic, {"ApiId": self.boxes.gateway.api.api_id, "Stage": STAGE})

    def platform_api(self, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html"""
        return _metric("AWS/ApiGateway", name, statistic, {"ApiId": self.api.api_id})

    def function(self, deployed: Deployed, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html"""
        return _metric("AWS/Lambda", name, statistic, {"FunctionName": deployed.function.function_name}, deployed.name)

    def cache(self, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/serverless-metrics-events-redis.html"""
        return _metric("AWS/ElastiCache", name, statistic, {"clusterId": self.boxes.rooms_cache.name})

    def consumer(self, group: str, topic: str, name: str) -> cloudwatch.Metric:
        """A consumer group's lag. There is no value while the group rebalances.

        https://docs.aws.amazon.com/msk/latest/developerguide/consumer-lag.html
        """
        dimensions = self._cluster | {"Consumer Group": group, "Topic": topic}
        return _metric("AWS/Kafka", name, "Maximum", dimensions, f"{name} {group}")

    def brokers(self, name: str, statistic: str = "Maximum") -> list[cloudwatch.Metric]:
        """A metric of each broker of a provisioned cluster. Other kinds of cluster have none.

        https://docs.aws.amazon.com/msk/latest/developerguide/metrics-details.html
        """
        kafka = self.stage.kafka
        numbers = range(1, kafka.brokers + 1) if isinstance(kafka, ProvisionedKafka) else ()
        return [_metric("AWS/Kafka", name, statistic, self._cluster | {"Broker ID": str(one)}) for one in numbers]

    def cluster(self, name: str, statistic: str = "Maximum") -> list[cloudwatch.Metric]:
        """A metric of a provisioned cluster as a whole. Other kinds of cluster have none."""
        if not isinstance(self.stage.kafka, ProvisionedKafka):
            return []
        return [_metric("AWS/Kafka", name, statistic, self._cluster)]

    def table(self, name: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html"""
        return _metric("AWS/DynamoDB", name, statistic, {"TableName": self.boxes.archive.table.table_name})

    def messages_in(self, queue: sqs.IQueue, label: str) -> cloudwatch.Metric:
        """The number of messages in a queue.

        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
        """
        dimensions = {"QueueName": queue.queue_name}
        return _metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", dimensions, label)

    @property
    def _cluster(self) -> dict[str, str]:
        return {"Cluster Name": Fn.select(1, Fn.split("/", self.boxes.room_log.cluster_arn))}


def share(part: cloudwatch.IMetric, whole: Sequence[cloudwatch.IMetric], label: str) -> cloudwatch.MathExpression:
    """The percentage of `part` in the sum of `whole`, 0 if that sum is 0."""
    names = {f"m{number}": one for number, one in enumerate(whole)}
    total = " + ".join(f"FILL({name}, 0)" for name in names)
    return expression(f"IF(({total}) > 0, 100 * FILL(part, 0) / ({total}), 0)", {"part": part, **names}, label)


def largest(metrics: Sequence[cloudwatch.IMetric], label: str) -> cloudwatch.MathExpression:
    """The largest of several metrics. An alarm takes ten at most."""
    names = {f"m{number}": one for number, one in enumerate(metrics)}
    return expression(f"MAX([{', '.join(f'FILL({name}, 0)' for name in names)}])", names, label)


def expression(formula: str, using: dict[str, cloudwatch.IMetric], label: str) -> cloudwatch.MathExpression:
    """CloudWatch's metric math, a value for each minute."""
    return cloudwatch.MathExpression(expression=formula, using_metrics=using, label=label, period=MINUTE)


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
