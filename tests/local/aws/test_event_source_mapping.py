"""The mapping against a Kafka broker."""

import asyncio
import contextlib
import itertools
import json
import os
import time
import uuid
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from confluent_kafka import Producer

from local.aws.event_source_mapping import EventSourceMapping
from local.aws.function import FunctionError, JsonObject
from local.aws.kafka_consumer import MappingConfig
from tests.local.aws.kafka_batches import BROKEN, CODECS, batch, produce
from tests.local.aws.until import until

pytestmark = pytest.mark.kafka


@pytest.fixture
def broker_is_real(request: pytest.FixtureRequest) -> bool:
    return request.config.getoption("--kafka") == "real" or "KAFKA_BOOTSTRAP" in os.environ


@pytest.fixture
async def topic(kafka_bootstrap: str, broker_is_real: bool) -> str:
    """One with 4 partitions: librdkafka's mock makes it when it is first used."""
    name = f"topic-{uuid.uuid4()}"
    if broker_is_real:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic(name, 4, 1)])
        await admin.close()
    return name


@pytest.fixture
async def producer(kafka_bootstrap: str, topic: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap, max_request_size=8 * 1024 * 1024)
    await producer.start()
    await producer.partitions_for(topic)
    yield producer
    await producer.stop()


class Function:
    """Remembers what it was invoked with; fails as often as `failures` says, then returns `response`."""

    def __init__(self, failures: int = 0, responses: tuple[Any, ...] = ()) -> None:
        self.events: list[JsonObject] = []
        self.failures = failures
        self.responses = list(responses)

    async def __call__(self, name: str, event: JsonObject) -> Any:
        assert name == "relay"
        self.events.append(event)
        if self.failures:
            self.failures -= 1
            raise FunctionError("ValueError", "no")
        return self.responses.pop(0) if self.responses else None

    @property
    def batches(self) -> list[list[str]]:
        """The values of each event, partition after partition."""
        return [
            [b64decode(record["value"]).decode() for record in itertools.chain(*event["records"].values())]
            for event in self.events
        ]

    @property
    def values(self) -> list[str]:
        return list(itertools.chain(*self.batches))


Invoke = Callable[[str, JsonObject], Awaitable[Any]]


class Mapped(EventSourceMapping):
    """`dropped` is how many records were counted as dropped; `written` is done when a function may have written."""

    def __init__(self, config: MappingConfig, invoke: Invoke) -> None:
        self.written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        super().__init__(config, invoke, lambda: self.written, count=self._add)
        self.dropped = 0

    def _add(self, name: str, number: int, **dimensions: str) -> None:
        assert name == "RecordsDropped"
        assert dimensions == {"function": "relay", "topic": self._config.topic}
        self.dropped += number


@pytest.fixture
def mapped(kafka_bootstrap: str, topic: str) -> Callable[..., Any]:
    """An async context manager: a mapping of the topic, ready, stopped at the end."""

    @contextlib.asynccontextmanager
    async def running(invoke: Invoke, **settings: Any) -> AsyncIterator[Mapped]:
        defaults = {"batch_size": 1000, "window_ms": 0, "bootstrap": kafka_bootstrap}
        config = MappingConfig(function="relay", topic=topic, group=f"of-{topic}", **{**defaults, **settings})
        mapping = Mapped(config, invoke)
        await mapping.start()
        try:
            await until(lambda: mapping.ready)
            yield mapping
        finally:
            await mapping.stop()

    return running


async def committed(bootstrap: str, topic: str) -> dict[int, int | None]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=f"of-{topic}", enable_auto_commit=False)
    await consumer.start()
    try:
        return {number: await consumer.committed(TopicPartition(topic, number)) for number in range(2)}
    finally:
        await consumer.stop()


async def send(producer: AIOKafkaProducer, topic: str, values: list[str], partition: int = 0) -> None:
    for value in values:
        await producer.send(topic, value.encode(), key=b"42", partition=partition)
    await producer.flush()


def numbered(count: int, prefix: str = "") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


