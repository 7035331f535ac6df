"""Event source mappings: what takes records from a topic to the function that reads it."""

import math
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import SqsDlq
from constructs import Construct

from functions.manifest import PARTITIONS, Topic
from infra.archive import Archive
from infra.environment import stores
from infra.functions import Functions
from infra.room_log import RoomLog
from infra.stage import Stage

# What a mapping gathers records for unless told otherwise. It can be told only whole seconds, and once it was
# told anything it cannot go back. https://docs.aws.amazon.com/lambda/latest/dg/msk-esm-parameters.html
DEFAULT_WINDOW_MS = 500

# A poller invokes a function so often at a time; a partition's batches come one after another.
# https://docs.aws.amazon.com/lambda/latest/dg/kafka-scaling-modes.html
INVOCATIONS_A_POLLER = 5
POLLERS = math.ceil(PARTITIONS / INVOCATIONS_A_POLLER)

# The largest number there is.
MOST_ATTEMPTS = 10_000


class Mappings(Construct):
    """One mapping per function that reads a topic, each with a consumer group of the function's name.

    `failures` is told of the relays' batches that are given up, in provisioned mode; None in on-demand mode, where none
    is.
    """

    def __init__(
        self, scope: Construct, id: str, *, functions: Functions, room_log: RoomLog, archive: Archive, stage: Stage
    ) -> None:
        super().__init__(scope, id)
        self.failures = self._make_queue() if stage.relay.low_latency else None
        for deployed, topic in functions.triggered_by(Topic):
            archives = stores(deployed.row)
            # Not as the CDK's event source for MSK, which would let the function write to every log of the account.
            mapping = deployed.alias.add_event_source_mapping(
                topic.name,
                event_source_arn=room_log.cluster_arn,
                kafka_topic=topic.name,
                kafka_consumer_group_id=deployed.name,
                # LATEST would miss what is published while the mapping is being made.
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=topic.batch_size,
                **(self._archive(topic, archive.failures, stage) if archives else self._relay(topic, stage)),
            )
            if topic.name in room_log.topics:
                mapping.node.add_dependency(room_log.topics[topic.name])

    def _make_queue(self) -> sqs.Queue:
        return sqs.Queue(
            self,
            "Failures",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(14),
        )

    def _relay(self, topic: Topic, stage: Stage) -> dict[str, Any]:
        """How relays are fed, and what becomes of what they fail at.

        The minute after which nothing is shown is the relay's own: what it does not show still goes into the room's
        history, which would have a hole otherwise, and so it would if a batch were given up, or left out for its age.
        With a destination that takes the largest number of attempts, which is for provisioned mode. In on-demand mode
        there is no number and no destination: a batch is tried until its records expire. See `_archive`.
        https://docs.aws.amazon.com/lambda/latest/dg/with-kafka-low-latency.html
        """
        if self.failures is None:
            return {"max_batching_window": window(topic)}
        return {
            "max_batching_window": Duration.seconds(0),
            # As many at the least as at the most, since a poller more or less holds up all of them for a while.
            "provisioned_poller_config": self._pollers(at_least=POLLERS),
            "retry_attempts": MOST_ATTEMPTS,
            "bisect_batch_on_error": True,
            "on_failure": SqsDlq(self.failures),
        }

    def _archive(self, topic: Topic, failures: sqs.IQueue, stage: Stage) -> dict[str, Any]:
        """How the archive is fed, and what becomes of what could not be stored. No age is set: none is too old.

        Partial batch responses take provisioned mode. With a destination for what is given up, "retry for ever" would
        mean ten times, and the destination is told only where the records stood: hence the largest number there is,
        and halves, so that a record on which the archive breaks takes no others with it. AWS offers the number in
        provisioned mode only, so in on-demand mode there is no destination, and a batch is tried until its records
        expire.
        https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
        """
        if stage.archive.mode == "on_demand":
            return {"max_batching_window": window(topic)}
        return {
            "max_batching_window": window(topic),
            "provisioned_poller_config": self._pollers(at_least=1),
            "report_batch_item_failures": True,
            "bisect_batch_on_error": True,
            "retry_attempts": MOST_ATTEMPTS,
            "on_failure": SqsDlq(failures),
        }

    def _pollers(self, *, at_least: int) -> lambda_.ProvisionedPollerConfig:
        # What is paid for holds ten pollers, which all mappings of the stack share.
        return lambda_.ProvisionedPollerConfig(
            minimum_pollers=at_least, maximum_pollers=POLLERS, poller_group_name=Stack.of(self).stack_name
        )


def window(topic: Topic) -> Duration | None:
    """The window as a mapping takes it: None, which leaves it out, for its own default."""
    if topic.window_ms == DEFAULT_WINDOW_MS:
        return None
    if topic.window_ms % 1000:
        raise ValueError(f"{topic.name}: a window of {topic.window_ms} ms is neither 500 nor whole seconds")
    return Duration.millis(topic.window_ms)
