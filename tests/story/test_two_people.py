"""Two people talk on two connections, one in each framing."""

import time

import pytest

from tests.story.rooms import Rooms
from tests.story.viewer import CHAT, COUNT, JOINED, LEFT, LIKES, REPLY, WELCOME

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


async def test_two_people_come_talk_like_and_go(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice", avatar="https://example.org/a.png")
    bob = await rooms.enter(activity, "bob", classic=True)
    assert await alice.told_of(JOINED, userId="bob") == {"messageType": JOINED, "userId": "bob", "username": "bob"}
    await alice.until(lambda: alice.online == 2)

    assert (await alice.say("hello bob"))["ok"]
    said = await bob.hears("hello bob")
    assert said["fromusername"] == said["userId"] == "alice"
    await bob.say("hello alice")
    await alice.hears("hello alice")

    await alice.like(3)
    await bob.like()
    await alice.until(lambda: alice.likes == 4)
    await bob.until(lambda: bob.likes == 4)

    await bob.leave()
    assert await alice.told_of(LEFT) == {"messageType": LEFT, "userId": "bob", "username": "bob"}
    await alice.until(lambda: alice.online == 1)


async def test_a_welcome_is_the_first_thing_told(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice", userId="a-1")
    await alice.like(7)
    await alice.until(lambda: alice.likes == 7)
    bob = await rooms.enter(activity, "bob", userId="b-2")
    assert bob.subprotocol == "live.v1"
    assert bob.told[0] == bob.welcome
    assert bob.welcome.pop("connectionId")
    epoch, _, seq = bob.welcome.pop("cursor").partition(".")
    assert epoch.isalnum()
    assert seq.isdigit()
    assert bob.welcome == {
        "messageType": WELCOME,
        "activityId": activity,
        "userId": "b-2",
        "onlineNumber": 2,
        "zanNumber": 7,
        "history": [],
        "gap": False,
        "heartbeatSeconds": 60,
        "settings": {"slowModeSeconds": 0, "frozen": False},
        "properties": {},
    }


async def test_a_classic_client_is_told_the_likes_second_and_one_object_a_frame(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice", classic=True)
    assert alice.subprotocol is None
    assert [said["messageType"] for said in alice.told[:2]] == [WELCOME, LIKES]
    assert alice.told[1] == {"messageType": LIKES, "zanNumber": 0}
    await alice.say("one")
    await alice.hears("one")
    assert set(alice.sizes) == {1}


async def test_a_chat_has_all_of_its_fields(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "Alice Ä", userId="a-1", avatar="https://example.org/a.png")
    bob = await rooms.enter(activity, "bob")
    before = time.time_ns() // 1_000_000
    reply = await alice.say("  你好 👋  ", id="c1")
    after = time.time_ns() // 1_000_000
    assert reply == {"messageType": REPLY, "id": "c1", "ok": True, "seq": reply["seq"]}
    said = await bob.told_of(CHAT)
    assert before <= said.pop("time") <= after
    assert said == {
        "messageType": CHAT,
        "seq": reply["seq"],
        "textMessage": "你好 👋",
        "fromusername": "Alice Ä",
        "userId": "a-1",
        "avatar": "https://example.org/a.png",
        "id": "c1",
    }


async def test_a_frame_without_an_id_is_answered_by_what_everybody_sees(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    await alice.send({"messageType": 4, "message": "no id"})
    assert "id" not in await alice.hears("no id")
    assert not alice.all_of(REPLY)


async def test_chat_comes_in_the_order_of_its_seq_to_everybody(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    bob = await rooms.enter(activity, "bob", classic=True)
    for number in range(20):
        await (alice, bob)[number % 2].say(f"{number}")
    await alice.hears("19")
    await bob.hears("19")
    assert alice.heard == bob.heard == [str(number) for number in range(20)]
    seqs = [said["seq"] for said in bob.all_of(CHAT)]
    assert seqs == sorted(set(seqs))


async def test_a_private_chat_reaches_its_two_ends_alone(rooms: Rooms, activity: int) -> None:
    alice, bob, carol = [await rooms.enter(activity, name) for name in ("alice", "bob", "carol")]
    bobs_other_tab = await rooms.enter(activity, "bob", classic=True)
    assert (await alice.say("for bob", to="bob"))["ok"]
    assert (await alice.say("for all"))["ok"]
    for viewer in (alice, bob, bobs_other_tab, carol):
        await viewer.hears("for all")
    assert (await bob.hears("for bob"))["to"] == "bob"
    assert alice.heard == bob.heard == bobs_other_tab.heard == ["for bob", "for all"]
    assert carol.heard == ["for all"]


async def test_the_path_form_of_the_address_works_too(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter_by(f"/websocket/{activity}/alice%20b", "alice b")
    assert alice.welcome["userId"] == "alice b"
    await alice.told_of(COUNT, onlineNumber=1)


async def test_a_heartbeat_is_not_relayed(rooms: Rooms, activity: int) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    await alice.told_of(JOINED, userId="bob")
    await bob.told_of(COUNT)
    known = len(bob.told)
    assert (await alice.beat())["ok"]
    await alice.say("the next thing")
    await bob.hears("the next thing")
    assert [said["messageType"] for said in bob.told[known:]] == [CHAT]
