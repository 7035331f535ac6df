import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from functions.adapters.aws.credentials import CredentialSource
from functions.adapters.kafka import room_log
from functions.adapters.kafka.room_log import (
    IDLE_SECONDS,
    PUBLISH_SECONDS,
    REQUEST_SECONDS,
    LogUnavailable,
    OutcomeUnknown,
    RoomLog,
)
from functions.adapters.kafka.sign_in import KafkaTokens
from functions.manifest import FUNCTIONS, LIVE_TOPIC, SAVE_TOPIC
from functions.rooms.events import Chat, Event, Who
from local.servers.kafka import EmbeddedKafka
from tests.functions.adapters.kafka.signing_broker import signing_broker


def chat(content: str, room: int = 42) -> Event:
    return Chat(activity_id=room, time=1_700_000_000_000, who=Who(user_id="u", username="U"), content=content)


async def publish(log: RoomLog, event: Event) -> Event:
    live = await log.publish_live(event)
    await log.publish_saved(live)
    return live


class Wall:
    """A clock on the wall, which goes on in a freeze."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def writing_to(
    bootstrap: str, *, tokens: KafkaTokens | None = None, wall: Callable[[], float] = time.time
) -> AsyncIterator[RoomLog]:
    log = RoomLog(bootstrap=bootstrap, live_topic=LIVE_TOPIC, save_topic=SAVE_TOPIC, tokens=tokens, clock=wall)
    try:
        yield log
    finally:
        await log.close()


async def read_room(bootstrap: str, topic: str, room: int) -> list[tuple[TopicPartition, int, dict[str, Any]]]:
    """Everything that stands in a topic for a room, in order."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap)
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for number in await consumer._client._wait_on_metadata(topic)]
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        ends = await consumer.end_offsets(partitions)
        found = []
        while any([await consumer.position(partition) < ends[partition] for partition in partitions]):
            for partition, records in (await consumer.getmany(timeout_ms=200)).items():
                ours = [record for record in records if record.key == str(room).encode()]
                found += [(partition, record.offset, json.loads(record.value)) for record in ours]
        return found
    finally:
        await consumer.stop()


@pytest.mark.kafka
async def test_what_is_published_stands_in_both_topics_under_the_rooms_key(kafka_bootstrap: str) -> None:
    async with writing_to(kafka_bootstrap) as log:
        first = await publish(log, chat("one", room=1001))
        second = await publish(log, chat("two", room=1001))
    live = await read_room(kafka_bootstrap, LIVE_TOPIC, 1001)
    saved = await read_room(kafka_bootstrap, SAVE_TOPIC, 1001)
    assert [record["content"] for _, _, record in live] == ["one", "two"]
    assert [offset for _, offset, _ in live] == [first.seq, second.seq]
    assert len({partition for partition, _, _ in live}) == 1
    assert [record["seq"] for _, _, record in saved] == [first.seq, second.seq]
    assert "seq" not in live[0][2]


@pytest.mark.kafka
async def test_a_rooms_seq_rises(kafka_bootstrap: str) -> None:
    async with writing_to(kafka_bootstrap) as log:
        seqs = [(await log.publish_live(chat(str(number), room=1002))).seq for number in range(5)]
    assert None not in seqs
    assert seqs == sorted(set(seqs))  # type: ignore[type-var]


@pytest.mark.kafka
async def test_a_saved_event_keeps_the_seq_it_was_given(kafka_bootstrap: str) -> None:
    async with writing_to(kafka_bootstrap) as log:
        await log.publish_saved(replace(chat("late", room=1003), seq=7))
    ((_, _, record),) = await read_room(kafka_bootstrap, SAVE_TOPIC, 1003)
    assert record["seq"] == 7


async def test_brokers_that_are_away_are_said_to_be_away() -> None:
    async with writing_to("127.0.0.1:1") as log:
        with pytest.raises(LogUnavailable):
            await log.publish_live(chat("lost"))
        with pytest.raises(LogUnavailable):
            await log.ping()


async def test_connections_that_were_cut_during_a_freeze_are_made_anew() -> None:
    kafka = EmbeddedKafka()
    await kafka.start()
    try:
        async with writing_to(kafka.address) as log:
            first = await publish(log, chat("before"))
            producer = log._producer
            await kafka.down()
            await kafka.up()
            second = await publish(log, chat("after"))
            assert log._producer is producer
        assert (first.seq, second.seq) == (0, 1)
    finally:
        await kafka.stop()


async def test_after_a_freeze_a_new_producer_takes_the_place_of_the_one_whose_connections_may_be_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kafka, wall, given_up = EmbeddedKafka(), Wall(), asyncio.Event()
    never = asyncio.Event()

    async def deaf(producer: AIOKafkaProducer) -> None:
        given_up.set()
        await never.wait()

    await kafka.start()
    try:
        async with writing_to(kafka.address, wall=wall) as log:
            await publish(log, chat("before"))
            producer = log._producer
            wall.now += IDLE_SECONDS
            await publish(log, chat("a pause"))
            assert log._producer is producer
            wall.now += IDLE_SECONDS + 1
            with monkeypatch.context() as patched:
                patched.setattr(room_log, "_abandon", deaf)
                seqs = [(await publish(log, chat("after"))).seq, (await publish(log, chat("and on"))).seq]
                assert given_up.is_set()
            assert log._producer is not producer
            assert seqs == [2, 3]
            never.set()
            assert producer is not None
            await producer.stop()
    finally:
        await kafka.stop()


