"""What moderators do to a room and to those in it, in token mode: each is told what happened to them, and no more."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC
from tests.story.moderator import Moderator
from tests.story.rooms import Rooms, Servers, rooms_at
from tests.story.shared_emulator import SharedEmulator
from tests.story.topics import records
from tests.story.viewer import CHAT, JOINED, LEFT, LIKES, NOTICE, PATIENCE, REMOVED, REPLY, SANCTION, SETTINGS, Viewer

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module"), pytest.mark.emulator(auth_mode="token")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rooms(emulator: SharedEmulator) -> AsyncIterator[Rooms]:
    async with rooms_at(emulator.address) as rooms:
        rooms.http.headers["Authorization"] = f"Bearer {await rooms.token(None, 'shop', caps=['admin'])}"
        yield rooms


@pytest_asyncio.fixture(loop_scope="module")
async def maud(rooms: Rooms, activity: int) -> Moderator:
    """She may moderate this one room, and publish in it."""
    return Moderator(rooms, activity, await rooms.token(activity, "m-1", name="Maud", caps=["moderate", "publish"]))


async def accepted(viewer: Viewer, text: str) -> None:
    """Return once a chat of that text is taken."""
    async with asyncio.timeout(PATIENCE):
        while not (await viewer.say(text))["ok"]:
            pass


async def both_hear(text: str, speaker: Viewer, *others: Viewer) -> None:
    """Have one say something and everybody hear it: whatever was published before has been shown then."""
    assert (await speaker.say(text))["ok"]
    for viewer in (speaker, *others):
        await viewer.hears(text)


async def handshake(rooms: Rooms, activity: int, user: str) -> int:
    """What a user who comes now is answered."""
    token = await rooms.token(activity, user)
    return await rooms.refusal(f"/websocket?activityId={activity}&token={token}")


async def test_who_is_muted_may_not_chat_and_is_told_for_how_long(rooms: Rooms, activity: int, maud: Moderator) -> None:
    alice, bob = [await rooms.enter_by_token(activity, name) for name in ("alice", "bob")]
    await maud.mute("alice", 600)
    told = await alice.told_of(SANCTION, action="muted")
    assert 590 <= told["seconds"] <= 600
    reply = await alice.say("silence me")
    assert (reply["ok"], reply["error"]) == (False, "muted")
    assert 590 <= reply["retryAfter"] <= 600
    assert (await alice.say("in private", to="bob"))["error"] == "muted"
    assert (await alice.like(2))["ok"]
    assert (await alice.beat())["ok"]
    await bob.told_of(LIKES, zanNumber=2)
    await both_hear("not my mute", bob, alice)
    assert bob.heard == ["not my mute"]
    assert not bob.all_of(SANCTION)


async def test_a_mute_holds_on_every_connection_and_after_coming_back(
    rooms: Rooms, activity: int, maud: Moderator
) -> None:
    tab = await rooms.enter_by_token(activity, "alice")
    classic = await rooms.enter_by_token(activity, "alice", classic=True)
    await maud.mute("alice", 600)
    for viewer in (tab, classic):
        await viewer.told_of(SANCTION, action="muted")
        assert (await viewer.say("hello"))["error"] == "muted"
        await viewer.leave()
    again = await rooms.enter_by_token(activity, "alice")
    assert (await again.say("hello"))["error"] == "muted"


async def test_a_mute_is_over_when_its_time_is(rooms: Rooms, activity: int, maud: Moderator) -> None:
    alice = await rooms.enter_by_token(activity, "alice")
    await maud.mute("alice", 600)
    assert (await alice.say("too early"))["error"] == "muted"
    await maud.mute("alice", 1)  # the newest counts, so a slow machine sees it hold too
    await accepted(alice, "at last")
    assert {said["error"] for said in alice.all_of(REPLY, ok=False)} == {"muted"}
    assert (await alice.hears("at last"))["userId"] == "alice"


async def test_who_is_no_longer_muted_may_chat_and_is_told(rooms: Rooms, activity: int, maud: Moderator) -> None:
    alice = await rooms.enter_by_token(activity, "alice")
    await maud.mute("alice", 600)
    await alice.told_of(SANCTION, action="muted")
    await maud.unmute("alice")
    await maud.unmute("alice")
    await both_hear("thank you", alice)
    told = [(said["action"], said["seconds"]) for said in alice.all_of(SANCTION)]
    assert told[1:] == [("unmuted", None)]


async def test_a_mute_is_of_one_room(rooms: Rooms, activity: int, another_activity: int, maud: Moderator) -> None:
    elsewhere = await rooms.enter_by_token(another_activity, "alice")
    await maud.mute("alice", 600)
    await both_hear("here I may", elsewhere)
    assert not elsewhere.all_of(SANCTION)


async def test_who_is_banned_is_cut_off_everywhere_and_kept_out(rooms: Rooms, activity: int, maud: Moderator) -> None:
    bob = await rooms.enter_by_token(activity, "bob")
    tabs = [await rooms.enter_by_token(activity, "alice", classic=classic) for classic in (False, False, True)]
    await bob.told_of(JOINED, userId="alice")
    await maud.ban("alice")
    for tab in tabs:
        await tab.closed()
        assert tab.all_of(SANCTION) == [{"messageType": SANCTION, "action": "banned", "seconds": None}]
    await bob.told_of(LEFT, userId="alice")
    await rooms.figures_become(activity, onlineNumber=1, connections=1)
    for _ in range(3):
        assert await handshake(rooms, activity, "alice") == 403
    await both_hear("still here", bob)
    assert len(bob.all_of(LEFT)) == len(bob.all_of(JOINED, userId="alice")) == 1
    assert not bob.all_of(SANCTION)

    await maud.unban("alice")
    again = await rooms.enter_by_token(activity, "alice")
    await both_hear("hello again", again, bob)
    assert not again.all_of(SANCTION, action="banned")


async def test_a_leave_is_published_once_for_all_of_a_banned_users_connections(
    rooms: Rooms, servers: Servers, activity: int, maud: Moderator
) -> None:
    for _ in range(3):
        await rooms.enter_by_token(activity, "alice")
    await maud.ban("alice")
    await rooms.figures_become(activity, onlineNumber=0, connections=0)
    for topic in (LIVE_TOPIC, SAVE_TOPIC):
        async with asyncio.timeout(PATIENCE):
            while not (left := await of_type(servers, topic, activity, LEFT)):
                pass
        assert [record["userId"] for record in left] == ["alice"]


async def test_a_ban_may_end_by_itself_and_lets_others_in(rooms: Rooms, activity: int, maud: Moderator) -> None:
    await maud.ban("alice")
    assert await handshake(rooms, activity, "alice") == 403
    await maud.ban("alice", seconds=1)
    assert await handshake(rooms, activity, "alice2") == 101
    async with asyncio.timeout(PATIENCE):
        while await handshake(rooms, activity, "alice") != 101:
            pass


async def test_a_ban_is_of_one_room(rooms: Rooms, activity: int, another_activity: int, maud: Moderator) -> None:
    elsewhere = await rooms.enter_by_token(another_activity, "alice")
    await maud.ban("alice")
    await both_hear("not banned here", elsewhere)
    assert await handshake(rooms, another_activity, "alice") == 101


async def test_who_is_kicked_is_told_once_and_may_come_back(rooms: Rooms, activity: int, maud: Moderator) -> None:
    bob = await rooms.enter_by_token(activity, "bob")
    tabs = [await rooms.enter_by_token(activity, "alice", classic=classic) for classic in (False, True)]
    await maud.kick("alice")
    # At once, while the relay may still have the event before it.
    again = await rooms.enter_by_token(activity, "alice")
    for tab in tabs:
        await tab.closed()
        assert tab.all_of(SANCTION) == [{"messageType": SANCTION, "action": "kicked", "seconds": None}]
    await both_hear("I am back", again, bob)
    assert not again.all_of(SANCTION)
    await rooms.figures_become(activity, onlineNumber=2, connections=2)


async def test_who_is_not_there_cannot_be_kicked_and_nothing_is_published(
    rooms: Rooms, servers: Servers, activity: int, maud: Moderator
) -> None:
    bob = await rooms.enter_by_token(activity, "bob")
    await maud.kick("alice")
    await both_hear("nobody was kicked", bob)
    assert not await of_type(servers, SAVE_TOPIC, activity, SANCTION)


USERS = ["a/b", "a b", "a%2Fb", "a%252Fb", "100%", "a+b", "ü?#&=", "*", "a\\b", "'\"}{", "名👋", "a:b", "[x]"]


@pytest.mark.parametrize("user", USERS)
async def test_no_user_id_keeps_a_user_from_being_muted_and_banned(
    rooms: Rooms, activity: int, maud: Moderator, user: str
) -> None:
    mallory = await rooms.enter_by_token(activity, user, name="Mallory")
    await maud.mute(user, 600)
    assert (await mallory.say("hello"))["error"] == "muted"
    await maud.ban(user)
    await mallory.closed()
    # The relay may bring "muted" behind it.
    assert "banned" in [said["action"] for said in mallory.all_of(SANCTION)]
    token = await rooms.token(activity, user, name="Mallory")
    assert await rooms.refusal(f"/websocket?activityId={activity}&token={token}") == 403


async def test_of_users_whose_ids_a_path_would_confuse_the_one_who_is_meant_is_kicked(
    rooms: Rooms, activity: int, maud: Moderator
) -> None:
    users = ["amy", "amy?x", "amy%3Fx", "amy%", "amy/", "amy#x"]
    tabs = {user: await rooms.enter_by_token(activity, user) for user in users}
    for user in reversed(users):
        await maud.kick(user)
        await tabs.pop(user).closed()
        for other, tab in tabs.items():
            assert (await tab.say(f"{other} is here"))["ok"]
    old = f"/api/activities/{activity}/users/amy%3Fx"
    assert (await rooms.http.delete(old)).status_code == 404


async def test_in_a_frozen_room_only_moderators_speak(rooms: Rooms, activity: int, maud: Moderator) -> None:
    alice = await rooms.enter_by_token(activity, "alice")
    host = await rooms.enter_by_token(activity, "host", caps=["chat", "moderate"])
    assert await maud.change(frozen=True) == {"slowModeSeconds": 0, "frozen": True}
    await alice.told_of(SETTINGS)
    reply = await alice.say("may I?")
    assert (reply["ok"], reply["error"], "retryAfter" in reply) == (False, "frozen", False)
    assert (await alice.like())["ok"]
    await both_hear("listen to me", host, alice)
    assert await maud.change(frozen=False) == {"slowModeSeconds": 0, "frozen": False}
    await both_hear("now I may", alice, host)
    assert host.heard == ["listen to me", "now I may"]


async def test_slow_mode_lets_a_user_speak_now_and_then(rooms: Rooms, activity: int, maud: Moderator) -> None:
    alice, bob = [await rooms.enter_by_token(activity, name) for name in ("alice", "bob")]
    host = await rooms.enter_by_token(activity, "host", caps=["chat", "moderate"])
    await maud.change(slowModeSeconds=120)
    assert (await alice.say("first"))["ok"]
    reply = await alice.say("second")
    assert (reply["ok"], reply["error"]) == (False, "slow_mode")
    assert 100 < reply["retryAfter"] <= 120
    assert (await bob.say("bob's first"))["ok"]
    for number in range(3):
        assert (await host.say(f"host {number}"))["ok"]
    await maud.change(slowModeSeconds=1)
    await accepted(alice, "after a while")
    await maud.change(slowModeSeconds=0)
    await both_hear("as I like", alice, bob)
    assert "second" not in bob.heard


async def test_everybody_is_told_the_settings_and_a_newcomer_in_the_welcome(
    rooms: Rooms, activity: int, maud: Moderator
) -> None:
    viewers = [await rooms.enter_by_token(activity, name, classic=name == "bob") for name in ("alice", "bob")]
    assert viewers[0].welcome["settings"] == {"slowModeSeconds": 0, "frozen": False}
    await maud.change(slowModeSeconds=30)
    for viewer in viewers:
        await viewer.told_of(SETTINGS)
    await maud.change(frozen=True)
    settings = {"slowModeSeconds": 30, "frozen": True}
    for viewer in viewers:
        await viewer.told_of(SETTINGS, settings=settings)
        changes = [said["settings"] for said in viewer.all_of(SETTINGS)]
        assert changes == [{"slowModeSeconds": 30, "frozen": False}, settings]
    assert (await rooms.enter_by_token(activity, "carol")).welcome["settings"] == settings
    assert (await rooms.figures(activity))["settings"] == settings


async def test_a_removed_chat_leaves_the_screens_and_the_history(rooms: Rooms, activity: int, maud: Moderator) -> None:
    alice, bob = [await rooms.enter_by_token(activity, name, classic=name == "bob") for name in ("alice", "bob")]
    await both_hear("stays", alice, bob)
    seq = (await alice.say("goes"))["seq"]
    await alice.hears("goes")
    await maud.remove(seq)
    for viewer in (alice, bob):
        assert await viewer.told_of(REMOVED) == {"messageType": REMOVED, "seq": seq}
    carol = await rooms.enter_by_token(activity, "carol")
    assert [said["textMessage"] for said in carol.welcome["history"]] == ["stays"]
    resumed = await rooms.enter(
        activity, "dave", token=await rooms.token(activity, "dave"), since=bob.welcome["cursor"]
    )
    assert "goes" not in str(resumed.welcome["history"])


async def test_a_notice_reaches_everybody_and_stands_in_the_history(
    rooms: Rooms, activity: int, maud: Moderator
) -> None:
    viewers = [await rooms.enter_by_token(activity, name, classic=name == "bob") for name in ("alice", "bob")]
    card = {"sku": "mug-1", "price": 12.5, "tags": ["new", None, True], "text": '名 "quoted" \u2028 </script>'}
    seq = await maud.notice("product", card)
    for viewer in viewers:
        notice = await viewer.told_of(NOTICE)
        assert notice == {
            "messageType": NOTICE,
            "seq": seq,
            "name": "product",
            "data": card,
            "time": notice["time"],
        }
        assert viewer.all_of(NOTICE) == [notice]
    carol = await rooms.enter_by_token(activity, "carol")
    assert carol.welcome["history"] == [notice]


async def of_type(servers: Servers, topic: str, activity: int, kind: int) -> list[dict[str, Any]]:
    """The room's records of that type."""
    found = await records(servers.kafka_bootstrap, topic, activity)
    return [record for record in found if record["messageType"] == kind]


