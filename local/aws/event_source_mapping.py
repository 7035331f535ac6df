"""The MSK event source mapping: reads a topic in a consumer group and invokes a function with its records.

Faithful: batch size, batching window counted from the first record, 6 MB cap, several partitions in one
event, commit after success, the batch tried again until it succeeds or its records are too old, partial
batch responses. Different: one poller, so one invocation at a time however large the lag; the window is in
milliseconds; the pauses between attempts are ours, as AWS does not document its own.
https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html
"""

import asyncio
import contextlib
import logging
import time
from collections import deque
from itertools import chain

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError

from local.aws.function import Invoke
from local.aws.kafka_batch import KafkaBatch, Partition
from local.aws.kafka_payload import (
    MAX_RECORDS_BYTES,
    KafkaRecord,
    default_arn,
    kafka_event,
    payload_bytes,
)

logger = logging.getLogger(__name__)

IDLE_SECONDS = 5.0  # how long one wait for records lasts; any length would do
# A broker may hand out what it has piecemeal (librdkafka's mock: one produced batch a fetch). Past its window a batch
# is whole when nothing has come for so long, or when even so it has been filled for so long.
QUIET_SECONDS = 0.03
DRAIN_SECONDS = 1.0
LEAST_OF_WINDOW = 0.4
STOP_SECONDS = 2.0  # for an invocation under way, and for leaving the group
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0


