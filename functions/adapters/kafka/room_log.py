"""The room log in Kafka: what happened, in order.

Publishing returns when the brokers have the record. It raises LogUnavailable if the record is certainly not in the log,
since no broker was ever given it. It raises OutcomeUnknown if a broker may have it: the broker was given the record and
has not answered. A broker that stands still may write the record minutes later.

One producer lives as long as its execution environment. Lambda freezes the environment between events, and the producer
does not notice. Three things end it:

- A pause of more than IDLE_SECONDS. Brokers and networks drop connections during a freeze, and after the thaw each
  silent broker would cost REQUEST_SECONDS. So after such a pause a new producer is started, and the old one is closed
  in the background.
- A failed publish. The caller tells the client "unavailable", so the record must not be sent from then on. The producer
  is stopped without flushing its queue.
- The end of the environment.

A single lost connection does not end the producer. It opens another and sends the record again under the same sequence
number, so the broker writes the record once (an idempotent producer).
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError, NodeNotReadyError
from aiokafka.protocol.produce import ProduceRequest

from functions.adapters.kafka.sign_in import KafkaTokens, check, signing_in
from functions.rooms.events import Event

# A message publishes at most four times in a row. That takes less than its function's 25 seconds, and less than the
# gateway's 29.
PUBLISH_SECONDS = 5
# Short enough for a retry, on a new connection, within PUBLISH_SECONDS.
REQUEST_SECONDS = 2
IDLE_SECONDS = 60
# A broker accepts a limited rate of new connections and refuses the rest: 100 a second with IAM, 4 on a kafka.t3.small.
# So clients that were refused wait for random times.
# https://docs.aws.amazon.com/msk/latest/developerguide/limits.html
PAUSES_SECONDS = (0.3, 0.9)
BACKOFF_MS = (200, 600)


class LogUnavailable(Exception):
    """Kafka cannot be reached, or does not acknowledge a record. The record is not in the log."""


class OutcomeUnknown(LogUnavailable):
    """Nobody knows whether the record is in the log, or whether it will be."""


class Handover:
    """Counts the produce requests of a producer that a connection may have carried to a broker."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self.requests = 0
        self._send = producer.client.send
        # aiokafka says of a record that it failed, and not whether it left the process.
        producer.client.send = self._count

    async def _count(self, node_id: int, request: Any, **options: Any) -> Any:
        produces = isinstance(request, ProduceRequest)
        self.requests += produces
        try:
            return await self._send(node_id, request, **options)
        except NodeNotReadyError:
            # There was no connection.
            self.requests -= produces
            raise


class RoomLog:
    """Writes events to the live and the save topic. The producer starts with the first event."""

    def __init__(
        self,
        *,
        bootstrap: str,
        live_topic: str,
        save_topic: str,
        tokens: KafkaTokens | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """With `tokens` the producer signs in, over TLS. `clock` tells seconds since the epoch; a monotonic clock may
        stand still during a freeze."""
        self._bootstrap = bootstrap
        self._tokens = tokens
        self._live_topic = live_topic
        self._save_topic = save_topic
        self._producer: AIOKafkaProducer | None = None
        self._handover: Handover | None = None
        self._clock = clock
        self._used = 0.0
        self._starting = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    async def publish_live(self, event: Event) -> Event:
        """Write to the live topic; returns the event with its seq."""
        return replace(event, seq=await self._send(self._live_topic, event))

    async def publish_saved(self, event: Event) -> None:
        await self._send(self._save_topic, event)

    async def _send(self, topic: str, event: Event) -> int:
        handover, before = None, 0
        try:
            async with self._reaching_kafka():
                producer = await self._started()
                handover = self._handover
                before = handover.requests if handover else 0
                delivery = await producer.send(topic, event.to_record(), key=event.key())
                offset: int = (await delivery).offset
        except LogUnavailable as error:
            # A request of another record counts too: one request can carry both.
            if handover and handover.requests != before:
                raise OutcomeUnknown(str(error)) from error
            raise
        return offset

    @asynccontextmanager
    async def _reaching_kafka(self) -> AsyncIterator[None]:
        try:
            # An idempotent producer of aiokafka retries for ever.
            async with asyncio.timeout(PUBLISH_SECONDS):
                yield
        except (KafkaError, OSError, TimeoutError) as error:
            # Besides what the module says, a producer that lost a record may be in a state that it never leaves.
            producer, self._producer = self._producer, None
            if producer is not None:
                await _abandon(producer)
            raise LogUnavailable(str(error) or type(error).__name__) from error

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            self._replace_if_idle()
            for seconds in PAUSES_SECONDS:
                try:
                    return await self._start()
                except KafkaConnectionError:
                    await asyncio.sleep(seconds * random.uniform(0.5, 1.5))
            return await self._start()

    def _replace_if_idle(self) -> None:
        """After a pause, let go of the producer. It is closed in the background: dead connections close slowly."""
        idle, self._used = self._clock() - self._used, self._clock()
        if self._producer is not None and idle > IDLE_SECONDS:
            closing = asyncio.create_task(_abandon(self._producer))
            self._producer = None
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def _start(self) -> AIOKafkaProducer:
        if self._producer is None:
            await check(self._tokens)
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap,
                acks="all",
                enable_idempotence=True,
                request_timeout_ms=REQUEST_SECONDS * 1000,
                retry_backoff_ms=random.randint(*BACKOFF_MS),
                **(signing_in(self._tokens) if self._tokens else {}),
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer, self._handover = producer, Handover(producer)
        return self._producer

    async def ping(self) -> None:
        """Return when a broker answers; raises LogUnavailable."""
        async with self._reaching_kafka():
            producer = await self._started()
            await producer.client.force_metadata_update()

    async def close(self) -> None:
        """Deliver the queued records and stop."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()
        await asyncio.gather(*self._closing, return_exceptions=True)


async def _abandon(producer: AIOKafkaProducer) -> None:
    """Stop without delivering the queued records. aiokafka has no public way to do so: its `stop` flushes."""
    with suppress(KafkaError, OSError, TimeoutError, asyncio.CancelledError):
        async with asyncio.timeout(1):
            await producer._sender.close()
    producer._message_accumulator.fail_all(LogUnavailable("given up"))
    await producer.stop()
