"""Event source mappings: what takes records from a topic to the function that reads it."""

from typing import Any, Literal

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import ManagedKafkaEventSource, ProvisionedPollerConfig, SqsDlq
from constructs import Construct

from functions.manifest import Topic
from infra.archive import Archive
from infra.environment import stores
from infra.functions import Functions
from infra.room_log import RoomLog
from infra.stage import Stage

# What a mapping gathers records for unless told otherwise. It can be told only whole seconds, and once it was
# told anything it cannot go back. https://docs.aws.amazon.com/lambda/latest/dg/msk-esm-parameters.html
DEFAULT_WINDOW_MS = 500
MOST_ATTEMPTS = 10_000


class Mappings(Construct):
    """One mapping per function that reads a topic, each with a consumer group of the function's name.

    `failures` is told of the relays' batches that are given up: after ten attempts, or when their records have expired.
    """

    def __init__(
        self, scope: Construct, id: str, *, functions: Functions, room_log: RoomLog, archive: Archive, stage: Stage
    ) -> None:
        super().__init__(scope, id)
        self.failures = sqs.Queue(
            self,
            "Failures",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        archiving = archive_errors(stage.archive.mode, archive.failures)
        for deployed, topic in functions.triggered_by(Topic):
            source = ManagedKafkaEventSource(
                cluster_arn=room_log.cluster_arn,
                topic=topic.name,
                consumer_group_id=deployed.name,
                # LATEST would miss what is published while the mapping is being made.
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=topic.batch_size,
                max_batching_window=window(topic),
                **(archiving if stores(deployed.row) else {"on_failure": SqsDlq(self.failures)}),
            )
            deployed.function.add_event_source(source)
            mapping = next(
                child for child in deployed.function.node.children if isinstance(child, lambda_.EventSourceMapping)
            )
            mapping.node.add_dependency(room_log.topics[topic.name])


def archive_errors(mode: Literal["provisioned", "on_demand"], failures: sqs.IQueue) -> dict[str, Any]:
    """What a mapping does with records that could not be stored. No age is set in either mode: none is too old.

    Partial batch responses take provisioned mode. With a destination for what is given up, "retry for ever" would
    mean ten times, and the destination is told only where the records stood: hence the largest number there is. AWS
    offers the number in provisioned mode only, so in on-demand mode there is no destination, and a batch is tried until
    its records expire.
    https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
    """
    if mode == "on_demand":
        return {}
    return {
        "provisioned_poller_config": ProvisionedPollerConfig(minimum_pollers=1),
        "report_batch_item_failures": True,
        "retry_attempts": MOST_ATTEMPTS,
        "on_failure": SqsDlq(failures),
    }


def window(topic: Topic) -> Duration | None:
    """The window as a mapping takes it: None, which leaves it out, for its own default."""
    if topic.window_ms == DEFAULT_WINDOW_MS:
        return None
    if topic.window_ms % 1000:
        raise ValueError(f"{topic.name}: a window of {topic.window_ms} ms is neither 500 nor whole seconds")
    return Duration.millis(topic.window_ms)