class EventSourceMapping:
    """Invokes `function` with what arrives on `topic`; starts from the oldest record (TRIM_HORIZON).

    Records older than `maximum_record_age_seconds` are given up, -1 = never; `dropped` counts them and those
    too large for an event.
    """

    def __init__(
        self,
        *,
        function: str,
        topic: str,
        group: str,
        bootstrap: str,
        invoke: Invoke,
        batch_size: int,
        window_ms: int,
        maximum_record_age_seconds: float = -1,
        report_batch_item_failures: bool = False,
        max_bytes: int = MAX_RECORDS_BYTES,
        arn: str = default_arn(),
    ) -> None:
        self.dropped = 0
        self._function = function
        self._topic = topic
        self._group = group
        self._bootstrap = bootstrap
        self._invoke = invoke
        self._batch_size = batch_size
        self._window = window_ms / 1000
        self._maximum_age = maximum_record_age_seconds
        self._report_failures = report_batch_item_failures
        self._max_bytes = max_bytes
        self._arn = arn
        self._held: deque[KafkaRecord] = deque()  # read, but of no batch yet
        self._generation = 0  # of the assignment; what was read under an older one is read again
        self._attempt = asyncio.Lock()  # held from an invocation's start to its commit
        self._consumer: AIOKafkaConsumer | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def ready(self) -> bool:
        """Whether partitions are assigned, so that a record sent now is read."""
        return self._consumer is not None and bool(self._consumer.assignment())

    async def start(self) -> None:
        """Begin; returns at once, `ready` tells the rest. Kafka may come and go."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Leave the group, after the invocation under way if that ends soon; else it is delivered again."""
        if self._task is None:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._quiet(), STOP_SECONDS)
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None

    async def revoked(self) -> None:
        """Partitions are about to be taken away: forget what was read, once the attempt under way is over."""
        self._generation += 1
        self._held.clear()
        await self._quiet()

    async def _quiet(self) -> None:
        async with self._attempt:
            pass

    async def _run(self) -> None:
        while True:
            consumer = self._make_consumer()
            try:
                await consumer.start()
                self._consumer = consumer
                while True:
                    await self._deliver(consumer, await self._gather(consumer))
            except Exception as error:  # whatever it was, a new consumer starts from what is committed
                logger.warning("%s: reading %s failed, trying again: %r", self._function, self._topic, error)
            finally:
                self._consumer = None
                self._held.clear()
                await self._close(consumer)
            await asyncio.sleep(FIRST_PAUSE_SECONDS)

    def _make_consumer(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            # A fetch under way does not cover a partition whose records were being read when it was sent:
            # this is how long that partition waits. (librdkafka's mock broker waits this long in any case.)
            fetch_max_wait_ms=50 if self._window else 20,
            metadata_max_age_ms=5_000,  # a topic made later is noticed after at most that
            session_timeout_ms=6_000,  # a killed emulator's share is free again after that
            heartbeat_interval_ms=2_000,
            max_poll_interval_ms=24 * 3600 * 1000,  # a batch may be tried for as long as it takes
            rebalance_timeout_ms=60_000,
        )
        consumer.subscribe([self._topic], listener=_Listener(self))
        return consumer

    async def _close(self, consumer: AIOKafkaConsumer) -> None:
        try:
            await asyncio.wait_for(consumer.stop(), STOP_SECONDS)
        except Exception as error:
            logger.warning("%s: could not leave group %s: %r", self._function, self._group, error)

    async def _gather(self, consumer: AIOKafkaConsumer) -> list[KafkaRecord]:
        """At least one record: full by number or size, or all there is once its first is as old as the window."""
        batch: list[KafkaRecord] = []
        generation, room, deadline = self._generation, self._max_bytes, 0.0
        while True:
            if generation != self._generation:  # those in `batch` will come again
                batch, generation, room = [], self._generation, self._max_bytes
            had_any = bool(batch)
            taken = self._take(self._batch_size - len(batch), room)
            batch += taken
            room -= sum(map(payload_bytes, taken))
            now = time.monotonic()
            if batch and not had_any:
                # What came while the last invocation was under way has waited already; yet a relay that is late needs
                # larger batches, not sooner ones.
                deadline = now + max(LEAST_OF_WINDOW * self._window, self._window - _age(batch[0]))
            if batch and (self._held or len(batch) >= self._batch_size or now >= deadline + DRAIN_SECONDS):
                return batch
            wait = max(deadline - now, QUIET_SECONDS) if batch else IDLE_SECONDS
            found = await consumer.getmany(timeout_ms=int(wait * 1000) + 1, max_records=self._batch_size)
            self._held.extend(chain.from_iterable(found.values()))
            if batch and not found and time.monotonic() >= deadline:
                return batch

    def _take(self, number: int, room: int) -> list[KafkaRecord]:
        """Take up to `number` held records that fit `room` bytes together; drop those that never fit."""
        taken: list[KafkaRecord] = []
        while self._held and len(taken) < number:
            size = payload_bytes(self._held[0])
            if size > self._max_bytes:
                record = self._held.popleft()
                self.dropped += 1
                logger.error("%s: %s-%d@%d is too large", self._function, *_place(record))
                continue
            if size > room:
                break
            room -= size
            taken.append(self._held.popleft())
        return taken

    async def _deliver(self, consumer: AIOKafkaConsumer, records: list[KafkaRecord]) -> None:
        """Invoke and commit, over and over, until nothing is left of the batch or its partitions are gone."""
        batch = KafkaBatch(records)
        generation = self._generation
        pause = FIRST_PAUSE_SECONDS
        while batch:
            async with self._attempt:
                if generation != self._generation:
                    return
                before = batch.positions
                self._drop_old(batch)
                if batch:
                    await self._try(batch)
                await self._commit(consumer, batch, before)
            if batch:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _drop_old(self, batch: KafkaBatch) -> None:
        if self._maximum_age < 0:
            return
        dropped = batch.drop_older_than((time.time() - self._maximum_age) * 1000)
        if dropped:
            self.dropped += dropped
            logger.error("%s: gave up %d records of %s as too old", self._function, dropped, self._topic)

    async def _try(self, batch: KafkaBatch) -> None:
        event = kafka_event(batch.records, arn=self._arn, bootstrap=self._bootstrap)
        try:
            response = await self._invoke(self._function, event)
        except Exception as error:
            logger.warning("%s: %d records of %s failed: %s", self._function, len(batch.records), self._topic, error)
            return
        if not self._report_failures:
            batch.succeed()
        elif not batch.succeed_but_for(response):
            logger.warning("%s: batchItemFailures names no record of the batch: %.200s", self._function, response)

    async def _commit(self, consumer: AIOKafkaConsumer, batch: KafkaBatch, before: dict[Partition, int]) -> None:
        moved = {TopicPartition(*name): at for name, at in batch.positions.items() if at != before[name]}
        if not moved:
            return
        try:
            await consumer.commit(moved)
        except (CommitFailedError, IllegalStateError) as error:
            logger.warning("%s: partitions were taken away, records may come again: %s", self._function, error)


def _age(record: KafkaRecord) -> float:
    """Seconds since it was produced, 0 if that is not known."""
    return max(0.0, time.time() - record.timestamp / 1000) if record.timestamp >= 0 else 0.0


def _place(record: KafkaRecord) -> tuple[str, int, int]:
    return record.topic, record.partition, record.offset


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    def __init__(self, mapping: EventSourceMapping) -> None:
        self._mapping = mapping

    async def on_partitions_revoked(self, revoked: object) -> None:
        await self._mapping.revoked()

    async def on_partitions_assigned(self, assigned: object) -> None:
        pass
