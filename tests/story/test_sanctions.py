"""Who is kept from a room, why, and what becomes of what they said: told to the target, listed for moderators."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from functions.manifest import SAVE_TOPIC
from tests.story.archived import Archived
from tests.story.moderator import Moderator
from tests.story.rooms import Rooms, Servers, rooms_at
from tests.story.shared_emulator import SharedEmulator
from tests.story.topics import records
from tests.story.viewer import CHAT, REMOVED, SANCTION, Viewer

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module"), pytest.mark.emulator(auth_mode="token")]

WHY = "no links, please \U0001f517"
# "Within seconds": a process refreshes its copy of the platform's bans every two.
SECONDS = 10


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rooms(emulator: SharedEmulator) -> AsyncIterator[Rooms]:
    async with rooms_at(emulator.address) as rooms:
        rooms.http.headers["Authorization"] = f"Bearer {await rooms.token(None, 'shop', caps=['admin', 'moderate'])}"
        yield rooms


@pytest_asyncio.fixture(loop_scope="module")
async def maud(rooms: Rooms, activity: int) -> Moderator:
    return Moderator(rooms, activity, await rooms.token(activity, "m-1", name="Maud", caps=["moderate"]))


async def handshake(rooms: Rooms, activity: int, user: str) -> int:
    """What a user who comes now is answered."""
    token = await rooms.token(activity, user)
    return await rooms.refusal(f"/websocket?activityId={activity}&token={token}")


async def call(rooms: Rooms, method: str, path: str, body: object = None) -> httpx.Response:
    """As the platform."""
    response = await rooms.http.request(method, path, **({} if body is None else {"json": body}))  # type: ignore[arg-type]
    assert response.is_success, response.text
    return response


async def test_a_target_is_told_why_and_moderators_see_who_is_sanctioned(
    rooms: Rooms, activity: int, maud: Moderator
) -> None:
    alice, bob = [await rooms.enter_by_token(activity, name, classic=name == "bob") for name in ("alice", "bob")]
    await maud.mute("alice", 600, reason=WHY)
    told = await alice.told_of(SANCTION, action="muted")
    assert told["reason"] == WHY
    await maud.ban("bob", 600, reason=WHY)
    await bob.closed()
    assert bob.all_of(SANCTION) == [{"messageType": SANCTION, "action": "banned", "seconds": 600, "reason": WHY}]
    listed = await maud.sanctions()
    assert [(one["action"], one["userId"], one["by"], one["byName"], one["reason"]) for one in listed] == [
        ("muted", "alice", "m-1", "Maud", WHY),
        ("banned", "bob", "m-1", "Maud", WHY),
    ]
    assert all(one["until"] - one["since"] == 600_000 for one in listed)
    await maud.unmute("alice")
    await alice.told_of(SANCTION, action="unmuted")
    await maud.unban("bob")
    await maud.kick("alice", WHY)
    await alice.closed()
    assert alice.all_of(SANCTION)[-1]["reason"] == WHY
    assert await maud.sanctions() == []


async def test_a_mute_that_holds_is_in_the_welcome(rooms: Rooms, activity: int, maud: Moderator) -> None:
    await maud.mute("alice", 600, reason=WHY)
    for classic in (False, True):
        alice = await rooms.enter_by_token(activity, "alice", classic=classic)
        mute = alice.welcome["mute"]
        assert mute["reason"] == WHY
        assert 590 <= mute["seconds"] <= 600
    bob = await rooms.enter_by_token(activity, "bob")
    assert "mute" not in bob.welcome
    await maud.unmute("alice")
    assert "mute" not in (await rooms.enter_by_token(activity, "alice")).welcome


async def test_a_ban_may_remove_all_that_the_user_said(
    rooms: Rooms, servers: Servers, activity: int, maud: Moderator
) -> None:
    spam, alice = [await rooms.enter_by_token(activity, name) for name in ("spammer", "alice")]
    classic = await rooms.enter_by_token(activity, "bob", classic=True)
    seqs = [(await spam.say(f"spam {number}"))["seq"] for number in range(3)]
    private = (await spam.say("psst", to="alice"))["seq"]
    mine = (await alice.say("hello"))["seq"]
    for viewer in (alice, classic):
        await viewer.hears("spam 2")
        await viewer.hears("hello")
    await maud.ban("spammer", removeMessages=True, reason=WHY)
    await spam.closed()
    for viewer in (alice, classic):
        assert await viewer.told_of(REMOVED) == {"messageType": REMOVED, "userId": "spammer", "seqs": seqs}
        assert len(viewer.all_of(REMOVED)) == 1
    carol = await rooms.enter_by_token(activity, "carol")
    assert [said["textMessage"] for said in carol.welcome["history"]] == ["hello"]

    # Forgiven, the user may say new things.
    await maud.unban("spammer")
    again = await rooms.enter_by_token(activity, "spammer")
    assert (await again.say("sorry"))["ok"]
    await alice.hears("sorry")
    archive = Archived(rooms, servers.kafka_bootstrap, servers.aws_endpoint, activity)
    await archive.caught_up()
    listed = {said["seq"]: (said.get("removed", False), said.get("textMessage")) for said in await archive.listed()}
    assert [listed[seq] for seq in (*seqs, mine)] == [*[(True, None)] * 3, (False, "hello")]
    assert [text for removed, text in listed.values() if not removed] == ["sorry", "hello"]
    assert private not in listed
    found = await records(servers.kafka_bootstrap, SAVE_TOPIC, activity)
    assert [record["data"] for record in found if record["messageType"] == REMOVED] == [
        {"userId": "spammer", "seqs": seqs}
    ]


async def out_of(viewer: Viewer, since: float) -> None:
    """Return once the viewer was told of the ban and closed, in time."""
    await viewer.closed()
    assert time.monotonic() - since < SECONDS
    # By the API, and perhaps by a relay at the same moment.
    told = viewer.all_of(SANCTION)
    assert {(said["action"], said["reason"]) for said in told} == {("banned", WHY)}
    assert all(590 <= said["seconds"] <= 600 for said in told)


async def test_a_ban_of_the_platform_holds_in_all_rooms_within_seconds(
    rooms: Rooms, servers: Servers, activity: int, another_activity: int
) -> None:
    here = [await rooms.enter_by_token(activity, "troll", classic=classic) for classic in (False, True)]
    there = await rooms.enter_by_token(another_activity, "troll")
    alice = await rooms.enter_by_token(activity, "alice")
    began = time.monotonic()
    await call(rooms, "PUT", "/api/bans", {"userId": "troll", "seconds": 600, "reason": WHY})
    for viewer in (*here, there):
        await out_of(viewer, began)
    assert await handshake(rooms, activity, "troll") == 403
    assert await handshake(rooms, another_activity, "troll") == 403
    token = await rooms.token(activity, "troll", caps=["moderate"])
    answer = await Moderator(rooms, activity, token).ask("GET", "/sanctions")
    assert (answer.status_code, answer.json()["error"]) == (403, "banned")
    (ban,) = (await call(rooms, "GET", "/api/bans")).json()["bans"]
    assert (ban["userId"], ban["by"], ban["reason"], ban["until"] - ban["since"]) == ("troll", "shop", WHY, 600_000)
    assert (await alice.say("still here"))["ok"]
    assert not alice.all_of(SANCTION)
    for room in (activity, another_activity):
        await rooms.figures_become(room, onlineNumber=1 if room == activity else 0)
        found = [
            record
            for record in await records(servers.kafka_bootstrap, SAVE_TOPIC, room)
            if record["messageType"] == SANCTION
        ]
        data: dict[str, Any] = {"action": "banned", "seconds": 600, "everywhere": True, "reason": WHY}
        assert [(record["to"], record["userId"], record["data"]) for record in found] == [("troll", "shop", data)]

    await call(rooms, "DELETE", "/api/bans?userId=troll")
    assert (await call(rooms, "GET", "/api/bans")).json() == {"bans": [], "cursor": None}
    again = await rooms.enter_by_token(activity, "troll")
    assert (await again.say("I am back"))["ok"]
    await alice.told_of(CHAT, textMessage="I am back")
