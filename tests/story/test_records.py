"""What other systems find on the two topics, and what becomes of what they produce."""

import asyncio
import json
import re
import time

import pytest

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC
from tests.story.rooms import Rooms, Servers
from tests.story.topics import Record, produce, records
from tests.story.viewer import CHAT, LIKES, PATIENCE

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

JOIN, LEAVE, CHATTED, LIKED, HEARTBEAT = 1, 2, 4, 6, 7
ORIGINAL = {
    *("activityId", "messageType", "nickname", "companyId", "openid", "unionid", "avatar", "content"),
    *("zanNumber", "onLineNumber", "createTime", "updateTime"),
}
OURS = {"userId", "connectionId", "id", "time", "to", "watchSeconds", "watchFrom", "watchTo", "name", "data"}


async def both_topics(servers: Servers, activity: int) -> tuple[list[Record], list[Record]]:
    """The live and the save topic's records of a room."""
    live, saved = [await records(servers.kafka_bootstrap, topic, activity) for topic in (LIVE_TOPIC, SAVE_TOPIC)]
    return live, saved


def only(found: list[Record], kind: int) -> Record:
    """The one record of that type."""
    (record,) = [record for record in found if record["messageType"] == kind]
    return record


async def test_a_visit_stands_on_both_topics_and_the_heartbeat_on_one(
    rooms: Rooms, servers: Servers, activity: int
) -> None:
    before = time.time_ns() // 1_000_000
    alice = await rooms.enter(activity, "Alice", userId="a-1", avatar="https://example.org/a.png")
    await alice.say("hello")
    await alice.like(3)
    await alice.beat()
    await alice.leave()
    async with asyncio.timeout(PATIENCE):
        while (await records(servers.kafka_bootstrap, SAVE_TOPIC, activity))[-1]["messageType"] != LEAVE:
            pass
    live, saved = await both_topics(servers, activity)
    assert [record["messageType"] for record in live] == [JOIN, CHATTED, LIKED, LEAVE]
    assert [record["messageType"] for record in saved] == [JOIN, CHATTED, LIKED, HEARTBEAT, LEAVE]
    for record in live + saved:
        assert record.keys() >= ORIGINAL | OURS
        assert record["activityId"] == activity
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", record["createTime"])
        assert record["createTime"] == time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(record["time"] // 1000))
        assert before <= record["time"] <= time.time_ns() // 1_000_000
        who = (record["userId"], record["nickname"], record["connectionId"])
        assert who == ("a-1", "Alice", alice.welcome["connectionId"])
    assert only(saved, CHATTED)["content"] == "hello"
    assert only(saved, LIKED)["zanNumber"] == 3
    assert (only(live, JOIN)["onLineNumber"], only(live, LEAVE)["onLineNumber"]) == (1, 0)
    assert only(saved, HEARTBEAT)["watchSeconds"] >= 0
    assert only(saved, LEAVE)["watchSeconds"] >= 0
    came = only(saved, JOIN)["time"]
    for record in (only(saved, HEARTBEAT), only(saved, LEAVE)):
        assert (record["watchFrom"], record["watchTo"]) == (came, record["time"])


async def test_a_chat_carries_the_originals_companions_and_its_recipient(
    rooms: Rooms, servers: Servers, activity: int
) -> None:
    alice = await rooms.enter(activity, "alice", avatar="https://example.org/a.png")
    companions = {"company_id": 77, "openid": "o-1", "unionid": "u-1", "avatar": "https://example.org/b.png"}
    seq = (await alice.say("for bob", to="bob", id="c1", **companions))["seq"]
    live, saved = await both_topics(servers, activity)
    expected = {"companyId": "77", "openid": "o-1", "unionid": "u-1", "avatar": "https://example.org/b.png"}
    for record in (only(live, CHATTED), only(saved, CHATTED)):
        assert expected.items() <= record.items()
        assert (record["to"], record["id"], record["content"]) == ("bob", "c1", "for bob")
    assert only(saved, CHATTED)["seq"] == seq


async def test_a_refused_frame_is_not_published(rooms: Rooms, servers: Servers, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    for text in ("", "m" * 501):
        assert not (await alice.say(text))["ok"]
    await alice.say("sound")
    live, saved = await both_topics(servers, activity)
    assert only(live, CHATTED)["content"] == only(saved, CHATTED)["content"] == "sound"


@pytest.mark.parametrize(
    "garbage",
    [b"", b"not json", b"\xff\xfe", b"[]", b'{"messageType":4}', b'{"activityId":"x","messageType":4}', b"[" * 100_000],
    ids=["empty", "text", "no UTF-8", "array", "no room", "odd room", "deep"],
)
async def test_a_broken_record_is_skipped_and_blocks_nothing(
    rooms: Rooms, servers: Servers, activity: int, garbage: bytes
) -> None:
    alice = await rooms.enter(activity, "alice")
    await produce(servers.kafka_bootstrap, activity, garbage)
    await alice.say("behind it in the same partition")
    await alice.hears("behind it in the same partition")


async def test_a_record_with_the_originals_fields_alone_is_relayed(
    rooms: Rooms, servers: Servers, activity: int
) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob", classic=True)
    foreign = {
        "activityId": str(activity),
        "messageType": "4",
        "nickname": "from elsewhere",
        "companyId": 7,
        "openid": "o-1",
        "unionid": None,
        "avatar": "https://example.org/e.png",
        "content": "hello from elsewhere",
        "zanNumber": 0,
        "onLineNumber": 3,
        "createTime": "2024-01-01 08:00:00",
        "updateTime": "2024-01-01 08:00:00",
    }
    seq = await produce(servers.kafka_bootstrap, activity, json.dumps(foreign).encode())
    for viewer in (alice, bob):
        said = await viewer.told_of(CHAT)
        assert said["time"] > 0
        assert said == {
            "messageType": CHAT,
            "seq": seq,
            "textMessage": "hello from elsewhere",
            "fromusername": "from elsewhere",
            "userId": "from elsewhere",
            "avatar": "https://example.org/e.png",
            "time": said["time"],
        }


async def test_a_foreign_like_tells_the_rooms_own_total(rooms: Rooms, servers: Servers, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    await alice.like(2)
    await alice.until(lambda: alice.likes == 2)
    told = len(alice.all_of(LIKES))
    foreign = {"activityId": activity, "messageType": 6, "nickname": "elsewhere", "zanNumber": 900}
    await produce(servers.kafka_bootstrap, activity, json.dumps(foreign).encode())
    await alice.until(lambda: len(alice.all_of(LIKES)) > told)
    assert alice.likes == 2
