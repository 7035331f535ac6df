"""Reads what is left of a run: both topics, the archive and the HTTP API. Makes the histories for the checker."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import boto3
from aiokafka import AIOKafkaConsumer, TopicPartition

from functions.manifest import LIVE_TOPIC, PARTITIONS, SAVE_TOPIC
from functions.rooms.archive import MESSAGE, PRIVATE, partition
from local.deployment import TABLE
from local.servers.moto import REGION
from tests.chaos.history import Fault, History, Outcome, Record, Stored
from tests.chaos.life import Platform
from tests.chaos.settling import LOOK_SECONDS, MOST_SECONDS
from tests.chaos.stage import HEARTBEAT_SECONDS, Stage

Item = dict[str, Any]


async def gather(stage: Stage, faults: list[Fault]) -> list[History]:
    """A history of each room, at this moment."""
    now = time.time()
    for clients in stage.rooms.values():
        for client in clients:
            client.screen.is_there = client.is_welcome
            client.screen.lane = client.lane or "seat"
    bootstrap = stage.kafka.address
    live, saved = [await read_topic(bootstrap, topic) for topic in (LIVE_TOPIC, SAVE_TOPIC)]
    items = await asyncio.to_thread(_scan, stage.moto.address)
    histories = []
    for activity, clients in stage.rooms.items():
        history = History(activity=activity, heartbeat_seconds=HEARTBEAT_SECONDS, ended=now)
        history.screens = [screen for client in clients for screen in client.screens]
        history.sendings = [sending for client in clients for sending in client.outbox.sendings]
        history.live, history.saved = live.get(activity, []), saved.get(activity, [])
        name_by_text(history)
        history.stored = stored(items, activity)
        history.faults, history.lost_state = faults, stage.lost_state
        await _ask(stage, history)
        histories.append(history)
    return histories


def name_by_text(history: History) -> None:
    """The Python client gives chats ids of its own, and tells them with the outcome. Of those without one the log tells
    it, if it has them; the texts differ."""
    ids = {record.value.get("content"): record.key[1] for record in history.live if record.key}
    for chat in history.chats:
        if chat.outcome is Outcome.UNKNOWN:
            chat.id = ids.get(chat.text, chat.id)


async def _ask(stage: Stage, history: History) -> None:
    """Add what the HTTP API tells."""
    platform = stage.platforms[history.activity]
    room, watched = await _answer(platform, ""), await _answer(platform, "/watch-time?limit=200")
    history.properties = await _answer(platform, "/properties")
    history.ended = time.time()  # the totals include what was watched until now
    history.online, history.connections = room["onlineNumber"], room["connections"]
    history.places = room.get("places", 0)
    history.likes, history.settings = room["zanNumber"], room["settings"]
    history.watched = {one["userId"]: one["seconds"] for one in watched["users"]}
    history.noticed, history.removed = frozenset(platform.noticed), frozenset(platform.removed)


async def _answer(platform: Platform, path: str) -> Any:
    """What the HTTP API answers, on a slow machine perhaps not at once."""
    async with asyncio.timeout(MOST_SECONDS):
        while True:
            status, told = await platform.call("GET", path)
            if status == 200:
                return told
            await asyncio.sleep(LOOK_SECONDS)


async def read_topic(bootstrap: str, topic: str) -> dict[int, list[Record]]:
    """All records of a topic by room, in the order of the log."""
    rooms: dict[int, list[Record]] = {}
    partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        while any([await consumer.position(one) < ends[one] for one in partitions]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                for record in batch:
                    value = json.loads(record.value)
                    read = Record(offset=record.offset, logged=record.timestamp / 1000, value=value)
                    rooms.setdefault(int(value["activityId"]), []).append(read)
    return rooms


def _scan(moto_url: str) -> list[Item]:
    keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": REGION}
    table = boto3.Session(**keys).resource("dynamodb", endpoint_url=moto_url).Table(TABLE)
    pages = table.meta.client.get_paginator("scan").paginate(TableName=TABLE)
    return [item for page in pages for item in page["Items"]]


def stored(items: Sequence[Mapping[str, Any]], activity: int) -> list[Stored]:
    """The chats and notices of a room among the items of the table."""
    return [
        Stored(seq=int(item["seq"]), user=str(item.get("userId", "")), id=item.get("id"))
        for item in items
        if item["pk"] == partition(activity) and item["sk"].partition("#")[0] in (MESSAGE, PRIVATE)
    ]