async def test_a_window_gathers_several_partitions_into_one_event(
    producer: AIOKafkaProducer, topic: str, mapped: Callable[..., Any], kafka_bootstrap: str
) -> None:
    function = Function()
    async with mapped(function, window_ms=3000):
        await producer.send_and_wait(
            topic, b"1", key=b"42", partition=0, timestamp_ms=1_700_000_000_000, headers=[("h", b"\xc3")]
        )
        await send(producer, topic, ["2"], partition=1)
        await send(producer, topic, ["3"], partition=0)
        await until(lambda: function.events)
    (event,) = function.events
    assert event["bootstrapServers"] == kafka_bootstrap
    assert {name: len(records) for name, records in event["records"].items()} == {
        f"{topic}-0": 2,
        f"{topic}-1": 1,
    }
    assert event["records"][f"{topic}-0"][0] == {
        "topic": topic,
        "partition": 0,
        "offset": 0,
        "timestamp": 1_700_000_000_000,
        "timestampType": "CREATE_TIME",
        "key": "NDI=",
        "value": "MQ==",
        "headers": [{"h": [-61]}],
    }
    assert await committed(kafka_bootstrap, topic) == {0: 2, 1: 1}


async def test_records_come_in_order_and_in_batches_of_the_given_size(
    producer: AIOKafkaProducer, topic: str, mapped: Callable[..., Any]
) -> None:
    # Sent before the mapping exists: it starts from the oldest record.
    await send(producer, topic, numbered(250))
    function = Function()
    async with mapped(function, batch_size=100):
        await until(lambda: len(function.values) == 250)
    assert function.values == numbered(250)
    assert max(map(len, function.batches)) <= 100


async def test_an_event_stays_below_the_limit_and_a_record_that_cannot_is_dropped(
    producer: AIOKafkaProducer, topic: str, mapped: Callable[..., Any]
) -> None:
    await send(producer, topic, ["a" * 1000, "b" * 8000, "c" * 1000, "d" * 4000, "e" * 4000, "f" * 1000])
    function = Function()
    async with mapped(function, window_ms=300, max_bytes=10_000) as mapping:
        await until(lambda: len(function.values) == 5)
        assert mapping.dropped == 1
    assert [value[0] for value in function.values] == ["a", "c", "d", "e", "f"]
    assert max(len(json.dumps(event["records"])) for event in function.events) <= 10_000


async def test_a_batch_is_tried_until_it_succeeds_and_only_then_committed(
    producer: AIOKafkaProducer, topic: str, mapped: Callable[..., Any], kafka_bootstrap: str
) -> None:
    function = Function(failures=2)
    async with mapped(function, window_ms=300):
        await send(producer, topic, ["a", "b"])
        await until(lambda: len(function.events) == 2)
        assert await committed(kafka_bootstrap, topic) == {0: None, 1: None}
        await send(producer, topic, ["c"])
        await until(lambda: "c" in function.values)
    assert function.batches == [["a", "b"], ["a", "b"], ["a", "b"], ["c"]]
    assert await committed(kafka_bootstrap, topic) == {0: 3, 1: None}


async def test_what_was_not_committed_comes_again_after_a_restart_and_nothing_else(
    producer: AIOKafkaProducer, topic: str, mapped: Callable[..., Any]
) -> None:
    function = Function()
    async with mapped(function):
        await send(producer, topic, ["a"])
        await until(lambda: function.values == ["a"])
    failing = Function(failures=1000)
    async with mapped(failing):
        await send(producer, topic, ["b"])
        await until(lambda: failing.events)
    assert set(failing.values) == {"b"}
    again = Function()
    async with mapped(again):
        await until(lambda: again.events)
    assert again.values == ["b"]


async def test_records_older_than_the_limit_are_given_up(
    producer: AIOKafkaProducer, topic: str, mapped: Callable[..., Any], kafka_bootstrap: str
) -> None:
    function = Function()
    async with mapped(function, maximum_record_age_seconds=60) as mapping:
        old = int((time.time() - 61) * 1000)
        await producer.send_and_wait(topic, b"old", partition=0, timestamp_ms=old)
        await producer.send_and_wait(topic, b"new", partition=0)
        await until(lambda: function.events)
        assert mapping.dropped == 1
    assert function.values == ["new"]
    assert await committed(kafka_bootstrap, topic) == {0: 2, 1: None}


async def test_only_what_failed_is_tried_again_where_the_function_says_so(
    producer: AIOKafkaProducer, topic: str, mapped: Callable[..., Any], kafka_bootstrap: str
) -> None:
    partial = {"batchItemFailures": [{"itemIdentifier": {"partition": f"{topic}-0", "offset": 1}}]}
    function = Function(responses=(partial, {"batchItemFailures": []}))
    async with mapped(function, window_ms=500, report_batch_item_failures=True):
        await send(producer, topic, ["a", "b", "c"])
        await until(lambda: len(function.events) == 2)
    assert function.batches == [["a", "b", "c"], ["b", "c"]]
    assert await committed(kafka_bootstrap, topic) == {0: 3, 1: None}


