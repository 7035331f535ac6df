"""What the platform says of a person, and what a client puts beside a chat, as everybody gets it."""

import asyncio
import json
from typing import Any

import pytest

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC
from tests.story.rooms import Rooms, Servers
from tests.story.topics import produce, records
from tests.story.viewer import CHAT, JOINED, LEFT_OUT, PATIENCE, WHO, Viewer

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

HOST = {"role": "host", "colour": "#f00", "徽章": '"👑"'}
EXTRA = {"replyTo": 7, "mentions": ["bob"], "at": {"x": 0.25, "y": None}, "quote": '<b>"\\</b>\n'}


async def host(rooms: Rooms, activity: int, *, classic: bool = False) -> Viewer:
    return await rooms.enter(activity, "alice", classic=classic, attributes=json.dumps(HOST))


async def stored(rooms: Rooms, activity: int, seq: int) -> dict[str, Any]:
    """A message of the archive, once it is there."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = (await rooms.http.get(f"/api/activities/{activity}/messages")).json()
            for message in answer["messages"]:
                if message["seq"] == seq:
                    return dict(message)


@pytest.mark.parametrize("classic", [False, True], ids=["live.v1", "classic"])
async def test_everybody_sees_a_person_s_attributes_and_what_is_beside_a_chat(
    rooms: Rooms, servers: Servers, activity: int, classic: bool
) -> None:
    bob = await rooms.enter(activity, "bob", classic=classic)
    alice = await host(rooms, activity, classic=classic)
    joined = await bob.told_of(JOINED, userId="alice")
    assert joined == {"messageType": JOINED, "username": "alice", "userId": "alice", "attributes": HOST}
    assert "attributes" not in bob.all_of(JOINED, userId="bob")[0]

    reply = await alice.say("look", extra=EXTRA, id="c1")
    said = await bob.told_of(CHAT, seq=reply["seq"])
    assert (said["attributes"], said["extra"]) == (HOST, EXTRA)
    assert await alice.told_of(CHAT, seq=reply["seq"]) == said
    plain = await bob.told_of(CHAT, seq=(await bob.say("plain"))["seq"])
    assert not plain.keys() & {"attributes", "extra"}

    await bob.send({"messageType": 3, "id": "w1"})
    people = {user["userId"]: user for user in (await bob.told_of(WHO, id="w1"))["users"]}
    assert people == {
        "alice": {"userId": "alice", "username": "alice", "attributes": HOST},
        "bob": {"userId": "bob", "username": "bob"},
    }
    users = (await rooms.http.get(f"/api/activities/{activity}/users")).json()["users"]
    assert {user["userId"]: user for user in users} == people
    carol = await rooms.enter(activity, "carol", classic=classic)
    assert said in carol.welcome["history"]

    kept = await stored(rooms, activity, reply["seq"])
    assert kept == said
    await rooms.http.delete(f"/api/activities/{activity}/messages/{reply['seq']}")
    async with asyncio.timeout(PATIENCE):
        while "extra" in (kept := await stored(rooms, activity, reply["seq"])):
            pass
    assert (kept["removed"], kept["attributes"]) == (True, HOST)
    for topic in (LIVE_TOPIC, SAVE_TOPIC):
        found = await records(servers.kafka_bootstrap, topic, activity)
        [record] = [one for one in found if one["messageType"] == CHAT and one["id"] == "c1"]
        assert (record["attributes"], record["extra"]) == (HOST, EXTRA)
        [record] = [one for one in found if one["messageType"] == JOINED and one["userId"] == "alice"]
        assert (record["attributes"], record["extra"]) == (HOST, None)


async def test_a_private_chat_has_both_and_goes_to_its_readers_alone(rooms: Rooms, activity: int) -> None:
    alice, bob, carol = (
        await host(rooms, activity),
        await rooms.enter(activity, "bob"),
        await rooms.enter(activity, "c"),
    )
    reply = await alice.say("psst", to="bob", extra=EXTRA)
    said = await bob.told_of(CHAT, seq=reply["seq"])
    assert (said["to"], said["attributes"], said["extra"]) == ("bob", HOST, EXTRA)
    await carol.told_of(CHAT, seq=(await bob.say("end"))["seq"])
    assert carol.heard == ["end"]


async def test_the_same_id_with_another_extra_publishes_nothing(rooms: Rooms, activity: int) -> None:
    alice = await rooms.enter(activity, "alice")
    first = await alice.say("hi", id="r1", extra={"a": 1})
    await alice.told_of(CHAT, seq=first["seq"])
    await alice.send({"messageType": 4, "id": "r1", "message": "hi", "extra": {"a": 2}})
    await alice.until(lambda: len(alice.all_of(0, id="r1")) == 2)
    assert alice.all_of(0, id="r1")[1] == first
    await alice.say("end")
    await alice.hears("end")
    assert [said["extra"] for said in alice.all_of(CHAT, textMessage="hi")] == [{"a": 1}]
    assert (await stored(rooms, activity, first["seq"]))["extra"] == {"a": 1}


async def test_an_extra_beyond_its_bounds_is_refused_and_changes_nothing(rooms: Rooms, activity: int) -> None:
    alice, bob = await rooms.enter(activity, "alice", classic=True), await rooms.enter(activity, "bob")
    for number, extra in enumerate((["x"], "x", 7, {"a": "x" * 1017}, json.loads('{"a":' * 33 + "1" + "}" * 33))):
        reply = await alice.say("no", id=f"b{number}", extra=extra)
        assert (reply["error"], reply["message"].partition(" ")[0]) == ("bad_field", "extra")
    await alice.send('{"messageType":4,"message":"no","id":"inf","extra":{"a":1e999}}')
    assert (await alice.told_of(0, id="inf"))["error"] == "bad_field"
    await alice.send('{"messageType":4,"message":"no","id":"nan","extra":{"a":NaN}}')
    assert (await alice.told_of(0, error="bad_json"))["ok"] is False
    await alice.say("yes", extra={})
    assert (await bob.hears("yes"))["extra"] == {}
    assert bob.heard == ["yes"]


async def test_attributes_come_from_no_frame_and_bad_ones_let_nobody_in(rooms: Rooms, activity: int) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    alice.sends_anything = True
    await alice.say("I am the host", attributes={"role": "host"})
    assert "attributes" not in await bob.hears("I am the host")
    for wrong in ("host", "%5B%5D", '{"level":1}', '{"a":"' + "x" * 1024 + '"}', '{"a":"%00"}'):
        path = f"/websocket?activityId={activity}&username=eve&attributes={wrong}"
        assert await rooms.refusal(path) == 400, wrong


async def test_the_newest_connection_s_attributes_are_listed_and_each_chat_has_its_own(
    rooms: Rooms, activity: int
) -> None:
    first = await host(rooms, activity)
    second = await rooms.enter(activity, "alice", attributes='{"role":"guest"}')
    await second.ask(3, id="w1")
    assert (await second.told_of(WHO, id="w1"))["users"][0]["attributes"] == {"role": "guest"}
    await first.say("from the first")
    assert (await second.hears("from the first"))["attributes"] == HOST


async def test_a_producer_is_held_to_the_same_bounds_and_its_chat_is_shown(
    rooms: Rooms, servers: Servers, activity: int
) -> None:
    alice = await rooms.enter(activity, "alice")
    chat = {"activityId": activity, "messageType": 4, "userId": "erp", "nickname": "erp"}
    good = {**chat, "content": "good", "attributes": HOST, "extra": EXTRA}
    bad = [
        {**chat, "content": f"bad {number}", "attributes": attributes, "extra": extra}
        for number, (attributes, extra) in enumerate(
            [("host", []), ({"level": 1}, {"a": "x" * 1024}), ({"a": "\ud83d"}, {"a": "\ud83d"}), ({"": "x"}, "x")]
        )
    ]
    await produce(servers.kafka_bootstrap, activity, *(json.dumps(one).encode() for one in (*bad, good)))
    said = await alice.hears("good")
    assert (said["attributes"], said["extra"]) == (HOST, EXTRA)
    for number in range(len(bad)):
        assert not (await alice.hears(f"bad {number}")).keys() & {"attributes", "extra"}


async def test_full_chats_and_people_stay_within_frames(rooms: Rooms, activity: int) -> None:
    full = json.dumps({"a": "x" * 500, "b": "y" * 500})
    extra = {"a": '"' * 500}
    viewers = await asyncio.gather(
        *(rooms.enter(activity, f"v{number}", attributes=full, userId="é" * 30 + str(number)) for number in range(40))
    )
    await asyncio.gather(*(viewer.say('"' * 500, extra=extra) for viewer in viewers))

    def told() -> int:
        """How many chats were shown, or told as too many for a tick."""
        left_out: list[int] = [said["dropped"].get("chat", 0) for said in viewers[0].all_of(LEFT_OUT)]
        return len({said["seq"] for said in viewers[0].all_of(CHAT)}) + sum(left_out)

    await viewers[0].until(lambda: told() == 40)
    found: list[str] = []
    cursor: str | None = None
    for page in range(40):
        await viewers[0].ask(3, limit=200, cursor=cursor, id=f"p{page}")
        people = await viewers[0].told_of(WHO, id=f"p{page}")
        found += [user["userId"] for user in people["users"]]
        if (cursor := people["cursor"]) is None:
            break
    assert len(found) == len(set(found)) == 40
    late = await rooms.enter(activity, "late")
    await late.until(lambda: len(late.welcome["history"]) + len(late.all_of(CHAT)) == 20)
