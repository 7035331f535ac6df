"""Event source mappings: what takes records from a topic to the function that reads it."""

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import ManagedKafkaEventSource, SqsDlq
from constructs import Construct

from functions.manifest import Topic
from infra.functions import Functions
from infra.room_log import RoomLog

# What a mapping gathers records for unless told otherwise. It can be told only whole seconds, and once it was
# told anything it cannot go back. https://docs.aws.amazon.com/lambda/latest/dg/msk-esm-parameters.html
DEFAULT_WINDOW_MS = 500


class Mappings(Construct):
    """One mapping per function that reads a topic, each with a consumer group of the function's name.

    Batches that are given up end in one queue. In on-demand mode that is when their records have expired.
    """

    def __init__(self, scope: Construct, id: str, *, functions: Functions, room_log: RoomLog) -> None:
        super().__init__(scope, id)
        self.failures = sqs.Queue(
            self,
            "Failures",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )
        for deployed, topic in functions.triggered_by(Topic):
            source = ManagedKafkaEventSource(
                cluster_arn=room_log.cluster_arn,
                topic=topic.name,
                consumer_group_id=deployed.name,
                # LATEST would miss what is published while the mapping is being made.
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=topic.batch_size,
                max_batching_window=window(topic),
                on_failure=SqsDlq(self.failures),
            )
            deployed.function.add_event_source(source)
            mapping = next(
                child for child in deployed.function.node.children if isinstance(child, lambda_.EventSourceMapping)
            )
            mapping.node.add_dependency(room_log.topics[topic.name])


def window(topic: Topic) -> Duration | None:
    """The window as a mapping takes it: None, which leaves it out, for its own default."""
    if topic.window_ms == DEFAULT_WINDOW_MS:
        return None
    if topic.window_ms % 1000:
        raise ValueError(f"{topic.name}: a window of {topic.window_ms} ms is neither 500 nor whole seconds")
    return Duration.millis(topic.window_ms)
