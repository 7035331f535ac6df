"""The MSK event source mapping: reads a topic in a consumer group and invokes a function with its records.

The way of a record, in five steps:

1. Gather. The consumer reads the partitions that the group has assigned to it, also while the function is busy. The
   records wait in the batching window. How Kafka is asked: local/aws/kafka_long_poll.py.
2. Window. The window opens when its first record is read. Its batch is whole when it has `batch_size` records, when one
   more record would exceed the 6 MB of an event, or when the window's time is over. A window of 0 hands on at once what
   is there.
3. Deliver. As soon as a batch is whole and the function is free, the function is invoked with it. What has come while
   it was busy is one batch, as far as it fits. If it fails, the same batch is retried after a pause, for as long as it
   takes. With partial batch responses, only what the function reports as failed is retried. No other batch is delivered
   meanwhile, so the order of a partition holds.
4. Commit. After each attempt, the offset of each partition moves to the first record that is still to be retried.
5. Rebalance. When Kafka revokes partitions, the attempt under way ends and commits first. Whatever else was read is
   dropped: the partitions' next owner reads it again from the committed offsets.

Faithful: batch size, batching window counted from the first record, 6 MB limit, several partitions in one event, one
invocation at a time for a partition while more is read, commit after success, retries until success or until the
records are too old, partial batch responses. Not faithful: one poller, so one invocation at a time for all partitions
together, however large the lag; the window is in milliseconds. Not known: how far ahead AWS reads (here one batch), its
pauses between attempts (these are ours), which codecs of Kafka it reads (here all), and what it does with records that
cannot be read (here they are set aside, see local/aws/kafka_sieve.py).
https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from enum import Enum, auto
from itertools import chain

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from local.aws.function import Invoke
from local.aws.kafka_batch import BatchingWindow, KafkaBatch
from local.aws.kafka_consumer import MappingConfig, consumer_of
from local.aws.kafka_payload import kafka_event
from local.aws.kafka_sieve import Unreadable

logger = logging.getLogger(__name__)

IDLE_MS = 5_000  # how long one wait for records lasts; any length would do
STOP_SECONDS = 2.0  # for an invocation under way, and for leaving the group
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0


class State(Enum):
    """What a mapping does, and what may follow. From every state it can be stopped."""

    STOPPED = auto()  # start: JOINING
    JOINING = auto()  # the group has assigned no partitions. It assigns some: GATHERING
    GATHERING = auto()  # a batch is whole: DELIVERING; partitions are revoked: JOINING
    DELIVERING = auto()  # nothing of the batch is left: GATHERING; partitions are revoked: JOINING


class EventSourceMapping(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """`count` is given the number of records that were too old, too large for an event, or that could not be read, with
    the name of the figure and its dimensions. `next_write` returns what is done as soon as records may have been
    written."""

    def __init__(
        self,
        config: MappingConfig,
        invoke: Invoke,
        next_write: Callable[[], asyncio.Future[None]],
        *,
        count: Callable[..., None],
    ) -> None:
        self.state = State.STOPPED
        self._config = config
        self._invoke = invoke
        self._count = count
        self._next_write = next_write
        self._window = BatchingWindow(
            batch_size=config.batch_size, seconds=config.window_ms / 1000, max_bytes=config.max_bytes
        )
        self._attempt = asyncio.Lock()  # held from an invocation's start to its commit
        self._task: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether partitions are assigned, so that a record sent now is read."""
        return self.state in (State.GATHERING, State.DELIVERING)

    @property
    def gathered(self) -> int:
        """How many records have been read and wait for their batch to be whole, or for the function."""
        return len(self._window)

    async def start(self) -> None:
        """Begin; returns at once, before the mapping is `ready`. Kafka may come and go."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Leave the group. An invocation under way may end first, for STOP_SECONDS; else its batch is redelivered."""
        if self._task is None:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._attempt_over()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        self.state = State.STOPPED

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """The group has assigned partitions. Their first records may have come already."""
        if assigned and self.state is State.JOINING:
            self.state = State.GATHERING

    async def on_partitions_revoked(self, revoked: object) -> None:
        """The group is about to revoke all partitions; returns when the attempt under way is over."""
        self._forget()
        await self._attempt_over()

    def _forget(self) -> None:
        self.state = State.JOINING
        self._window.clear()

    async def _attempt_over(self) -> None:
        async with self._attempt:
            pass

    async def _run(self) -> None:
        while True:
            self._forget()
            consumer = consumer_of(self._config, self, next_write=self._next_write, report=self._drop_unreadable)
            try:
                await consumer.start()
                await self._hand_on(consumer)
            except Exception as error:  # whatever it was: a new consumer starts from the committed offsets
                config = self._config
                logger.warning("%s: reading %s failed, trying again: %r", config.function, config.topic, error)
            finally:
                self._forget()
                await self._close(consumer)
            await asyncio.sleep(FIRST_PAUSE_SECONDS)

    async def _hand_on(self, consumer: AIOKafkaConsumer) -> None:
        """Read, and deliver batch after batch, until one of both fails. Raises what it was."""
        reading = asyncio.create_task(self._read(consumer))
        try:
            while True:
                await self._deliver(consumer, KafkaBatch(await self._window.batch(reading)))
        finally:
            reading.cancel()
            await asyncio.wait({reading})

    async def _close(self, consumer: AIOKafkaConsumer) -> None:
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await consumer.stop()
        except Exception as error:
            logger.warning("%s: could not leave group %s: %r", self._config.function, self._config.group, error)

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        """Read into the window for ever; wait while a whole batch is in it."""
        while True:
            await self._window.has_room()
            found = await consumer.getmany(timeout_ms=IDLE_MS, max_records=self._config.batch_size)
            for record in self._window.add(chain.from_iterable(found.values()), time.monotonic()):
                self._drop(1, f"{record.topic}-{record.partition}@{record.offset} is too large")

    async def _deliver(self, consumer: AIOKafkaConsumer, batch: KafkaBatch) -> None:
        """Invoke and commit until nothing of the batch is left, or its partitions are revoked."""
        self.state = State.DELIVERING
        pause = FIRST_PAUSE_SECONDS
        while batch:
            async with self._attempt:
                if self._is_revoked():
                    return
                before = batch.positions
                self._drop_old(batch)
                if batch:
                    await self._try(batch)
                moved = {TopicPartition(*name): at for name, at in batch.positions.items() if at != before[name]}
                await self._commit(consumer, moved)
            if batch:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        if not self._is_revoked():
            self.state = State.GATHERING

    def _is_revoked(self) -> bool:
        """Whether the batch that is being delivered belongs to another reader now."""
        return self.state is not State.DELIVERING

    def _drop_old(self, batch: KafkaBatch) -> None:
        maximum_age = self._config.maximum_record_age_seconds
        count = batch.drop_older_than((time.time() - maximum_age) * 1000) if maximum_age >= 0 else 0
        if count:
            self._drop(count, f"gave up {count} records of {self._config.topic} as too old")

    def _drop_unreadable(self, found: Unreadable) -> None:
        self._drop(found.count, str(found))

    def _drop(self, count: int, why: str) -> None:
        self._count("RecordsDropped", count, function=self._config.function, topic=self._config.topic)
        logger.error("%s: %s", self._config.function, why)

    async def _try(self, batch: KafkaBatch) -> None:
        """Invoke once, and take out of the batch what succeeded."""
        function, topic = self._config.function, self._config.topic
        event = kafka_event(batch.records, arn=self._config.arn, bootstrap=self._config.bootstrap)
        try:
            response = await self._invoke(function, event)
        except Exception as error:
            logger.warning("%s: %d records of %s failed: %s", function, len(batch.records), topic, error)
            return
        if not self._config.report_batch_item_failures:
            batch.succeed()
        elif not batch.succeed_but_for(response):
            logger.warning("%s: batchItemFailures names no record of the batch: %.200s", function, response)

    async def _commit(self, consumer: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> None:
        if offsets:
            try:
                await consumer.commit(offsets)
            except (CommitFailedError, IllegalStateError) as error:
                function = self._config.function
                logger.warning("%s: partitions were taken away, records may come again: %s", function, error)