async def test_both_topics_tell_who_did_what_to_whom(
    rooms: Rooms, servers: Servers, activity: int, maud: Moderator
) -> None:
    alice = await rooms.enter_by_token(activity, "alice")
    seq = (await alice.say("rude"))["seq"]
    await maud.mute("alice", 60)
    await maud.unmute("alice")
    await maud.remove(seq)
    await maud.change(slowModeSeconds=5)
    await maud.notice("coupon", {"off": 5})
    await maud.kick("alice")
    await maud.ban("alice", 60)
    await maud.ban("alice")
    await maud.unban("alice")
    expected = [
        (SANCTION, "alice", {"action": "muted", "seconds": 60}),
        (SANCTION, "alice", {"action": "unmuted", "seconds": None}),
        (REMOVED, None, {"seq": seq}),
        (SETTINGS, None, {"slowModeSeconds": 5, "frozen": False}),
        (NOTICE, None, {"off": 5}),
        (SANCTION, "alice", {"action": "kicked", "seconds": None}),
        (SANCTION, "alice", {"action": "banned", "seconds": 60}),
        (SANCTION, "alice", {"action": "banned", "seconds": None}),
        (SANCTION, "alice", {"action": "unbanned", "seconds": None}),
    ]
    for topic in (LIVE_TOPIC, SAVE_TOPIC):
        found = [
            record
            for record in await records(servers.kafka_bootstrap, topic, activity)
            if record["messageType"] in (REMOVED, NOTICE, SANCTION, SETTINGS)
        ]
        assert [(record["messageType"], record["to"], record["data"]) for record in found] == expected
        assert {(record["userId"], record["nickname"]) for record in found} == {("m-1", "Maud")}


