"""The room log in Kafka: what happened, in order.

`publish` returns when the brokers have the record. It raises LogUnavailable when they cannot be reached; a record that
was on its way may still have been written then, which no producer can know.

The producer lives as long as its execution environment. When that thaws, its connections may have been cut without its
knowing, and each broker that then is silent would cost REQUEST_SECONDS. So after a pause of more than IDLE_SECONDS a
new producer takes its place. A connection that is cut otherwise costs a new one; the record is sent again under the
number it had, and written once.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError

from functions.adapters.kafka_tokens import KafkaTokens, check, signing_in
from functions.rooms.events import Event

# The most that a message takes are four of these in a row, which stay below its function's 25 seconds, and they below
# the gateway's 29.
PUBLISH_SECONDS = 5
# Time for a second try, on a connection of its own.
REQUEST_SECONDS = 2
# Out of use for longer, a producer is not trusted to have connections.
IDLE_SECONDS = 60
# A broker takes so many new connections a second and refuses the rest: 100 with IAM, and 4 if it is a kafka.t3.small.
# Those who are refused do not come again all at the same time.
# https://docs.aws.amazon.com/msk/latest/developerguide/limits.html
PAUSES_SECONDS = (0.3, 0.9)
BACKOFF_MS = (200, 600)


class LogUnavailable(Exception):
    """Kafka cannot be reached, or does not acknowledge."""


class RoomLog:
    """Writes events to the live and the save topic; the producer starts with the first of them."""

    def __init__(
        self,
        *,
        bootstrap: str,
        live_topic: str,
        save_topic: str,
        tokens: KafkaTokens | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`tokens`: sign in with them, over TLS. `clock` tells seconds since the epoch, also through a freeze, in which
        a monotonic clock may stand still."""
        self._bootstrap = bootstrap
        self._tokens = tokens
        self._live_topic = live_topic
        self._save_topic = save_topic
        self._producer: AIOKafkaProducer | None = None
        self._clock = clock
        self._used = 0.0
        self._starting = asyncio.Lock()
        self._leaving: set[asyncio.Task[None]] = set()

    async def publish(self, event: Event) -> Event:
        """Write to both topics: the live one first, since its offset is the seq that the saved record carries."""
        live = await self.publish_live(event)
        await self.publish_saved(live)
        return live

    async def publish_live(self, event: Event) -> Event:
        """Write to the live topic; returns the event with its seq."""
        seq = await self._send(self._live_topic, event)
        return replace(event, seq=seq)

    async def publish_saved(self, event: Event) -> None:
        """Write to the save topic."""
        await self._send(self._save_topic, event)

    async def _send(self, topic: str, event: Event) -> int:
        async with self._reaching_kafka():
            producer = await self._started()
            delivery = await producer.send(topic, event.to_record(), key=event.key())
            offset: int = (await delivery).offset
        return offset

    @asynccontextmanager
    async def _reaching_kafka(self) -> AsyncIterator[None]:
        try:
            # An idempotent producer of aiokafka tries for ever, so the limit is ours.
            async with asyncio.timeout(PUBLISH_SECONDS):
                yield
        except (KafkaError, OSError, TimeoutError) as error:
            # Begin anew: what is refused now must not be delivered later, and a producer that lost a record may be in
            # a state that it cannot leave.
            producer, self._producer = self._producer, None
            if producer is not None:
                await _abandon(producer)
            raise LogUnavailable(str(error) or type(error).__name__) from error

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            self._leave_if_idle()
            for seconds in PAUSES_SECONDS:
                try:
                    return await self._start()
                except KafkaConnectionError:
                    await asyncio.sleep(seconds * random.uniform(0.5, 1.5))
            return await self._start()

    def _leave_if_idle(self) -> None:
        """Begin anew after a pause. The old producer is closed meanwhile: its connections may take their time."""
        idle, self._used = self._clock() - self._used, self._clock()
        if self._producer is not None and idle > IDLE_SECONDS:
            leaving = asyncio.create_task(_abandon(self._producer))
            self._producer = None
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

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
            self._producer = producer
        return self._producer

    async def ping(self) -> None:
        """Return when a broker answers."""
        async with self._reaching_kafka():
            producer = await self._started()
            await producer.client.force_metadata_update()

    async def close(self) -> None:
        """Deliver what is under way and stop."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()
        await asyncio.gather(*self._leaving, return_exceptions=True)


async def _abandon(producer: AIOKafkaProducer) -> None:
    """Stop without delivering what is still queued, for which aiokafka has no public way: `stop` flushes."""
    with suppress(KafkaError, OSError, TimeoutError, asyncio.CancelledError):
        async with asyncio.timeout(1):
            await producer._sender.close()
    producer._message_accumulator.fail_all(LogUnavailable("given up"))
    await producer.stop()
