"""A notice to some users: all of their connections see it, in every slice, and nobody else learns of it."""

import json
from typing import Any

import pytest

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC
from tests.story.archived import Archived
from tests.story.moderator import Moderator
from tests.story.rooms import Rooms, Servers, running
from tests.story.topics import produce, records
from tests.story.viewer import CHAT, NOTICE, Viewer

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]


async def send(rooms: Rooms, activity: int, name: str, to: Any, **headers: str) -> int:
    body = {"name": name, "data": {"code": name}, "to": to}
    answer = await rooms.http.post(f"/api/activities/{activity}/notices", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["seq"])


def notices(viewer: Viewer) -> list[tuple[str, str | None]]:
    return [(said["name"], said.get("to")) for said in viewer.all_of(NOTICE)]


async def everybody_hears(speaker: Viewer, *others: Viewer) -> None:
    """Return when whatever was published before has been shown."""
    seq = (await speaker.say("end"))["seq"]
    for viewer in (speaker, *others):
        await viewer.told_of(CHAT, seq=seq)


async def test_all_connections_of_those_users_see_it_in_every_slice_and_nobody_else(
    own_servers: Servers, activity: int
) -> None:
    async with running(own_servers, slices=2) as rooms:
        tabs = [await rooms.enter(activity, "bob", classic=number % 2 == 0) for number in range(4)]
        carol, dave = await rooms.enter(activity, "carol"), await rooms.enter(activity, "dave", classic=True)
        host = await rooms.enter(activity, "host", userId="platform")
        one = await send(rooms, activity, "one", "bob")
        both = await send(rooms, activity, "both", ["carol", "bob", "absent", "carol"])
        await everybody_hears(dave, host, carol, *tabs)
        for tab in tabs:
            assert notices(tab) == [("one", "bob"), ("both", "bob")]
            said = tab.all_of(NOTICE)[1]
            assert said == {
                "messageType": NOTICE,
                "seq": both,
                "name": "both",
                "data": {"code": "both"},
                "time": said["time"],
                "to": "bob",
            }
        assert notices(carol) == [("both", "carol")]
        # Neither the sender's user nor anybody else.
        assert notices(dave) == notices(host) == []
        assert one < both


async def test_no_history_no_resume_and_no_list_has_it_and_the_archive_knows_whom_it_was_for(
    rooms: Rooms, servers: Servers, activity: int
) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    public = await Moderator(rooms, activity).notice("public", None)
    seqs = [await send(rooms, activity, "one", "bob"), await send(rooms, activity, "two", ["bob", "carol"])]
    await everybody_hears(alice, bob)
    assert notices(bob) == [("public", None), ("one", "bob"), ("two", "bob")]
    for name in ("alice", "bob", "carol", "eve"):
        for classic in (False, True):
            viewer = await rooms.enter(activity, name, classic=classic, since=alice.welcome["cursor"])
            told = [*viewer.welcome["history"], *viewer.told]
            assert [said["seq"] for said in told if said.get("messageType") == NOTICE] == [public], name
            assert not any(secret in json.dumps(told) for secret in ("one", "two"))
    archived = Archived(rooms, servers.kafka_bootstrap, servers.aws_endpoint, activity)
    await archived.caught_up()
    everything = await archived.everything()
    kept = {item["name"]: (item["sk"], item.get("to"), item.get("targets")) for item in everything if "name" in item}
    assert kept == {
        "public": (f"m#{public:016d}", None, None),
        "one": (f"p#{seqs[0]:016d}", "bob", None),
        "two": (f"p#{seqs[1]:016d}", None, '["bob","carol"]'),
    }
    assert [said["seq"] for said in await archived.listed() if said["messageType"] == NOTICE] == [public]
    for topic in (LIVE_TOPIC, SAVE_TOPIC):
        found = await records(servers.kafka_bootstrap, topic, activity)
        to = [one["to"] for one in found if one["messageType"] == NOTICE]
        assert to == [None, "bob", ["bob", "carol"]], topic


async def test_a_call_that_is_made_again_is_shown_once(rooms: Rooms, activity: int) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob")
    first = await send(rooms, activity, "n", ["bob", "carol"], **{"Idempotency-Key": "k1"})
    await bob.told_of(NOTICE, seq=first)
    assert await send(rooms, activity, "n", ["bob", "carol"], **{"Idempotency-Key": "k1"}) == first
    await everybody_hears(alice, bob)
    assert (notices(bob), notices(alice)) == ([("n", "bob")], [])


async def test_another_system_may_name_some_and_a_wrong_list_is_for_nobody(
    rooms: Rooms, servers: Servers, activity: int
) -> None:
    alice, bob = await rooms.enter(activity, "alice"), await rooms.enter(activity, "bob", classic=True)
    record = {"activityId": activity, "messageType": NOTICE, "name": "n", "userId": "erp"}
    wrong: list[Any] = [[], ["u"] * 101, ["bob", 7], ["bob", ""], ["a\u202eb"], {"bob": 1}]
    right: list[Any] = [["bob", "bob"], ["eve", "bob"]]
    values = [json.dumps({**record, "to": to}).encode() for to in (*wrong, *right)]
    await produce(servers.kafka_bootstrap, activity, *values)
    await everybody_hears(alice, bob)
    assert (notices(bob), notices(alice)) == ([("n", "bob")] * 2, [])


async def test_a_hundred_users_each_see_theirs(rooms: Rooms, activity: int) -> None:
    users = ["名" * 60 + f"{number:04}" for number in range(100)]
    some = [await rooms.enter(activity, f"v{number}", userId=users[number]) for number in (0, 50, 99)]
    alice = await rooms.enter(activity, "alice")
    await send(rooms, activity, "all", users)
    await everybody_hears(alice, *some)
    assert [notices(viewer) for viewer in some] == [[("all", users[number])] for number in (0, 50, 99)]
    assert notices(alice) == []