async def test_one_invocation_is_under_way_at_a_time_and_the_rest_gathers(
    producer: AIOKafkaProducer, topic: str, mapped: Callable[..., Any]
) -> None:
    release = asyncio.Event()
    function = Function()

    async def slow(name: str, event: JsonObject) -> None:
        await function(name, event)
        await release.wait()

    async with mapped(slow) as mapping:
        await send(producer, topic, ["first"])
        await until(lambda: function.events)
        for partition in range(4):
            await send(producer, topic, numbered(20, f"{partition}-"), partition)
        await until(lambda: mapping.gathered == 80)
        assert function.values == ["first"]
        release.set()
        await until(lambda: len(function.values) == 81)
    assert [len(batch) for batch in function.batches] == [1, 80]


async def test_records_that_never_stop_coming_hold_up_no_window(
    producer: AIOKafkaProducer, topic: str, mapped: Callable[..., Any]
) -> None:
    async def keep_sending() -> None:
        for number in itertools.count():
            await send(producer, topic, [f"r{number}"])

    for window_ms in (0, 300):
        function = Function()
        async with mapped(function, window_ms=window_ms):
            sending = asyncio.create_task(keep_sending())
            await until(lambda function=function: len(function.events) >= 5)  # type: ignore[misc]
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)


async def test_reading_that_fails_begins_anew_from_what_was_committed(
    producer: AIOKafkaProducer,
    topic: str,
    mapped: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    read = AIOKafkaConsumer.getmany
    failures = iter([True])

    async def failing(self: AIOKafkaConsumer, **options: Any) -> Any:
        found = await read(self, **options)
        if found and next(failures, False):
            raise RuntimeError("a bug of the consumer")
        return found

    monkeypatch.setattr(AIOKafkaConsumer, "getmany", failing)
    function = Function()
    async with mapped(function):
        await send(producer, topic, ["a"])
        await until(lambda: function.values == ["a"])
    assert "a bug of the consumer" in caplog.text


async def test_a_second_reader_takes_over_partitions_without_losing_or_doubling_a_record(
    producer: AIOKafkaProducer, topic: str, mapped: Callable[..., Any], broker_is_real: bool
) -> None:
    if not broker_is_real:
        pytest.skip("librdkafka's mock knows no second member")
    one, two = Function(), Function()
    sent: list[str] = []

    async def keep_sending() -> None:
        for number in itertools.count():
            value = f"r{number}"
            await send(producer, topic, [value], partition=number % 4)
            sent.append(value)
            await asyncio.sleep(0.005)

    async with mapped(one):
        sending = asyncio.create_task(keep_sending())
        async with mapped(two):
            await until(lambda: two.events)
            await until(lambda: one.events)
        seen = len(one.events)
        await until(lambda: len(one.events) > seen)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await until(lambda: set(sent) <= {*one.values, *two.values})
    assert len(one.values) + len(two.values) == len({*one.values, *two.values})


async def test_a_broker_that_is_away_at_first_is_found_later(
    producer: AIOKafkaProducer, topic: str, kafka_bootstrap: str, caplog: pytest.LogCaptureFixture
) -> None:
    function = Function()
    host, port = kafka_bootstrap.split(":")
    tasks: set[asyncio.Task[None]] = set()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(host, int(port))
        tasks.add(asyncio.create_task(copy(up_reader, writer)))
        await copy(reader, up_writer)

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    # A port that is known to be free: listening on it makes the broker reachable there.
    probe = await asyncio.start_server(forward, "127.0.0.1", 0)
    address = probe.sockets[0].getsockname()
    probe.close()
    config = MappingConfig(
        function="relay",
        topic=topic,
        group=f"of-{topic}",
        bootstrap=f"127.0.0.1:{address[1]}",
        batch_size=10,
        window_ms=0,
    )
    mapping = Mapped(config, function)
    await mapping.start()
    await until(lambda: "trying again" in caplog.text)
    server = await asyncio.start_server(forward, *address)
    await until(lambda: mapping.ready)
    await send(producer, topic, ["a"])
    await until(lambda: function.values == ["a"])
    await mapping.stop()
    server.close()
    await asyncio.gather(*tasks)


async def test_stopping_waits_for_the_invocation_under_way(
    producer: AIOKafkaProducer, topic: str, mapped: Callable[..., Any], kafka_bootstrap: str
) -> None:
    release, begun = asyncio.Event(), asyncio.Event()

    async def slow(name: str, event: JsonObject) -> None:
        begun.set()
        await release.wait()

    async with mapped(slow) as mapping:
        await send(producer, topic, ["a"])
        await asyncio.wait_for(begun.wait(), 20)
        stopping = asyncio.create_task(mapping.stop())
        await asyncio.sleep(0)
        release.set()
        await stopping
    assert await committed(kafka_bootstrap, topic) == {0: 1, 1: None}


async def test_stopping_cuts_a_pause_between_attempts(
    producer: AIOKafkaProducer, topic: str, mapped: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.aws.event_source_mapping.FIRST_PAUSE_SECONDS", 3600)
    function = Function(failures=1)
    async with mapped(function) as mapping:
        await send(producer, topic, ["a"])
        await until(lambda: function.failures == 0)
        await asyncio.wait_for(mapping.stop(), 60)


async def test_stopping_what_was_never_started_is_fine(kafka_bootstrap: str, topic: str) -> None:
    config = MappingConfig(
        function="relay", topic=topic, group="g", bootstrap=kafka_bootstrap, batch_size=1, window_ms=0
    )
    mapping = Mapped(config, Function())
    assert not mapping.ready
    await mapping.stop()


@pytest.mark.parametrize("codec", CODECS)
async def test_every_codec_of_kafka_is_read(
    kafka_bootstrap: str, producer: AIOKafkaProducer, topic: str, mapped: Callable[..., Any], codec: str
) -> None:
    other = Producer({"bootstrap.servers": kafka_bootstrap, "compression.type": codec, "linger.ms": 50})
    values = [f"{number} {'compressible ' * 20}" for number in range(100)]
    for value in values:
        other.produce(topic, value.encode(), partition=0)
    await asyncio.to_thread(other.flush)
    function = Function()
    async with mapped(function) as mapping:
        await until(lambda: len(function.values) == 100)
        assert mapping.dropped == 0
    assert function.values == values


async def test_what_cannot_be_read_is_set_aside_and_holds_up_no_record(
    kafka_bootstrap: str,
    producer: AIOKafkaProducer,
    topic: str,
    mapped: Callable[..., Any],
    broker_is_real: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if broker_is_real:
        pytest.skip("Apache Kafka takes no broken batch")
    function, lost = Function(), 0
    async with mapped(function) as mapping:
        for kind, broken in BROKEN.items():
            await produce(kafka_bootstrap, topic, 0, batch(f"before {kind}".encode()))
            offset = await produce(kafka_bootstrap, topic, 0, broken())
            lost -= offset - await produce(kafka_bootstrap, topic, 0, batch(f"after {kind}".encode(), codec="zstd"))
            await producer.send_and_wait(topic, f"beside {kind}".encode(), partition=1)
            await until(lambda kind=kind: {f"{where} {kind}" for where in ("after", "beside")} <= {*function.values})  # type: ignore[misc]
            assert f"relay: {topic}-0@{offset} " in caplog.text, kind
        assert mapping.dropped == lost
    assert [value for value in function.values if "beside" not in value] == [
        f"{where} {kind}" for kind in BROKEN for where in ("before", "after")
    ]
    assert "trying again" not in caplog.text


async def test_records_of_every_odd_shape_are_handed_on(
    kafka_bootstrap: str, producer: AIOKafkaProducer, topic: str, mapped: Callable[..., Any]
) -> None:
    function = Function()
    odd: list[JsonObject] = [
        {"value": b"no key"},
        {"value": None, "key": b"tombstone"},
        {"value": b"", "key": b""},
        {"value": b"\xff\xfe", "key": b"\xff"},
        {"value": b"h", "headers": [("", b""), ("twice", b"1"), ("twice", b"2"), ("\u540d" * 100, b"\xff" * 100)]},
        {"value": b"old", "timestamp_ms": 0},
        {"value": b"new", "timestamp_ms": 2**53},
    ]
    async with mapped(function) as mapping:
        for record in odd:
            await producer.send_and_wait(topic, partition=0, **record)
        await until(lambda: sum(len(one) for event in function.events for one in event["records"].values()) == 7)
        assert mapping.dropped == 0
    records = [record for event in function.events for one in event["records"].values() for record in one]
    assert [b64decode(record["value"]) if "value" in record else None for record in records] == [
        record["value"] for record in odd
    ]


async def test_a_record_whose_header_names_alone_exceed_an_event_is_set_aside(
    producer: AIOKafkaProducer, topic: str, mapped: Callable[..., Any]
) -> None:
    function = Function()
    async with mapped(function, max_bytes=10_000) as mapping:
        await producer.send_and_wait(topic, b"odd", partition=0, headers=[("\U0001f600" * 1000, b"")])
        await producer.send_and_wait(topic, b"next", partition=0)
        await until(lambda: function.values == ["next"])
        assert mapping.dropped == 1
