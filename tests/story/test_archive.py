"""What the archive keeps of a room, and what it tells of it."""

import asyncio
import json
from decimal import Decimal
from uuid import uuid4

import pytest

from functions.manifest import SAVE_TOPIC
from local.app import CODE
from local.aws.cloudwatch import CloudWatch
from local.aws.event_source_mapping import EventSourceMapping
from local.aws.function_process import Launch
from local.aws.kafka_consumer import MappingConfig
from local.aws.lambda_runtime import LambdaRuntime
from local.deployment import FAILURE_QUEUE, Deployment
from local.deployment import Servers as Deployed
from local.options import Options
from local.servers.moto import MotoResources
from tests.story.archived import Archived, of_kind
from tests.story.rooms import Rooms, Servers
from tests.story.talkers import insist, talk
from tests.story.viewer import CHAT, REMOVED, Viewer

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

JOINED = 1


@pytest.fixture
def archive(rooms: Rooms, servers: Servers, activity: int) -> Archived:
    """That of the test's room."""
    return Archived(rooms, servers.kafka_bootstrap, servers.aws_endpoint, activity)


async def heard(viewer: Viewer, text: str) -> int:
    """Say it; its seq, once it is shown."""
    seq: int = (await viewer.say(text))["seq"]
    await viewer.told_of(CHAT, seq=seq)
    return seq


async def test_what_was_said_is_listed_as_viewers_got_it(rooms: Rooms, archive: Archived, activity: int) -> None:
    alice = await rooms.enter(activity, "alice", avatar="https://example.org/a.png")
    bob = await rooms.enter(activity, "bob")
    shown = {"name": "coupon", "data": {"off": 5, "für": ["alle", None, 1.5]}}
    await alice.say("hello 😀", id="c1")
    await rooms.http.post(f"/api/activities/{activity}/notices", json=shown)
    await bob.send({"messageType": CHAT, "message": "without an id"})
    await heard(bob, "end")
    await alice.hears("end")
    await archive.caught_up()
    told = [said for said in alice.told if said.get("messageType") in (CHAT, 10)]
    assert len(told) == 4
    assert await archive.listed() == told[::-1]


async def test_a_removed_chat_is_marked_and_private_chat_is_never_listed(
    rooms: Rooms, archive: Archived, activity: int
) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    kept, removed = await heard(alice, "kept"), await heard(alice, "removed")
    private = (await alice.say("for bob alone", to="bob"))["seq"]
    response = await rooms.http.delete(f"/api/activities/{activity}/messages/{removed}")
    assert response.status_code == 204, response.text
    await bob.told_of(REMOVED, seq=removed)
    await archive.caught_up()
    marked, plain = await archive.listed()
    assert (plain["seq"], plain["textMessage"]) == (kept, "kept")
    assert "removed" not in plain
    assert (marked["seq"], marked["removed"], marked["userId"]) == (removed, True, "alice")
    assert "textMessage" not in marked
    items = await archive.everything()
    # Whoever looks after the rooms may still read both.
    assert of_kind("m", items)[removed]["text"] == "removed"
    assert of_kind("p", items)[private]["text"] == "for bob alone"
    assert of_kind("x", items).keys() == {removed}


async def test_watch_time_is_what_lies_between_coming_and_the_last_sign(
    rooms: Rooms, archive: Archived, activity: int
) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    second_tab = await rooms.enter(activity, "alice")
    visitors = [await rooms.enter(activity, f"visitor {number}") for number in range(5)]
    for _ in range(10):
        await asyncio.gather(*(insist(viewer, 7) for viewer in (alice, second_tab, bob, *visitors)))
    await asyncio.gather(alice.leave(), second_tab.leave())
    await archive.is_left_by([alice, bob, *visitors])
    await archive.caught_up()
    saved = await archive.saved()
    watched = {}
    for user in {record["userId"] for record in saved}:
        [came] = [record["time"] for record in saved if record["userId"] == user and record["messageType"] == JOINED]
        # Not the time of the leave: of two tabs that close at once the first may be dealt with last.
        signs = [record["time"] for record in saved if record["userId"] == user and record["watchSeconds"] is not None]
        watched[user] = Decimal(max(signs) - came).scaleb(-3)
    assert len(watched) == 7
    assert min(watched.values()) > 0
    await archive.holds_watch_time(watched, await archive.everything())


