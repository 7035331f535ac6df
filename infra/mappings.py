"""Event source mappings: they read records from a topic and invoke its function with them, a batch at a time.

A mapping is in one of two modes, and what happens to a batch that fails depends on the mode.

On-demand mode is free. A batch that fails is retried as a whole until its records expire. A mapping with a destination
would give up after ten attempts, and this mode has no setting for the number. So there is no destination.

Provisioned mode has pollers that are paid for by the hour. A batch that fails is halved and retried, so that one bad
record does not fail its neighbours. The destination is a queue, which receives the offsets of what was given up. With a
destination, -1 ("retry for ever") means ten attempts too. So the number is the largest that AWS takes.
https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html
https://docs.aws.amazon.com/lambda/latest/dg/with-kafka-low-latency.html

No mapping has a maximum record age. The archive stores records of any age. A relay does not show a record that is
older than a minute, but adds it to the room's history, which would have a hole without it.
"""

import math
from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_event_sources import SqsDlq
from constructs import Construct

from functions.manifest import PARTITIONS
from functions.triggers import Topic
from infra.archive import Archive
from infra.failure_queue import failure_queue
from infra.functions import Functions
from infra.room_log import RoomLog
from infra.stage.stage import Stage

# A mapping's batching window if it has no setting. The setting takes whole seconds only, and cannot be removed again.
# https://docs.aws.amazon.com/lambda/latest/dg/msk-esm-parameters.html
DEFAULT_WINDOW_MS = 500

# A poller has so many invocations under way at once. The batches of one partition come one after another.
# https://docs.aws.amazon.com/lambda/latest/dg/kafka-scaling-modes.html
INVOCATIONS_A_POLLER = 5
POLLERS = math.ceil(PARTITIONS / INVOCATIONS_A_POLLER)

MAX_ATTEMPTS = 10_000


class Mappings(Construct):
    """One mapping for each function that reads a topic. Its consumer group has the function's name.

    `failures` receives the relays' batches that were given up. It is None in on-demand mode, which gives up none.
    """

    def __init__(
        self, scope: Construct, id: str, *, functions: Functions, room_log: RoomLog, archive: Archive, stage: Stage
    ) -> None:
        super().__init__(scope, id)
        self.failures = failure_queue(self) if stage.relay.low_latency else None
        for deployed, topic in functions.triggered_by(Topic):
            archives = "failure_queue" in deployed.row.needs
            mode = self._archive(topic, archive.failures, stage) if archives else self._relay(topic)
            # The CDK's event source for MSK is not used: it would let the function write to every log of the account.
            mapping = deployed.alias.add_event_source_mapping(
                topic.name,
                event_source_arn=room_log.cluster_arn,
                kafka_topic=topic.name,
                kafka_consumer_group_id=deployed.name,
                # LATEST would skip what is published while the mapping is being created.
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=topic.batch_size,
                **mode,
            )
            if topic.name in room_log.topics:
                mapping.node.add_dependency(room_log.topics[topic.name])

    def _relay(self, topic: Topic) -> dict[str, Any]:
        if self.failures is None:
            return {"max_batching_window": window(topic)}
        # The minimum is the maximum, because a change of the number of pollers pauses all of them for a while.
        return self._provisioned(self.failures, min_pollers=POLLERS) | {"max_batching_window": Duration.seconds(0)}

    def _archive(self, topic: Topic, failures: sqs.IQueue, stage: Stage) -> dict[str, Any]:
        if stage.archive.mode == "on_demand":
            return {"max_batching_window": window(topic)}
        partial = {"max_batching_window": window(topic), "report_batch_item_failures": True}
        return self._provisioned(failures, min_pollers=1) | partial

    def _provisioned(self, failures: sqs.IQueue, *, min_pollers: int) -> dict[str, Any]:
        return {
            # The price is for ten pollers, which all mappings of the stack share.
            "provisioned_poller_config": lambda_.ProvisionedPollerConfig(
                minimum_pollers=min_pollers, maximum_pollers=POLLERS, poller_group_name=Stack.of(self).stack_name
            ),
            "bisect_batch_on_error": True,
            "retry_attempts": MAX_ATTEMPTS,
            "on_failure": SqsDlq(failures),
        }


def window(topic: Topic) -> Duration | None:
    """The batching window as a mapping's setting. None leaves it out, for the default."""
    if topic.window_ms == DEFAULT_WINDOW_MS:
        return None
    if topic.window_ms % 1000:
        raise ValueError(f"{topic.name}: a window of {topic.window_ms} ms is neither 500 nor whole seconds")
    return Duration.millis(topic.window_ms)