async def test_a_producer_that_is_replaced_is_closed_behind_it() -> None:
    kafka, wall = EmbeddedKafka(), Wall()
    await kafka.start()
    try:
        async with writing_to(kafka.address, wall=wall) as log:
            await publish(log, chat("before"))
            producer = log._producer
            assert producer is not None
            wall.now += IDLE_SECONDS + 1
            await publish(log, chat("after"))
            assert log._producer is not producer
        assert producer._closed
        assert not producer.client._conns or not any(conn.connected() for conn in producer.client._conns.values())
    finally:
        await kafka.stop()


async def test_brokers_that_refuse_at_first_are_tried_again() -> None:
    refused = 0

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal refused
        refused += 1
        writer.close()
        if refused == 2:
            server.close()

    kafka = EmbeddedKafka()
    await kafka.start()
    # One broker that is full, and that is gone afterwards; the other is there from the first try on, behind it.
    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        async with writing_to(f"127.0.0.1:{port}") as log:
            publishing = asyncio.create_task(log.publish_live(chat("patient")))
            async with asyncio.timeout(PUBLISH_SECONDS):
                await server.wait_closed()
            log._bootstrap = kafka.address
            assert (await publishing).seq == 0
        assert refused == 2
    finally:
        await kafka.stop()


def test_a_function_has_the_time_for_all_that_it_may_publish_in_a_row() -> None:
    timeouts = {row.name: row.timeout_seconds for row in FUNCTIONS}
    assert timeouts["connect"] > 2 * PUBLISH_SECONDS
    assert 29 > timeouts["message"] > 4 * PUBLISH_SECONDS
    assert timeouts["disconnect"] > 2 * PUBLISH_SECONDS
    assert PUBLISH_SECONDS > 2 * REQUEST_SECONDS  # a connection that is silent costs the first of them


async def test_what_was_refused_while_kafka_was_away_is_never_delivered_later() -> None:
    kafka = EmbeddedKafka()
    await kafka.start()
    try:
        async with writing_to(kafka.address) as log:
            await log.publish_live(chat("before"))
            await kafka.down()
            with pytest.raises(LogUnavailable):
                await log.publish_live(chat("refused"))
            await kafka.up()
            await log.publish_live(chat("after"))
            contents = [record["content"] for _, _, record in await read_room(kafka.address, LIVE_TOPIC, 42)]
        assert contents == ["before", "after"]
    finally:
        await kafka.stop()


async def test_nobody_knows_what_becomes_of_a_record_that_a_broker_took_and_did_not_acknowledge() -> None:
    kafka = EmbeddedKafka()
    await kafka.start()
    try:
        async with writing_to(kafka.address) as log:
            await log.publish_live(chat("before"))
            await kafka.pause()
            with pytest.raises(OutcomeUnknown):
                await log.publish_live(chat("unknown"))
            await kafka.resume()
            await log.publish_live(chat("after"))
            contents = [record["content"] for _, _, record in await read_room(kafka.address, LIVE_TOPIC, 42)]
        assert [content for content in contents if content != "unknown"] == ["before", "after"]
        assert contents.count("unknown") <= 1
    finally:
        await kafka.stop()


async def test_a_record_that_was_given_to_no_broker_is_certainly_not_in_the_log() -> None:
    kafka = EmbeddedKafka()
    await kafka.start()
    try:
        async with writing_to(kafka.address) as log:
            await log.publish_live(chat("before"))
            await kafka.down()
            with pytest.raises(LogUnavailable):
                await log.publish_live(chat("the connection may have been there"))
            with pytest.raises(LogUnavailable) as raised:
                await log.publish_live(chat("nothing is there"))
            assert not isinstance(raised.value, OutcomeUnknown)
            await kafka.pause()
            with pytest.raises(LogUnavailable) as raised:
                await log.publish_live(chat("nobody answers, and nobody was given a record"))
            assert not isinstance(raised.value, OutcomeUnknown)
            await kafka.resume()
    finally:
        await kafka.stop()


@pytest.mark.kafka
async def test_ping_returns_when_a_broker_answers(kafka_bootstrap: str) -> None:
    async with writing_to(kafka_bootstrap) as log:
        async with asyncio.timeout(10):
            await log.ping()


async def test_without_credentials_the_log_is_unavailable_and_it_says_why() -> None:
    tokens = KafkaTokens(CredentialSource({}), "eu-west-1")
    async with signing_broker() as bootstrap, writing_to(bootstrap, tokens=tokens) as log:
        with pytest.raises(LogUnavailable, match="no token can be made: neither AWS_ACCESS_KEY_ID"):
            await publish(log, chat("unsigned"))


async def test_credentials_that_are_missing_when_a_broker_asks_for_them_are_no_error_of_another_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def in_plain(tokens: KafkaTokens) -> dict[str, Any]:
        return {
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "OAUTHBEARER",
            "sasl_oauth_token_provider": tokens,
        }

    class Once(KafkaTokens):
        async def token(self) -> str:
            if not asked:
                asked.append(True)
                return "one"
            return await super().token()

    asked: list[bool] = []
    monkeypatch.setattr(room_log, "signing_in", in_plain)
    tokens = Once(CredentialSource({}), "eu-west-1")
    async with signing_broker() as bootstrap, writing_to(bootstrap, tokens=tokens) as log:
        with pytest.raises(LogUnavailable):
            await publish(log, chat("unsigned"))
    assert asked
