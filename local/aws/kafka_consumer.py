"""How an event source mapping reads a topic: what it is told, and aiokafka's consumer for it."""

from collections.abc import Callable
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener

from local.aws.kafka_payload import MAX_RECORDS_BYTES, default_arn
from local.aws.kafka_sieve import Sieve, Unreadable

# librdkafka's mock broker waits for so long when it has nothing, whatever comes meanwhile. More often is of no use to a
# window, and costs CPU.
LEAST_FETCH_MS, LONGEST_FETCH_MS = 5, 50


@dataclass(frozen=True, kw_only=True)
class MappingConfig:
    """One mapping. A topic is read from its oldest record on (TRIM_HORIZON).

    Records older than `maximum_record_age_seconds` are dropped; -1 means never. `report_batch_item_failures`: the
    function answers which records failed.
    """

    function: str
    topic: str
    group: str
    bootstrap: str
    batch_size: int
    window_ms: int
    maximum_record_age_seconds: float = -1
    report_batch_item_failures: bool = False
    max_bytes: int = MAX_RECORDS_BYTES
    arn: str = default_arn()


def consumer_of(
    config: MappingConfig, listener: ConsumerRebalanceListener, report: Callable[[Unreadable], None]
) -> AIOKafkaConsumer:
    """A consumer that is not started. The `listener` hears of its partitions, `report` gets what cannot be read."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=config.bootstrap,
        group_id=config.group,
        enable_auto_commit=False,
        check_crcs=False,  # the sieve has checked them
        auto_offset_reset="earliest",
        fetch_max_wait_ms=min(max(config.window_ms // 10, LEAST_FETCH_MS), LONGEST_FETCH_MS),
        metadata_max_age_ms=5_000,  # a topic that is created later is found after at most that
        session_timeout_ms=6_000,  # a killed emulator's partitions are free again after that
        heartbeat_interval_ms=2_000,
        max_poll_interval_ms=24 * 3600 * 1000,  # a batch may be retried for as long as it takes
        rebalance_timeout_ms=60_000,
    )
    Sieve(report).attach(consumer)
    consumer.subscribe([config.topic], listener=listener)
    return consumer
