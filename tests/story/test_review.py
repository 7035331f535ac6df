"""The platform's own code reviews each chat before anybody sees it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from functions.manifest import LIVE_TOPIC, SAVE_TOPIC
from tests.story.rooms import Rooms, Servers, running
from tests.story.topics import records
from tests.story.viewer import CHAT, PATIENCE, REPLY, Viewer

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

# What is said tells it what to do.
CODE = """
import os, time

def handler(event, context):
    text = event["text"]
    if text.startswith("sleep"):
        time.sleep(60)
    if text.startswith("die"):
        os._exit(1)
    if text.startswith("raise"):
        raise KeyError(text)
    if text.startswith("nonsense"):
        return [text]
    if text.startswith("endless"):
        return {"action": "change", "text": "x" * 501}
    if text.startswith("deny"):
        return {"action": "deny", "reason": f"{event['username']}: {text[6:]}"}
    if text.startswith("change"):
        return {"action": "change", "text": f"{text[8:]} ({event['to']})"}
    return {"action": "allow"}
"""
FAILING = ("sleep", "die", "raise", "nonsense", "endless")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reviewed(file_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rooms]:
    """An emulator with a review, in token mode: there are moderators."""
    file = tmp_path_factory.mktemp("review") / "my_review.py"
    file.write_text(CODE)
    async with running(file_servers, review=str(file), auth_mode="token") as rooms:
        yield rooms


async def warm(viewer: Viewer) -> None:
    """Return once the review answers in time: a cold start takes longer."""
    async with asyncio.timeout(PATIENCE):
        while (await viewer.say("deny: warm")).get("error") != "denied":
            pass


async def two(rooms: Rooms, activity: int) -> tuple[Viewer, Viewer]:
    """Alice, who talks, and Bob, who listens in the classic framing."""
    alice = await rooms.enter_by_token(activity, "alice")
    bob = await rooms.enter_by_token(activity, "bob", classic=True)
    await warm(alice)
    return alice, bob


async def test_what_is_allowed_denied_or_changed_is_so_for_everybody(
    reviewed: Rooms, file_servers: Servers, activity: int
) -> None:
    alice, bob = await two(reviewed, activity)
    start = (await alice.say("start"))["seq"]
    denied = await alice.say("deny: no links", id="d")
    assert denied == {"messageType": REPLY, "id": "d", "ok": False, "error": "denied", "message": "alice: no links"}
    changed = await alice.say("change: ho")
    await alice.say("end")
    for viewer in (alice, bob):
        await viewer.hears("end")
        texts = [said["textMessage"] for said in viewer.all_of(CHAT) if said["seq"] >= start]
        assert list(dict.fromkeys(texts)) == ["start", "ho (None)", "end"]
    assert (await bob.told_of(CHAT, seq=changed["seq"]))["textMessage"] == "ho (None)"
    for topic in (LIVE_TOPIC, SAVE_TOPIC):
        said = [record["content"] for record in await records(file_servers.kafka_bootstrap, topic, activity)]
        assert "end" in said
        assert not any("deny" in text or "change" in text for text in said if text)


async def test_a_classic_sender_is_told_why_too(reviewed: Rooms, activity: int) -> None:
    _, bob = await two(reviewed, activity)
    reply = await bob.say("deny: not so")
    assert (reply["error"], reply["message"]) == ("denied", "bob: not so")
    await bob.send({"messageType": CHAT, "message": "deny: without an id"})
    told = await bob.told_of(REPLY, message="bob: without an id")
    assert "id" not in told


async def test_a_private_chat_is_reviewed_as_well(reviewed: Rooms, activity: int) -> None:
    alice, bob = await two(reviewed, activity)
    assert (await alice.say("deny: psst", to="bob"))["error"] == "denied"
    assert (await alice.say("change: psst", to="bob"))["ok"]
    assert (await bob.hears("psst (bob)"))["to"] == "bob"
    assert not any("deny" in text for text in bob.heard)


async def test_who_sends_an_id_again_gets_the_same_answer_and_nothing_more_is_shown(
    reviewed: Rooms, activity: int
) -> None:
    alice, bob = await two(reviewed, activity)
    tab = await reviewed.enter_by_token(activity, "alice", classic=True)
    for text, client_id in (("deny: no", "d"), ("change: once", "c"), ("fine", "a")):
        frame = {"messageType": CHAT, "message": text, "id": client_id}
        await asyncio.gather(*(viewer.send(frame) for viewer in (alice, tab, alice, tab)))
        for viewer in (alice, tab):
            await viewer.until(lambda v=viewer, c=client_id: len(v.all_of(REPLY, id=c)) == 2)  # type: ignore[misc]
        said = [reply for viewer in (alice, tab) for reply in viewer.all_of(REPLY, id=client_id)]
        # Those that came while the first was under review may be told to ask again.
        settled = [reply for reply in said if reply.get("error") != "unavailable"]
        assert settled
        assert all(reply == settled[0] for reply in settled)
        again = {"messageType": CHAT, "message": text, "id": client_id}
        count = len(said) + 1
        await alice.send(again)
        await alice.until(lambda n=count, c=client_id: len(alice.all_of(REPLY, id=c)) == n - 2)  # type: ignore[misc]
        assert alice.all_of(REPLY, id=client_id)[-1] == settled[0]
    await alice.say("end")
    await bob.hears("end")
    assert [text for text in bob.shown if "warm" not in text] == ["once (None)", "fine", "end"]


async def test_a_moderator_is_not_reviewed(reviewed: Rooms, activity: int) -> None:
    _, bob = await two(reviewed, activity)
    host = await reviewed.enter_by_token(activity, "host", caps=["chat", "moderate"])
    assert (await host.say("deny: me"))["ok"]
    await bob.hears("deny: me")


@pytest.mark.parametrize("what", FAILING)
async def test_a_review_that_fails_lets_chats_pass_and_is_not_waited_for(
    reviewed: Rooms, activity: int, what: str
) -> None:
    alice, bob = await two(reviewed, activity)
    before = await total(reviewed, "ReviewsFailed")
    # The function itself would take a minute.
    reply = await alice.say(what)
    assert reply["ok"]
    assert (await bob.hears(what))["seq"] == reply["seq"]
    async with asyncio.timeout(PATIENCE):
        while await total(reviewed, "ReviewsFailed") <= before:
            pass
    await warm(alice)


async def total(rooms: Rooms, name: str) -> float:
    """The sum of a metric, so far."""
    found = (await rooms.http.get("/_local/metrics")).json()["metrics"]
    return sum(float(one["sum"]) for one in found if one["name"] == name)
