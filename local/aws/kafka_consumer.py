"""How an event source mapping reads a topic: what it is told, and aiokafka's consumer for it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener

from local.aws.kafka_long_poll import long_polling
from local.aws.kafka_payload import MAX_RECORDS_BYTES, default_arn
from local.aws.kafka_sieve import Sieve, Unreadable

FETCHES_A_WINDOW = 10  # more often is of no use to it, and costs CPU


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
    config: MappingConfig,
    listener: ConsumerRebalanceListener,
    *,
    next_write: Callable[[], asyncio.Future[None]],
    report: Callable[[Unreadable], None],
) -> AIOKafkaConsumer:
    """A consumer that is not started. The `listener` hears of its partitions, `report` gets what cannot be read.
    `next_write` returns what is done as soon as records may have been written."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=config.bootstrap,
        group_id=config.group,
        enable_auto_commit=False,
        check_crcs=False,  # the sieve has checked them
        auto_offset_reset="earliest",
        fetch_max_wait_ms=0,  # the long poll waits
        metadata_max_age_ms=5_000,  # a topic that is created later is found after at most that
        session_timeout_ms=6_000,  # a killed emulator's partitions are free again after that
        heartbeat_interval_ms=2_000,
        max_poll_interval_ms=24 * 3600 * 1000,  # a batch may be retried for as long as it takes
        rebalance_timeout_ms=60_000,
    )
    client = consumer._client  # aiokafka has no public place for this
    pause_seconds = config.window_ms / 1000 / FETCHES_A_WINDOW
    client.send = Sieve(report).sifting(long_polling(client.send, next_write, pause_seconds=pause_seconds))
    consumer.subscribe([config.topic], listener=listener)
    return consumer