async def test_a_report_counts_people_and_not_tabs_and_a_repeated_chat_once(
    rooms: Rooms, archive: Archived, activity: int
) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    second_tab = await rooms.enter(activity, "alice")
    for viewer in (alice, second_tab, alice):
        await viewer.say("the same", id="c1")
    await alice.say("for bob alone", to="bob")
    await heard(bob, "and another")
    await insist(bob, 6, count=5)
    await second_tab.leave()
    # One after the other: of two who leave at once, the log may have the smaller count first.
    await archive.is_left_by([alice])
    await archive.is_left_by([alice, bob])
    await archive.caught_up()
    report = await archive.report()
    figures = {
        name: report[name] for name in ("peakOnline", "viewers", "joins", "leaves", "chats", "chatters", "likes")
    }
    assert figures == {"peakOnline": 2, "viewers": 2, "joins": 2, "leaves": 2, "chats": 2, "chatters": 2, "likes": 5}
    assert [(user["userId"], user["chats"]) for user in report["mostActive"]] == [("alice", 1), ("bob", 1)]
    assert report["minutes"][-1]["onlineNumber"] == 0
    await archive.reports(await archive.saved(), 2)


async def test_a_record_that_is_written_twice_is_kept_once(rooms: Rooms, archive: Archived, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    said = await talk([alice], 2)
    await alice.leave()
    await archive.is_left_by([alice])
    await archive.caught_up()
    watched, report = await archive.watch_time(), await archive.report()
    for record in await archive.saved():
        await archive.produce(json.dumps(record).encode())
    await archive.caught_up()
    assert await archive.watch_time() == watched
    assert await archive.report() == report
    assert {seq: (item["id"], item["text"]) for seq, item in (await archive.items("m")).items()} == said
    assert [(chat["seq"], chat["id"]) for chat in await archive.listed()] == [
        (seq, said[seq][0]) for seq in sorted(said, reverse=True)
    ]


async def test_what_a_new_group_reads_from_the_beginning_again_changes_nothing(
    rooms: Rooms, archive: Archived, servers: Servers, activity: int
) -> None:
    await archive.set_aside()
    viewers = [await rooms.enter(activity, f"viewer {number}") for number in range(4)]
    said = await talk(viewers, 10)
    await archive.is_left_by(viewers)
    await archive.caught_up()
    await archive.holds(said)
    before = await archive.everything()
    await read_again(archive, servers)
    assert await archive.everything() == before


async def read_again(archive: Archived, servers: Servers) -> None:
    """Give the function all that stands on the save topic once more, in batches that are cut differently."""
    queue_url = await MotoResources(servers.aws_endpoint).make_queue(FAILURE_QUEUE)
    deployed = Deployed(
        redis_url=servers.redis_url,
        kafka_bootstrap=servers.kafka_bootstrap,
        connections_url="",
        aws_url=servers.aws_endpoint,
        failure_queue_url=queue_url,
    )
    [function] = [spec for spec in Deployment(Options(), deployed, {}).functions() if spec.name == "archive"]
    runtime = LambdaRuntime([function], Launch(root=CODE.parent))
    group = f"again-{uuid4()}"
    config = MappingConfig(
        function="archive",
        topic=SAVE_TOPIC,
        group=group,
        bootstrap=servers.kafka_bootstrap,
        batch_size=17,
        window_ms=10,
        report_batch_item_failures=True,
    )
    mapping = EventSourceMapping(config, runtime.invoke, runtime.next_end, count=CloudWatch().count)
    await mapping.start()
    try:
        await archive.caught_up(group)
    finally:
        await mapping.stop()
        await runtime.stop()
