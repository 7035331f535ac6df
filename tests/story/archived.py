"""What is kept of a room, read as others read it, and what it has to be."""

import asyncio
import json
from collections import defaultdict
from decimal import Decimal
from typing import Any

import boto3
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from functions.manifest import PARTITIONS, SAVE_TOPIC
from local.deployment import FAILURE_QUEUE, TABLE
from local.servers.moto import REGION
from tests.story.rooms import Rooms
from tests.story.talkers import Said
from tests.story.topics import Record, produced, records
from tests.story.viewer import CHAT, PATIENCE, Object, Viewer

JOINED, LEFT = 1, 2
MINUTE_MS = 60_000
PAGE = 23
ALL_PARTITIONS = [TopicPartition(SAVE_TOPIC, number) for number in range(PARTITIONS)]

Item = dict[str, Any]


class Archived:
    """One room's part of the archive, behind the HTTP API of `rooms`, in the table and the failure queue of moto."""

    def __init__(self, rooms: Rooms, bootstrap: str, moto_url: str, activity: int) -> None:
        self._rooms = rooms
        self._bootstrap = bootstrap
        self._activity = activity
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any", "region_name": REGION}
        self._dynamodb = boto3.Session(**keys).resource("dynamodb", endpoint_url=moto_url).Table(TABLE)
        self._sqs = boto3.Session(**keys).client("sqs", endpoint_url=moto_url)
        self._queue_url = self._sqs.get_queue_url(QueueName=FAILURE_QUEUE)["QueueUrl"]

    async def listed(self) -> list[Object]:
        """All messages as the HTTP API lists them, page by page."""
        found: list[Object] = []
        query: dict[str, int] = {"limit": PAGE}
        while True:
            page = await self._get("messages", query)
            found += page["messages"]
            if page["before"] is None:
                return found
            query["before"] = page["before"]

    async def watch_time(self) -> Object:
        """Who watched longest, as the HTTP API tells it."""
        return await self._get("watch-time", {"limit": 100})

    async def report(self) -> Object:
        """What the last day has come to, as the HTTP API tells it."""
        report = await self._get("report", {})
        del report["from"], report["to"]  # which go on with the clock
        return report

    async def _get(self, name: str, query: dict[str, int]) -> Object:
        response = await self._rooms.http.get(f"/api/activities/{self._activity}/{name}", params=query)
        assert response.status_code == 200, response.text
        told: Object = response.json()
        return told

    async def everything(self) -> list[Item]:
        """All that the table holds of the room, in order of the keys; the whole table is read for it."""
        items = await asyncio.to_thread(self._scan)
        ours = [item for item in items if item["pk"].split("#")[1] == str(self._activity)]
        return sorted(ours, key=lambda item: (item["pk"], item["sk"]))

    async def items(self, kind: str) -> dict[int, Item]:
        """The room's items of that kind, by the number that follows it."""
        return of_kind(kind, await self.everything())

    def _scan(self) -> list[Item]:
        pages = self._dynamodb.meta.client.get_paginator("scan").paginate(TableName=TABLE)
        return [item for page in pages for item in page["Items"]]

    async def set_aside(self) -> list[Object]:
        """What stands in the failure queue, whatever the room; it does not any more."""
        return await asyncio.to_thread(self._receive)

    def _receive(self) -> list[Object]:
        taken: list[Object] = []
        while messages := self._sqs.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                taken.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
        return taken

    async def saved(self) -> list[Record]:
        """The room's records on the save topic."""
        return await records(self._bootstrap, SAVE_TOPIC, self._activity)

    async def produce(self, value: bytes) -> tuple[int, int]:
        """Write a value to the save topic, under the room's key; partition and offset."""
        produced.add(value)
        async with AIOKafkaProducer(bootstrap_servers=self._bootstrap, acks="all") as producer:
            written = await producer.send_and_wait(SAVE_TOPIC, value, key=str(self._activity).encode())
        return written.partition, written.offset

    async def committed(self, group: str = "archive") -> dict[int, tuple[int, int]]:
        """How far a group has come in each partition of the save topic, and how far that goes."""
        reader = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, group_id=group, enable_auto_commit=False)
        async with reader:
            reader.assign(ALL_PARTITIONS)
            ends = await reader.end_offsets(ALL_PARTITIONS)
            return {name.partition: (await reader.committed(name) or 0, ends[name]) for name in ALL_PARTITIONS}

    async def caught_up(self, group: str = "archive") -> None:
        """Return when the group has dealt with all that stands on the save topic."""
        try:
            async with asyncio.timeout(2 * PATIENCE):
                while any(at < end for at, end in (await self.committed(group)).values()):
                    pass
        except TimeoutError:
            raise AssertionError(f"{group} has only come to {await self.committed(group)}") from None

    async def is_left_by(self, viewers: list[Viewer]) -> None:
        """Have these close, and return when the save topic says so of each."""
        await asyncio.gather(*(viewer.leave() for viewer in viewers))
        async with asyncio.timeout(PATIENCE):
            while sum(record["messageType"] == LEFT for record in await self.saved()) < len(viewers):
                pass

    async def holds(self, said: Said) -> None:
        """Assert that what was accepted is kept, once, and nothing that nobody said; and that likes and watch time are
        what the records say. The archive must have caught up."""
        everything, saved = await self.everything(), await self.saved()
        kept = {seq: (item["id"], item["text"]) for seq, item in of_kind("m", everything).items()}
        assert kept == said, f"kept {kept}, said {said}"
        told = [(chat["seq"], (chat["id"], chat["textMessage"])) for chat in await self.listed()]
        assert told == sorted(said.items(), reverse=True), f"told {told}, said {said}"
        assert {record["seq"] for record in saved if record["messageType"] == CHAT} == said.keys()
        likes = {minute: item["zanNumber"] for minute, item in of_kind("s", everything).items() if item["zanNumber"]}
        assert likes == newest_likes(saved), f"{likes} are kept, and {newest_likes(saved)} were saved"
        assert max(likes.values()) == (await self._rooms.figures(self._activity))["zanNumber"]
        await self.holds_watch_time(earned_by(saved), everything)
        await self.reports(saved, len(said))
        assert await self.set_aside() == []

    async def reports(self, saved: list[Record], chats: int) -> None:
        """Assert that the report has so many chats, and what these records tell of else."""
        report, earned = await self.report(), sum(earned_by(saved).values())
        came, left = ({record["seq"] for record in saved if record["messageType"] == kind} for kind in (JOINED, LEFT))
        assert (report["joins"], report["leaves"], report["chats"]) == (len(came), len(left), chats)
        assert report["viewers"] == len({record["userId"] for record in saved if record["messageType"] == JOINED})
        assert report["watchSeconds"] == float(earned)
        assert report["likes"] == max(record.get("zanNumber") or 0 for record in saved)
        assert report["peakOnline"] == max(record.get("onLineNumber") or 0 for record in saved)
        for name in ("joins", "leaves", "chats", "likes"):
            assert sum(minute[name] for minute in report["minutes"]) == report[name], name
        assert report["estimated"] == []

    async def holds_watch_time(self, earned: dict[str, Decimal], everything: list[Item]) -> None:
        """Assert that the sums in the table are these, and that the HTTP API tells so."""
        sums = [item for item in everything if item["pk"].startswith("watch#")]
        kept = {item["userId"]: item["seconds"] for item in sums if item["sk"] != "total" and "seconds" in item}
        assert kept == earned, f"kept {kept}, earned {earned}"
        together = sum(item["seconds"] for item in sums if item["sk"] == "total")
        assert together == sum(earned.values()), f"together {together}, earned {earned}"
        longest_first = sorted(earned.items(), key=lambda one: (-one[1], one[0]))
        assert await self.watch_time() == {
            "users": [{"userId": user, "seconds": float(seconds)} for user, seconds in longest_first],
            "totalSeconds": float(sum(earned.values())),
        }


def of_kind(kind: str, items: list[Item]) -> dict[int, Item]:
    """The items of that kind among a room's, by the number that follows it."""
    return {int(item["sk"].partition("#")[2]): item for item in items if item["sk"].startswith(f"{kind}#")}


def newest_likes(saved: list[Record]) -> dict[int, int]:
    """The total of likes at the end of each minute, whatever record tells it."""
    newest: dict[int, int] = defaultdict(int)
    for record in saved:
        if record.get("zanNumber"):
            minute = record["time"] // MINUTE_MS
            newest[minute] = max(newest[minute], record["zanNumber"])
    return dict(newest)


def earned_by(saved: list[Record]) -> dict[str, Decimal]:
    """What each user has earned by these records: the union of the stretches that they tell of, without what came after
    a later one."""
    ends: dict[str, int] = {}
    earned: dict[str, int] = defaultdict(int)
    for record in saved:
        start, end, user = record.get("watchFrom") or 0, record.get("watchTo") or 0, record.get("userId", "")
        counted = max(start, ends.get(user, 0))
        if end > counted:
            earned[user] += end - counted
            ends[user] = end
    return {user: Decimal(ms).scaleb(-3) for user, ms in earned.items()}
