"""Records of every kind and codec on the topics: what can be shown is shown, and nothing stops the rooms."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Producer

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC
from tests.local.aws.kafka_batches import BROKEN, CODECS, produce
from tests.story.rooms import Rooms, Servers
from tests.story.viewer import CHAT, PATIENCE

# What stands on its topics, others would have to read too.
pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module"), pytest.mark.emulator(alone=True)]

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**53, 2**63, 2**64, 10**400, 1.5, -0.0, 1e308, "", "x", "\0", "\ud800", "9" * 19, "-1"),
    *([], {}, [[]], {"a": {"b": [1]}}, {"\ud800": "\ud800"}, {"": None}, "\u202e", "x" * 70_000),
)
NOT_EVENTS = (
    *(None, b"", b"\0", b"\xff\xfe", b"garbage", b"null", b"1", b"[]", b"{}", b'""', b"{", b"NaN", b"1e999"),
    *(b"9" * 5000, b'{"a":' * 50_000, b"[" * 50_000, b"\xef\xbb\xbf{}", "{}".encode("utf-16"), b"x" * 900_000),
)


def chat(activity: int, text: str, **fields: Any) -> dict[str, Any]:
    who = {"userId": "elsewhere", "nickname": "Elsewhere", "connectionId": "c-elsewhere"}
    return {"activityId": activity, "messageType": CHAT, "content": text, **who, **fields}


def odd_events(activity: int) -> Iterator[bytes]:
    """An event of each kind with each field of each odd value."""
    fields = (
        *("activityId", "messageType", "userId", "nickname", "content", "time", "onLineNumber", "zanNumber", "to"),
        *("id", "name", "data", "connectionId", "avatar", "companyId", "seq", "watchFrom", "watchTo", "watchSeconds"),
    )
    for kind in (0, 1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 13, 99):
        for number, field in enumerate(fields):
            odd = ODD_VALUES[(number + kind) % len(ODD_VALUES)]
            yield json.dumps(chat(activity, "odd", data={"a": 1}, name="n", messageType=kind) | {field: odd}).encode()
    for odd in ODD_VALUES:
        yield json.dumps(chat(activity, "odd", data=odd)).encode()
        yield json.dumps(chat(activity, "odd", time=odd)).encode()


def producer(servers: Servers, codec: str) -> Producer:
    """It puts a room where every other client's default puts it; librdkafka has a default of its own."""
    config = {"compression.type": codec, "linger.ms": 5, "partitioner": "murmur2_random"}
    return Producer({"bootstrap.servers": servers.kafka_bootstrap, **config})


async def metric(rooms: Rooms, name: str) -> float:
    found = (await rooms.http.get("/_local/metrics")).json()["metrics"]
    return float(sum(one["sum"] for one in found if one["name"] == name))


@pytest.mark.parametrize("codec", CODECS)
async def test_a_chat_in_every_codec_is_shown(rooms: Rooms, servers: Servers, activity: int, codec: str) -> None:
    alice = await rooms.enter(activity, "alice")
    other = producer(servers, codec)
    for number in range(5):
        other.produce(LIVE_TOPIC, json.dumps(chat(activity, f"{codec} {number}")), key=str(activity))
    await asyncio.to_thread(other.flush)
    for number in range(5):
        await alice.hears(f"{codec} {number}")


async def test_records_that_are_no_events_or_odd_ones_hold_up_nobody(
    rooms: Rooms, servers: Servers, activity: int, another_activity: int
) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(another_activity, "bob")
    before = await metric(rooms, "RecordsBroken")
    others = [producer(servers, codec) for codec in CODECS]
    right, wrong = str(activity), (None, b"\xff")
    sent = [(value, (right, *wrong)[number % 3]) for number, value in enumerate(NOT_EVENTS)]
    sent += [(value, right) for value in odd_events(activity)]
    misplaced = [(value, wrong[number % 2]) for number, value in enumerate(odd_events(activity))]
    for topic in (LIVE_TOPIC, SAVE_TOPIC):
        for number, (value, key) in enumerate([*sent, *misplaced]):
            headers: list[tuple[str, str | bytes | None]] = [("odd", None), ("", b"\xff")] if number % 2 else []
            others[number % len(others)].produce(topic, value, key=key, headers=headers)
    for other in others:
        await asyncio.to_thread(other.flush)
    await alice.say("still here")
    await bob.say("here too")
    await alice.hears("still here")
    await bob.hears("here too")
    async with asyncio.timeout(PATIENCE):
        while await metric(rooms, "RecordsBroken") < before + len(NOT_EVENTS) + len(misplaced):
            await asyncio.sleep(0.05)


async def test_batches_that_cannot_be_read_are_counted_and_hold_up_nobody(
    rooms: Rooms, servers: Servers, activity: int, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--kafka") == "real":
        pytest.skip("Apache Kafka takes no broken batch")
    alice = await rooms.enter(activity, "alice")
    before = await metric(rooms, "RecordsDropped")
    for topic in (LIVE_TOPIC, SAVE_TOPIC):
        for broken in BROKEN.values():
            for partition in range(2):
                await produce(servers.kafka_bootstrap, topic, partition, broken())
    await alice.say("still here")
    await alice.hears("still here")
    async with asyncio.timeout(PATIENCE):
        while await metric(rooms, "RecordsDropped") < before + 4 * len(BROKEN):
            await asyncio.sleep(0.05)