async def test_who_may_not_moderate_changes_nothing(
    rooms: Rooms, servers: Servers, activity: int, another_activity: int
) -> None:
    alice, bob = [await rooms.enter_by_token(activity, name) for name in ("alice", "bob")]
    seq = (await alice.say("mine"))["seq"]
    tokens = {
        "a viewer's": (await rooms.token(activity, "bob"), 403),
        "one that may publish and admin": (await rooms.token(activity, "bob", caps=["publish", "admin"]), 403),
        "another room's moderator's": (await rooms.token(another_activity, "maud", caps=["moderate"]), 403),
        "no token": ("none", 401),
    }
    for what, (token, status) in tokens.items():
        mallory = Moderator(rooms, activity, token)
        for method, path, body in (
            ("PUT", "/mutes", {"userId": "alice", "seconds": 60}),
            ("DELETE", "/mutes?userId=alice", None),
            ("PUT", "/bans", {"userId": "alice"}),
            ("DELETE", "/bans?userId=alice", None),
            ("DELETE", "/users?userId=alice", None),
            ("DELETE", f"/messages/{seq}", None),
            ("PATCH", "", {"frozen": True}),
        ):
            assert (await mallory.ask(method, path, body)).status_code == status, (what, method, path)
    await both_hear("nothing has changed", alice, bob)
    kinds = {record["messageType"] for record in await records(servers.kafka_bootstrap, SAVE_TOPIC, activity)}
    assert kinds == {JOINED, CHAT}
